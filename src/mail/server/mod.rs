//! All kinds of mails, and the function that queues them.

pub mod message;
pub mod outbox;
mod samples;
mod smtp;
mod template;
mod transport;
mod untrusted_text;
mod wire;

use std::net::IpAddr;

use serde::Serialize;

use crate::server::db::Tx;
use crate::server::device;
use crate::server::limits::{self, MAIL_RECIPIENT, NOTICE_RECIPIENT};
use crate::server::{App, Client, Error};
use crate::text::utc;
use crate::user::Email;
use crate::user::server::{UserId, is_verified};

pub use message::Message;
pub use outbox::{deliver, sweep};
pub use template::Templates;
pub use transport::Transport;
pub use untrusted_text::UntrustedText;

/// The time and origin of an event, as its mail shows them.
#[derive(Clone, Debug, Serialize)]
pub struct EventOrigin {
    /// Such as `2026-11-24 16:09 UTC`.
    at: String,
    browser: String,
    system: String,
    address: String,
}

impl EventOrigin {
    #[must_use]
    pub fn new(at: i64, client: &Client) -> Self {
        let device = device::describe(&client.user_agent);
        // Queued requests store the IP address as text.
        let address = client.ip_text.parse::<IpAddr>();
        let address = address.map_or_else(|_| "unknown".to_owned(), |it| it.to_string());
        Self {
            at: utc(at),
            browser: device.browser().to_owned(),
            system: device.system().to_owned(),
            address,
        }
    }
}

/// A mail before it is rendered: the name of its two templates, and the values to fill in. `link` and
/// `not_me` are URLs of this site with a ticket. Text chosen by a stranger is [`UntrustedText`].
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub enum Mail {
    /// To the email address of a new account.
    Verification {
        link: String,
        lifetime: String,
    },
    /// To an email address that was used to sign up but already has an account.
    SignUpTaken {
        event: EventOrigin,
    },
    /// To the new email address that an account is to have.
    EmailChange {
        link: String,
        lifetime: String,
    },
    /// To the email address that an account had before.
    EmailChanged {
        event: EventOrigin,
        new_address: UntrustedText,
        not_me: String,
        lifetime: String,
    },
    /// To a user who may have lost the password.
    Recovery {
        event: EventOrigin,
        link: String,
        lifetime: String,
        not_me: String,
    },
    /// To a user who wants to sign in without a password.
    SignIn {
        event: EventOrigin,
        link: String,
        code: String,
        lifetime: String,
    },
    /// To a visitor who is invited to sign up.
    Invitation {
        link: String,
        lifetime: String,
    },
    NewSignIn {
        event: EventOrigin,
        not_me: String,
    },
    PasswordChanged {
        event: EventOrigin,
        not_me: String,
    },
    PasswordLocked {
        event: EventOrigin,
    },
    ProviderLinked {
        event: EventOrigin,
        provider: String,
        account: UntrustedText,
        not_me: String,
    },
    ProviderUnlinked {
        event: EventOrigin,
        provider: String,
        account: UntrustedText,
        not_me: String,
    },
    SecondFactorAdded {
        event: EventOrigin,
        name: UntrustedText,
        not_me: String,
    },
    SecondFactorRemoved {
        event: EventOrigin,
        name: UntrustedText,
        not_me: String,
    },
    PasskeyAdded {
        event: EventOrigin,
        name: UntrustedText,
        /// Whether the browser created it by itself.
        is_automatic: bool,
        not_me: String,
    },
    PasskeyRemoved {
        event: EventOrigin,
        name: UntrustedText,
        not_me: String,
    },
    PasskeyEnabled {
        event: EventOrigin,
        name: UntrustedText,
        not_me: String,
    },
    /// To a user whose passkey may have been copied.
    PasskeyDisabled {
        event: EventOrigin,
        name: UntrustedText,
        not_me: String,
    },
    RecoveryCodesCreated {
        event: EventOrigin,
        not_me: String,
    },
    RecoveryCodeUsed {
        event: EventOrigin,
        left: i64,
        not_me: String,
    },
    /// To a user who wants a mailed code in place of the second factor.
    SecondFactorCode {
        event: EventOrigin,
        code: String,
        lifetime: String,
    },
    /// To a user whose first factor someone has, and who enters wrong codes.
    WrongCodes {
        event: EventOrigin,
        not_me: String,
    },
    /// To a user who lost all second factors.
    FactorRecovery {
        event: EventOrigin,
        link: String,
        /// When the link begins to work.
        from: String,
        not_me: String,
    },
    /// To a user whose second factor an administrator removed.
    FactorRemovedByAdministrator {
        at: String,
        name: UntrustedText,
    },
    DeletionScheduled {
        event: EventOrigin,
        until: String,
        not_me: String,
    },
    /// To a user whom an administrator impersonates.
    Impersonated {
        at: String,
        until: String,
    },
    /// To a user whom an administrator asks to reset the password.
    PasswordLink {
        link: String,
        lifetime: String,
    },
    DeletedByAdministrator {
        until: String,
    },
    UnlinkedByAdministrator {
        at: String,
        provider: String,
        account: UntrustedText,
    },
}

