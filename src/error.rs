//! Every sentence that a stranger can be told, on one screen.
//!
//! The set is closed and carries no free text, because Leptos sends errors across the wire and a
//! flash cookie carries them over a redirect: whatever arrives can only ever be one of these.

use std::fmt;

use leptos::server_fn::{
    codec::JsonEncoding,
    error::{FromServerFnError, ServerFnErrorErr},
};
use serde::{Deserialize, Serialize};

use crate::mailed_sign_in::CodeProblem;
use crate::password::PasswordProblem;
use crate::role::RoleProblem;
use crate::social::SocialProblem;
use crate::text::utc;
use crate::user::{DisableProblem, DisplayNameProblem, EmailProblem};

/// What a visitor is told when something was refused or failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AppError {
    /// Fields of a form that must be corrected.
    Invalid(Problems),
    /// The pair does not match; never says which half.
    InvalidCredentials,
    /// No session, or one that ended.
    Unauthenticated,
    Forbidden,
    /// The browser keeps no cookies, and so nobody can be signed in.
    CookiesNeeded,
    /// An unsafe request that did not come from one of our own pages.
    CrossSite,
    NotFound,
    MethodNotAllowed,
    TooLarge,
    UnsupportedMediaType,
    BadRequest,
    /// The last method that could sign this user in cannot be removed.
    LastWayIn,
    /// A sign-in at a provider that came to nothing.
    Social(SocialProblem),
    /// The password was tried too often, or its owner locked it; another way in is not.
    PasswordLocked,
    /// Too many of one kind from one place; `retry_after` is in seconds.
    TooManyAttempts {
        retry_after: u32,
    },
    /// What is asked for needs a proof that is fresher than the session's.
    Reauthenticate,
    /// The address must be proven before anything else.
    UnverifiedAddress,
    /// A mailed link that is foreign, used, expired or no link at all.
    InvalidTicket,
    /// The form was shown for another mailed link than the one that the browser came with last.
    OtherTicket,
    /// The address that a mailed link proves belongs to another account by now.
    AddressTaken,
    /// Nobody can sign up, or only who was invited.
    SignUpClosed,
    InvitationNeeded,
    /// Whoever it is, an administrator keeps them out: until then, in Unix seconds, or without an end.
    Disabled {
        until: Option<i64>,
    },
    /// Nobody would be left who administers.
    LastAdministrator,
    /// The role that is always there.
    BuiltInRole,
    /// It concerns somebody who may do more than the one who asks.
    Above,
    /// An administrator who uses the site as somebody else may not do this.
    Impersonating,
    /// Somebody else changed it since it was shown.
    Changed,
    /// There is nowhere to write to.
    NoAddress,
    /// Nobody has proved to be who they say, and so gets no power here.
    AddressNotProven,
    /// More sign-ins are waiting than can be checked soon; `retry_after` is in seconds.
    Busy {
        retry_after: u32,
    },
    /// The database does not answer.
    Unavailable,
    /// The request took longer than it may.
    Timeout,
    /// The browser could not reach us.
    Unreachable,
    /// A fault of ours; the log has the cause.
    Internal,
}

/// The problems of one form, each at its field.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Problems {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<EmailProblem>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password: Option<PasswordProblem>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub current_password: Option<PasswordProblem>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub new_password: Option<PasswordProblem>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display_name: Option<DisplayNameProblem>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<CodeProblem>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<RoleProblem>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disable: Option<DisableProblem>,
}

impl Problems {
    /// `Ok` where nothing was found wrong.
    pub fn into_result(self) -> Result<(), AppError> {
        if self == Self::default() { Ok(()) } else { Err(AppError::Invalid(self)) }
    }

    /// The sentence for the field of this name.
    #[must_use]
    pub fn at(&self, field: &str) -> Option<String> {
        match field {
            "email" => self.email.map(|it| it.to_string()),
            "password" => self.password.map(|it| it.to_string()),
            "current_password" => self.current_password.map(|it| it.to_string()),
            "new_password" => self.new_password.map(|it| it.to_string()),
            "display_name" => self.display_name.map(|it| it.to_string()),
            "code" => self.code.map(|it| it.to_string()),
            "name" | "about" | "permissions" => {
                self.role.filter(|it| it.field() == field).map(|it| it.to_string())
            }
            "reason" | "until" => {
                self.disable.filter(|it| it.field() == field).map(|it| it.to_string())
            }
            _ => None,
        }
    }
}

