//! Social sign-in: OAuth 2.0 and OpenID Connect providers, and the accounts linked to a user.
//!
//! A link is an issuer and its subject, never an e-mail address.

#[cfg(feature = "ssr")]
pub mod cli;
mod page;
#[cfg(feature = "ssr")]
pub mod route;
#[cfg(feature = "ssr")]
pub mod server;

use std::fmt;

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use crate::error::AppError;
use crate::form::{Done, RowId};
use crate::linked_account::LinkedAccountView;

pub use page::{LinkedAccountsPage, ProofButtons, SocialButtons, provide_proof_buttons};

/// A configured provider, as its button shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProviderButton {
    /// The name of its configuration section and of its callback path.
    pub name: String,
    /// What people call it.
    pub label: String,
    /// Its own mark as the path of an icon; empty where that is not known.
    pub mark: String,
}

/// Why a sign-in at a provider came to nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SocialProblem {
    /// The state is foreign, used or expired.
    Expired,
    /// The visitor or the provider said no.
    Refused,
    /// Down or slow; a later try may find it again.
    Unreachable,
    /// Its response can't be used, now or later.
    Unusable,
    /// The verified address belongs to an account that this provider is not linked to.
    EmailTaken,
    /// The provider's account is linked to another user.
    LinkedElsewhere,
    /// The provider knows another than who is signed in here.
    SomebodyElse,
    /// The provider says itself that it has not asked who it is.
    NotAskedAgain,
}

impl fmt::Display for SocialProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Expired => "That sign-in has expired or was used already. Start it again.",
            Self::Refused => "The provider didn't sign you in. Try again, or use another way.",
            Self::Unreachable => {
                "The provider can't be reached right now. Try again later, or use another way."
            }
            Self::Unusable => {
                "The provider's response can't be used here, and trying again won't help. \
                 Use another way, and tell those who run this site."
            }
            Self::EmailTaken => {
                "Your address at this provider belongs to an account here already. \
                 Sign in to that account, then link the provider under Linked accounts."
            }
            Self::LinkedElsewhere => "That account is linked to another user here.",
            Self::SomebodyElse => {
                "The provider signed in somebody else. Confirm with an account that is linked here."
            }
            Self::NotAskedAgain => {
                "The provider didn't ask you to sign in again. Sign out there, then confirm once more."
            }
        })
    }
}

/// What a provider's button sends.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ProviderForm {
    pub provider: String,
    pub next: String,
}

/// Sends the visitor to a provider to sign in.
#[server(prefix = "/api", endpoint = "sign-in/social")]
pub async fn begin_sign_in(#[server(flatten)] form: ProviderForm) -> Result<Done, AppError> {
    use crate::sign_in::server::{Attempt, Intent};
    let cx = crate::server::Context::of::<BeginSignIn>().await?;
    let attempt = Attempt::new(Intent::sign_in(&form.next, false));
    Ok(Done::go(server::begin(&cx, &form.provider, &attempt).await?))
}

/// Sends the viewer to a provider to link an account there.
#[server(prefix = "/api", endpoint = "linked-accounts/link")]
pub async fn link_account(#[server(flatten)] form: ProviderForm) -> Result<Done, AppError> {
    use crate::sign_in::server::{Attempt, Intent};
    let cx = crate::server::Context::of::<LinkAccount>().await?;
    let user = cx.user().await?;
    user.require_fresh(&cx.app)?;
    let attempt = Attempt::of(Intent::Link, &user);
    Ok(Done::go(server::begin(&cx, &form.provider, &attempt).await?))
}

/// Sends the viewer to a provider to prove again who they are.
#[server(prefix = "/api", endpoint = "reauthentication/provider")]
pub async fn reauthenticate_at(#[server(flatten)] form: ProviderForm) -> Result<Done, AppError> {
    use crate::sign_in::server::{Attempt, Intent};
    let cx = crate::server::Context::of::<ReauthenticateAt>().await?;
    let user = cx.user().await?;
    let attempt = Attempt::of(Intent::reauthenticate(&form.next), &user);
    Ok(Done::go(server::begin(&cx, &form.provider, &attempt).await?))
}

/// Names the linked account to remove.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct UnlinkForm {
    pub id: RowId,
}

/// Removes a linked account, unless it is the last way in.
#[server(prefix = "/api", endpoint = "linked-accounts/unlink")]
pub async fn unlink_account(#[server(flatten)] form: UnlinkForm) -> Result<Done, AppError> {
    let cx = crate::server::Context::of::<UnlinkAccount>().await?;
    let user = cx.user().await?;
    server::unlink(&cx, &user, form.id.as_str()).await?;
    Ok(Done::here(crate::form::Notice::Unlinked))
}

/// The viewer's linked accounts, and whether one may be removed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LinkedAccounts {
    pub linked: Vec<LinkedAccountView>,
    /// Configured providers that no account is linked of.
    pub unlinked: Vec<ProviderButton>,
    /// Whether removing one leaves a way in.
    pub removable: bool,
    pub now: i64,
}

/// The viewer's linked accounts.
#[server(prefix = "/api", endpoint = "linked-accounts")]
pub async fn list_linked_accounts() -> Result<LinkedAccounts, AppError> {
    let cx = crate::server::Context::of::<ListLinkedAccounts>().await?;
    let user = cx.user().await?;
    Ok(server::list(&cx.app, &user).await?)
}