impl Mail {
    /// Returns the name of its templates.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Verification { .. } => "verification",
            Self::SignUpTaken { .. } => "sign-up-taken",
            Self::EmailChange { .. } => "address-change",
            Self::EmailChanged { .. } => "address-changed",
            Self::Recovery { .. } => "recovery",
            Self::SignIn { .. } => "sign-in",
            Self::Invitation { .. } => "invitation",
            Self::NewSignIn { .. } => "new-sign-in",
            Self::PasswordChanged { .. } => "password-changed",
            Self::PasswordLocked { .. } => "password-locked",
            Self::ProviderLinked { .. } => "provider-linked",
            Self::ProviderUnlinked { .. } => "provider-unlinked",
            Self::SecondFactorAdded { .. } => "second-factor-added",
            Self::SecondFactorRemoved { .. } => "second-factor-removed",
            Self::PasskeyAdded { .. } => "passkey-added",
            Self::PasskeyRemoved { .. } => "passkey-removed",
            Self::PasskeyEnabled { .. } => "passkey-enabled",
            Self::PasskeyDisabled { .. } => "passkey-disabled",
            Self::RecoveryCodesCreated { .. } => "recovery-codes-created",
            Self::RecoveryCodeUsed { .. } => "recovery-code-used",
            Self::SecondFactorCode { .. } => "second-factor-code",
            Self::WrongCodes { .. } => "wrong-codes",
            Self::FactorRecovery { .. } => "factor-recovery",
            Self::FactorRemovedByAdministrator { .. } => "factor-removed-by-administrator",
            Self::DeletionScheduled { .. } => "deletion-asked",
            Self::Impersonated { .. } => "impersonated",
            Self::PasswordLink { .. } => "password-link",
            Self::DeletedByAdministrator { .. } => "deleted-by-administrator",
            Self::UnlinkedByAdministrator { .. } => "way-in-removed",
        }
    }

    /// Returns the URL that matters in it, for trying the app without an SMTP server.
    #[must_use]
    pub fn link(&self) -> Option<&str> {
        match self {
            Self::Verification { link, .. }
            | Self::EmailChange { link, .. }
            | Self::Recovery { link, .. }
            | Self::SignIn { link, .. }
            | Self::Invitation { link, .. }
            | Self::FactorRecovery { link, .. }
            | Self::PasswordLink { link, .. } => Some(link),
            Self::EmailChanged { not_me, .. }
            | Self::NewSignIn { not_me, .. }
            | Self::PasswordChanged { not_me, .. }
            | Self::ProviderLinked { not_me, .. }
            | Self::ProviderUnlinked { not_me, .. }
            | Self::SecondFactorAdded { not_me, .. }
            | Self::SecondFactorRemoved { not_me, .. }
            | Self::PasskeyAdded { not_me, .. }
            | Self::PasskeyRemoved { not_me, .. }
            | Self::PasskeyEnabled { not_me, .. }
            | Self::PasskeyDisabled { not_me, .. }
            | Self::RecoveryCodesCreated { not_me, .. }
            | Self::RecoveryCodeUsed { not_me, .. }
            | Self::WrongCodes { not_me, .. }
            | Self::DeletionScheduled { not_me, .. } => Some(not_me),
            Self::SignUpTaken { .. }
            | Self::SecondFactorCode { .. }
            | Self::FactorRemovedByAdministrator { .. }
            | Self::PasswordLocked { .. }
            | Self::Impersonated { .. }
            | Self::DeletedByAdministrator { .. }
            | Self::UnlinkedByAdministrator { .. } => None,
        }
    }
}