impl fmt::Display for Problems {
    /// All sentences, whatever their fields.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const FIELDS: [&str; 11] = [
            "email",
            "password",
            "current_password",
            "new_password",
            "display_name",
            "code",
            "name",
            "about",
            "permissions",
            "reason",
            "until",
        ];
        let sentences: Vec<_> = FIELDS.iter().filter_map(|it| self.at(it)).collect();
        f.write_str(&sentences.join(" "))
    }
}

impl AppError {
    /// The one table of HTTP statuses (RFC 9110, section 15).
    #[must_use]
    pub const fn status(&self) -> u16 {
        match self {
            Self::BadRequest | Self::CookiesNeeded => 400,
            Self::InvalidCredentials | Self::Unauthenticated => 401,
            Self::Forbidden
            | Self::CrossSite
            | Self::PasswordLocked
            | Self::Reauthenticate
            | Self::UnverifiedAddress
            | Self::SignUpClosed
            | Self::InvitationNeeded
            | Self::Disabled { .. }
            | Self::Above
            | Self::Impersonating => 403,
            Self::NotFound => 404,
            Self::MethodNotAllowed => 405,
            Self::Timeout => 408,
            Self::LastWayIn
            | Self::OtherTicket
            | Self::AddressTaken
            | Self::LastAdministrator
            | Self::BuiltInRole
            | Self::Changed
            | Self::NoAddress
            | Self::AddressNotProven => 409,
            Self::InvalidTicket => 410,
            Self::TooLarge => 413,
            Self::UnsupportedMediaType => 415,
            Self::Invalid(_) | Self::Social(_) => 422,
            Self::TooManyAttempts { .. } => 429,
            Self::Internal => 500,
            Self::Busy { .. } | Self::Unavailable | Self::Unreachable => 503,
        }
    }

    /// Whether the form that was sent can be mended by the visitor, and so should come back.
    #[must_use]
    pub const fn is_correctable(&self) -> bool {
        matches!(
            self,
            Self::Invalid(_)
                | Self::InvalidCredentials
                | Self::PasswordLocked
                | Self::LastWayIn
                | Self::Social(_)
                | Self::InvalidTicket
                | Self::OtherTicket
                | Self::AddressTaken
                | Self::SignUpClosed
                | Self::InvitationNeeded
                | Self::Disabled { .. }
                | Self::LastAdministrator
                | Self::BuiltInRole
                | Self::Above
                | Self::Impersonating
                | Self::Changed
                | Self::NoAddress
                | Self::AddressNotProven
        )
    }

    /// Whether the same form may well be taken a moment later.
    #[must_use]
    pub const fn is_passing(&self) -> bool {
        matches!(self, Self::Busy { .. } | Self::Unavailable | Self::TooManyAttempts { .. })
    }

    /// The sentence for the field of this name, where this error has one.
    #[must_use]
    pub fn at(&self, field: &str) -> Option<String> {
        if let Self::Invalid(problems) = self { problems.at(field) } else { None }
    }
}

const NO_COOKIES: &str = "Your browser keeps no cookies of this site, and this needs one. \
     Allow cookies for this site, then try again.";

const CROSS_SITE: &str = "This request came from another site, so nothing was done. \
     Go to the start page and try again there.";

