//! All errors that a visitor can be told.
//!
//! The set is closed and carries no free text: Leptos sends errors across the wire and a flash
//! cookie carries them over a redirect, so whatever arrives can only be one of these.

mod fields;
mod wire;

use std::fmt;

use leptos::server_fn::{
    codec::JsonEncoding,
    error::{FromServerFnError, ServerFnErrorErr},
};

use crate::passkey::PasskeyProblem;
use crate::problem::{Problem, problems};
use crate::role::AdminProblem;
use crate::sign_in::SignInProblem;
use crate::sign_up::SignUpProblem;
use crate::social::SocialProblem;
use crate::text::utc;
use crate::ticket::TicketProblem;

pub use fields::Problems;

/// The reason why a request was refused or failed. The first five variants carry data. Each other variant is
/// a group with its own table: a feature's, or one of those below that any request can meet. The wire format
/// does not show groups: programs read `"forbidden"` or `{"busy": {"retry_after": 5}}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AppError {
    /// Form fields that must be corrected.
    Invalid(Problems),
    /// A failed sign-in at a provider.
    Social(SocialProblem),
    /// An administrator disabled the user, until this time in Unix seconds or indefinitely.
    Disabled {
        until: Option<i64>,
    },
    /// A rate limit was reached; `retry_after` is in seconds.
    TooManyAttempts {
        retry_after: u32,
    },
    /// More sign-ins are queued than can be checked soon; `retry_after` is in seconds.
    Busy {
        retry_after: u32,
    },
    Access(AccessProblem),
    SignIn(SignInProblem),
    Passkey(PasskeyProblem),
    SignUp(SignUpProblem),
    Ticket(TicketProblem),
    Admin(AdminProblem),
    Request(RequestProblem),
    Server(ServerProblem),
}

problems! {
    /// Reasons to refuse this visitor's request.
    pub enum AccessProblem {
        /// There is no session, or it has ended.
        Unauthenticated: "unauthenticated", 401, "Sign in to continue.";
        Forbidden: "forbidden", 403, "You don't have permission to do this.";
        /// The session's last proof of identity is too old for this.
        Reauthenticate: "reauthenticate", 403, "Confirm your identity to continue.";
        /// The email address must be verified first.
        UnverifiedEmail: "unverified_address", 403, "Verify your email address to continue.";
        /// An administrator may not do this while impersonating a user.
        Impersonating: "impersonating", 403,
            "You can't do this while you impersonate a user.";
    }
}

problems! {
    /// Problems of a request, independent of its sender.
    pub enum RequestProblem {
        BadRequest: "bad_request", 400,
            "The server couldn't read this request. Go back and try again.";
        /// The browser stores no cookies, so no user can sign in.
        CookiesNeeded: "cookies_needed", 400,
            "Your browser blocks cookies for this site. Allow them, then try again.";
        /// An unsafe request that did not come from one of our own pages.
        CrossSite: "cross_site", 403,
            "This request came from another site, so nothing was changed. \
             Go to the start page and try again there.";
        NotFound: "not_found", 404, "This page doesn't exist or was deleted.";
        MethodNotAllowed: "method_not_allowed", 405,
            "This URL doesn't support that kind of request.";
        /// The request took too long.
        Timeout: "timeout", 408, "The request took too long. Try again.";
        TooLarge: "too_large", 413,
            "The request is too large. Shorten what you entered and try again.";
        UnsupportedMediaType: "unsupported_media_type", 415, "This URL accepts only form data.";
    }
}

problems! {
    /// Reasons why the server can't do this now.
    pub enum ServerProblem {
        /// An internal fault; the log has the cause.
        Internal: "internal", 500, "Something went wrong on our side. Try again in a moment.";
        /// The database does not respond.
        Unavailable: "unavailable", 503,
            "Temporarily unavailable. Nothing was lost; try again in a moment.";
        /// The browser could not reach the server.
        Unreachable: "unreachable", 503,
            "The server can't be reached. Check your connection and try again.";
    }
}

impl AppError {
    /// Returns the HTTP status (RFC 9110, section 15).
    #[must_use]
    pub const fn status(&self) -> u16 {
        match self {
            Self::Invalid(_) | Self::Social(_) => 422,
            Self::Disabled { .. } => 403,
            Self::TooManyAttempts { .. } => 429,
            Self::Busy { .. } => 503,
            Self::Access(it) => it.status(),
            Self::SignIn(it) => it.status(),
            Self::Passkey(it) => it.status(),
            Self::SignUp(it) => it.status(),
            Self::Ticket(it) => it.status(),
            Self::Admin(it) => it.status(),
            Self::Request(it) => it.status(),
            Self::Server(it) => it.status(),
        }
    }

    /// Returns whether the visitor can correct the form that was sent, and so should get it back.
    #[must_use]
    pub const fn is_correctable(&self) -> bool {
        match self {
            Self::Access(it) => matches!(it, AccessProblem::Impersonating),
            Self::TooManyAttempts { .. }
            | Self::Busy { .. }
            | Self::Request(_)
            | Self::Server(_) => false,
            Self::Invalid(_)
            | Self::Social(_)
            | Self::Disabled { .. }
            | Self::SignIn(_)
            | Self::Passkey(_)
            | Self::SignUp(_)
            | Self::Ticket(_)
            | Self::Admin(_) => true,
        }
    }

    /// Returns whether the same form may succeed a moment later.
    #[must_use]
    pub const fn is_transient(&self) -> bool {
        matches!(
            self,
            Self::Busy { .. }
                | Self::TooManyAttempts { .. }
                | Self::Server(ServerProblem::Unavailable)
        )
    }

