//! Rate limits for actions on an account by visitors who have not yet shown that it is theirs.

use super::{BROWSER, knows_browser};
use crate::server::db::Tx;
use crate::server::digest::digest;
use crate::server::limits::{self, LimitedAction};
use crate::server::{Context, Error};
use crate::user::Email;

/// A group of actions on an account that are counted together: those of one browser that the account
/// knows, or those of unknown browsers from one network, so that strangers can't use up the owner's
/// limit. All unknown browsers together have another limit.
#[derive(Clone, Debug)]
pub struct AttemptBucket {
    /// Begins with the account.
    pub subject: String,
    /// The account, if it does not know the browser.
    unknown_to: Option<String>,
}

impl AttemptBucket {
    /// Returns the bucket of this request. Takes the same time whether or not the email address has
    /// an account.
    pub async fn of(cx: &Context, email: &Email) -> Result<Self, Error> {
        let account = limits::account_subject(email);
        let browser = cx.get(&BROWSER).map(digest).unwrap_or_default();
        if knows_browser(&cx.app, email, &browser).await? {
            return Ok(Self { subject: format!("{account} {browser}"), unknown_to: None });
        }
        let network = cx.client.ip.map(limits::network).unwrap_or_default();
        Ok(Self { subject: format!("{account} {network}"), unknown_to: Some(account) })
    }

    /// Counts one action. Refused if any of its limits is reached.
    pub async fn take_in(
        &self,
        cx: &Context,
        tx: &mut Tx,
        action: LimitedAction,
    ) -> Result<(), Error> {
        limits::take_in(&cx.app, tx, action, &cx.client, Some(&self.subject)).await?;
        match &self.unknown_to {
            Some(account) => limits::take_unknown_in(&cx.app, tx, action, account).await,
            None => Ok(()),
        }
    }
}