impl fmt::Display for AppError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Invalid(_) => "Some of this needs another look.",
            Self::InvalidCredentials => "That e-mail and password don't match.",
            Self::Unauthenticated => "Sign in to go on.",
            Self::Forbidden => "You can't do this with your account.",
            Self::CookiesNeeded => NO_COOKIES,
            Self::CrossSite => CROSS_SITE,
            Self::NotFound => "There is nothing at this address.",
            Self::MethodNotAllowed => "This address doesn't take that kind of request.",
            Self::TooLarge => "That is more than this form takes. Shorten it and send it again.",
            Self::UnsupportedMediaType => "This address takes forms only.",
            Self::BadRequest => "That request couldn't be read. Go back and try again.",
            Self::LastWayIn => {
                "This is your only way in. Set a password or link another provider first."
            }
            Self::Social(problem) => return problem.fmt(f),
            Self::PasswordLocked => {
                "Signing in with a password is locked for this address. \
                 Choose a new password, or use another way."
            }
            Self::TooManyAttempts { retry_after } => return too_many(f, *retry_after),
            Self::Reauthenticate => "Confirm that it is you to go on.",
            Self::UnverifiedAddress => "Confirm your e-mail address to go on.",
            Self::InvalidTicket => "This link has expired or was used already.",
            Self::OtherTicket => OTHER_TICKET,
            Self::AddressTaken => "This address belongs to another account here.",
            Self::SignUpClosed => "This site takes no new accounts.",
            Self::InvitationNeeded => {
                "This site takes new accounts by invitation. \
                 Open the link of yours, and sign up with the address that it was sent to."
            }
            Self::Disabled { until } => return disabled(f, *until),
            Self::LastAdministrator => {
                "This would leave nobody who administers. Make somebody else an administrator first."
            }
            Self::BuiltInRole => "This role is always there and can't be changed.",
            Self::Above => "You can't do this to somebody who may do more than you here.",
            Self::Impersonating => "You can't do this while you use the site as somebody else.",
            Self::Changed => {
                "Somebody else changed this meanwhile, and nothing of yours was done. \
                 Look at it as it is now, then try again."
            }
            Self::AddressNotProven => {
                "This user's address is not proven yet. Ask them to confirm it first."
            }
            Self::NoAddress => "This user has no e-mail address to write to.",
            Self::Busy { .. } => {
                "Many people are signing in right now. Try again in a few seconds."
            }
            Self::Unavailable => {
                "We can't reach our records right now. Try again in a moment; nothing was lost."
            }
            Self::Timeout => "That took too long. Try again.",
            Self::Unreachable => {
                "The server can't be reached. Check your connection and try again."
            }
            Self::Internal => "Something went wrong on our side. Try again in a moment.",
        })
    }
}

const OTHER_TICKET: &str = "Another link was opened in this browser after this page, so nothing was \
     done. Open your link again.";

fn disabled(f: &mut fmt::Formatter<'_>, until: Option<i64>) -> fmt::Result {
    f.write_str("This account is disabled")?;
    match until {
        Some(at) => write!(f, " until {}.", utc(at)),
        None => f.write_str(". Ask those who run this site."),
    }
}

/// Says when, in the largest unit that tells something.
fn too_many(f: &mut fmt::Formatter<'_>, seconds: u32) -> fmt::Result {
    let (number, unit) = match seconds {
        0..=90 => (seconds.max(1), "second"),
        91..=5400 => (seconds.div_ceil(60), "minute"),
        _ => (seconds.div_ceil(3600), "hour"),
    };
    let plural = if number == 1 { "" } else { "s" };
    write!(f, "Too many attempts. Try again in {number} {unit}{plural}.")
}

impl std::error::Error for AppError {}

impl FromServerFnError for AppError {
    type Encoder = JsonEncoding;

    fn from_server_fn_error(value: ServerFnErrorErr) -> Self {
        match value {
            ServerFnErrorErr::Args(_)
            | ServerFnErrorErr::MissingArg(_)
            | ServerFnErrorErr::Serialization(_) => Self::BadRequest,
            ServerFnErrorErr::UnsupportedRequestMethod(_) => Self::MethodNotAllowed,
            // An answer that is no answer of ours: a proxy's page, or nothing at all.
            ServerFnErrorErr::Request(_) | ServerFnErrorErr::Deserialization(_) => {
                Self::Unreachable
            }
            ServerFnErrorErr::Registration(_)
            | ServerFnErrorErr::ServerError(_)
            | ServerFnErrorErr::MiddlewareError(_)
            | ServerFnErrorErr::Response(_) => Self::Internal,
        }
    }
}