    /// Returns the heading of a page that shows nothing but this error.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Request(RequestProblem::NotFound) => "Page not found",
            Self::Request(RequestProblem::CookiesNeeded) => "Cookies blocked",
            Self::Access(AccessProblem::Unauthenticated) => "Signed out",
            Self::Access(AccessProblem::Forbidden | AccessProblem::Impersonating)
            | Self::Admin(AdminProblem::TargetOutranksActor)
            | Self::Request(RequestProblem::CrossSite)
            | Self::Disabled { .. }
            | Self::SignUp(_) => "Not allowed",
            Self::TooManyAttempts { .. } => "Too many attempts",
            Self::Server(ServerProblem::Internal) => "Something went wrong",
            Self::Busy { .. } | Self::Server(_) => "Service unavailable",
            Self::Invalid(_)
            | Self::Social(_)
            | Self::Access(_)
            | Self::SignIn(_)
            | Self::Passkey(_)
            | Self::Ticket(_)
            | Self::Admin(_)
            | Self::Request(_) => "That didn't work",
        }
    }

    /// Returns the sentence to show at this field, if any.
    #[must_use]
    pub fn at(&self, field: &str) -> Option<String> {
        if let Self::Invalid(problems) = self { problems.at(field) } else { None }
    }

    /// Returns the word for programs.
    fn word(&self) -> &'static str {
        match self {
            Self::Invalid(_) => "invalid",
            Self::Social(_) => "social",
            Self::Disabled { .. } => "disabled",
            Self::TooManyAttempts { .. } => "too_many_attempts",
            Self::Busy { .. } => "busy",
            Self::Access(it) => it.word(),
            Self::SignIn(it) => it.word(),
            Self::Passkey(it) => it.word(),
            Self::SignUp(it) => it.word(),
            Self::Ticket(it) => it.word(),
            Self::Admin(it) => it.word(),
            Self::Request(it) => it.word(),
            Self::Server(it) => it.word(),
        }
    }

    /// Finds a problem without data by its word.
    fn from_word(word: &str) -> Option<Self> {
        fn find<P: Problem + Into<AppError>>(word: &str) -> Option<AppError> {
            P::from_word(word).map(Into::into)
        }
        find::<AccessProblem>(word)
            .or_else(|| find::<SignInProblem>(word))
            .or_else(|| find::<PasskeyProblem>(word))
            .or_else(|| find::<SignUpProblem>(word))
            .or_else(|| find::<TicketProblem>(word))
            .or_else(|| find::<AdminProblem>(word))
            .or_else(|| find::<RequestProblem>(word))
            .or_else(|| find::<ServerProblem>(word))
    }
}

impl fmt::Display for AppError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Invalid(_) => f.write_str("Some fields have errors. Correct them and try again."),
            Self::Social(it) => it.fmt(f),
            Self::Disabled { until: Some(at) } => {
                write!(f, "This account is disabled until {}.", utc(*at))
            }
            Self::Disabled { until: None } => {
                f.write_str("This account is disabled. Contact an administrator of this site.")
            }
            Self::TooManyAttempts { retry_after } => too_many(f, *retry_after),
            Self::Busy { .. } => {
                f.write_str("Too many sign-ins right now. Try again in a few seconds.")
            }
            Self::Access(it) => it.fmt(f),
            Self::SignIn(it) => it.fmt(f),
            Self::Passkey(it) => it.fmt(f),
            Self::SignUp(it) => it.fmt(f),
            Self::Ticket(it) => it.fmt(f),
            Self::Admin(it) => it.fmt(f),
            Self::Request(it) => it.fmt(f),
            Self::Server(it) => it.fmt(f),
        }
    }
}

/// Writes when to try again, in the largest useful unit.
fn too_many(f: &mut fmt::Formatter<'_>, seconds: u32) -> fmt::Result {
    let (number, unit) = match seconds {
        0..=90 => (seconds.max(1), "second"),
        91..=5400 => (seconds.div_ceil(60), "minute"),
        _ => (seconds.div_ceil(3600), "hour"),
    };
    let plural = if number == 1 { "" } else { "s" };
    write!(f, "Too many attempts. Try again in {number} {unit}{plural}.")
}

macro_rules! from {
    ($($group:ident: $problem:ty),*) => {$(
        impl From<$problem> for AppError {
            fn from(problem: $problem) -> Self {
                Self::$group(problem)
            }
        }
    )*};
}

from!(Passkey: PasskeyProblem);
from!(Access: AccessProblem, SignIn: SignInProblem, SignUp: SignUpProblem, Ticket: TicketProblem);
from!(Admin: AdminProblem, Request: RequestProblem, Server: ServerProblem);

impl std::error::Error for AppError {}

impl FromServerFnError for AppError {
    type Encoder = JsonEncoding;

    fn from_server_fn_error(value: ServerFnErrorErr) -> Self {
        match value {
            ServerFnErrorErr::Args(_)
            | ServerFnErrorErr::MissingArg(_)
            | ServerFnErrorErr::Serialization(_) => Self::Request(RequestProblem::BadRequest),
            ServerFnErrorErr::UnsupportedRequestMethod(_) => {
                Self::Request(RequestProblem::MethodNotAllowed)
            }
            // Not a response of ours: a proxy's page, or nothing at all.
            ServerFnErrorErr::Request(_) | ServerFnErrorErr::Deserialization(_) => {
                Self::Server(ServerProblem::Unreachable)
            }
            ServerFnErrorErr::Registration(_)
            | ServerFnErrorErr::ServerError(_)
            | ServerFnErrorErr::MiddlewareError(_)
            | ServerFnErrorErr::Response(_) => Self::Server(ServerProblem::Internal),
        }
    }
}