/// The party that can cause a mail. It decides how mails to one recipient are limited (decisions/0043).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Initiator {
    /// Anyone who enters the recipient's email address in a form.
    Anyone,
    /// A user who may invite others.
    Inviter,
    /// A user who wants to sign in. An account's requests are counted before it is looked up, so that no
    /// other mail uses up the owner's limit.
    Owner,
    /// Someone who acts on the account, possibly a thief: the owner must be told.
    Account,
    /// An administrator, who is told whether it was sent.
    Administrator,
}

impl Mail {
    const fn initiator(&self) -> Initiator {
        match self {
            Self::Verification { .. } | Self::SignUpTaken { .. } | Self::EmailChange { .. } => {
                Initiator::Anyone
            }
            Self::Invitation { .. } => Initiator::Inviter,
            Self::Recovery { .. }
            | Self::SignIn { .. }
            | Self::SecondFactorCode { .. }
            | Self::FactorRecovery { .. } => Initiator::Owner,
            Self::EmailChanged { .. }
            | Self::NewSignIn { .. }
            | Self::PasswordChanged { .. }
            | Self::PasswordLocked { .. }
            | Self::ProviderLinked { .. }
            | Self::ProviderUnlinked { .. }
            | Self::SecondFactorAdded { .. }
            | Self::SecondFactorRemoved { .. }
            | Self::PasskeyAdded { .. }
            | Self::PasskeyRemoved { .. }
            | Self::PasskeyEnabled { .. }
            | Self::PasskeyDisabled { .. }
            | Self::RecoveryCodesCreated { .. }
            | Self::RecoveryCodeUsed { .. }
            | Self::WrongCodes { .. }
            | Self::DeletionScheduled { .. } => Initiator::Account,
            Self::Impersonated { .. }
            | Self::PasswordLink { .. }
            | Self::DeletedByAdministrator { .. }
            | Self::FactorRemovedByAdministrator { .. }
            | Self::UnlinkedByAdministrator { .. } => Initiator::Administrator,
        }
    }
}

/// Queues a mail in the transaction of the action that it reports: both happen or neither. A mail over the
/// recipient's limit is dropped silently, because a refusal would tell the client what others sent to that
/// email address. Only inviters are told.
pub async fn send(
    app: &App,
    tx: &mut Tx,
    user: Option<&UserId>,
    to: &Email,
    mail: &Mail,
) -> Result<(), Error> {
    let initiator = mail.initiator();
    let limit = match initiator {
        Initiator::Anyone | Initiator::Inviter => Some(MAIL_RECIPIENT),
        // An email address that is not verified may belong to a stranger.
        Initiator::Owner if !is_verified(tx, to).await? => Some(MAIL_RECIPIENT),
        Initiator::Account if !is_verified(tx, to).await? => Some(NOTICE_RECIPIENT),
        Initiator::Owner | Initiator::Account | Initiator::Administrator => None,
    };
    if let Some(limit) = limit {
        match limits::take_for(app, tx, limit, to).await {
            Err(Error::Refused(_)) if initiator != Initiator::Inviter => {
                tracing::warn!(
                    mail = mail.name(),
                    limit,
                    "mail dropped: its recipient is over the limit"
                );
                return Ok(());
            }
            taken => taken?,
        }
    }
    outbox::insert(app, tx, user, to, mail).await
}
