//! What there is to say of a setting.

/// One setting.
#[derive(Debug)]
pub struct Setting {
    /// `section.key`; for a provider's setting the key alone.
    pub key: &'static str,
    /// As it would stand in the file, without quotes.
    pub default: &'static str,
    /// Completes the sentence "KEY wants …".
    pub wants: &'static str,
    /// What it is for, a line for the example.
    pub about: &'static str,
    pub is_secret: bool,
}

impl Setting {
    /// Whether it stands in the file without quotes.
    #[must_use]
    pub fn is_number(&self) -> bool {
        self.default.parse::<u64>().is_ok()
    }
}

pub(super) const fn setting(
    key: &'static str,
    default: &'static str,
    wants: &'static str,
    about: &'static str,
) -> Setting {
    Setting { key, default, wants, about, is_secret: false }
}

pub(super) const fn secret(key: &'static str, wants: &'static str, about: &'static str) -> Setting {
    Setting { key, default: "", wants, about, is_secret: true }
}
