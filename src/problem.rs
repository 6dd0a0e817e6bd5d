//! Groups of problems: each problem has a word for programs, an HTTP status and a sentence for
//! users, in one row of one table.

/// A group of problems.
pub trait Problem: Copy + 'static {
    const ALL: &'static [Self];

    /// Returns the word for programs.
    fn word(self) -> &'static str;

    /// Finds a problem by its word.
    fn from_word(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|it| it.word() == word)
    }
}

/// Defines a group of problems. A row is `Variant: word, status, sentence;`. The word goes over the wire;
/// the status is one of RFC 9110, section 15.
macro_rules! problems {
    ($(#[$about:meta])* pub enum $name:ident {
        $($(#[$what:meta])* $variant:ident: $word:literal, $status:literal, $sentence:expr;)*
    }) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name {
            $($(#[$what])* $variant,)*
        }

        impl $name {
            const fn row(self) -> (&'static str, u16, &'static str) {
                match self {
                    $(Self::$variant => ($word, $status, $sentence),)*
                }
            }

            /// Returns the HTTP status.
            #[must_use]
            pub const fn status(self) -> u16 {
                self.row().1
            }
        }

        impl $crate::problem::Problem for $name {
            const ALL: &'static [Self] = &[$(Self::$variant),*];

            fn word(self) -> &'static str {
                self.row().0
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.write_str(self.row().2)
            }
        }
    };
}

pub(crate) use problems;
