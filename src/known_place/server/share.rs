//! How acts on an account are counted for those who have yet to prove that it is theirs.

use super::{BROWSER, knows_browser};
use crate::server::db::Tx;
use crate::server::digest::digest;
use crate::server::limits::{self, Act};
use crate::server::{Context, Error};
use crate::user::Email;

/// Which acts on an account are counted together: those of a browser that the account knows, and those
/// of all others by the place that they come from, so that strangers use up no owner's. All others have
/// a limit of their own as well.
#[derive(Clone, Debug)]
pub struct Share {
    /// Begins with the account.
    pub subject: String,
    /// The account, if it does not know the browser.
    unknown_to: Option<String>,
}

impl Share {
    /// The share of this request in the account of this address. It takes the same time whether there is
    /// one.
    pub async fn of(cx: &Context, email: &Email) -> Result<Self, Error> {
        let account = limits::account(email);
        let browser = cx.get(&BROWSER).map(digest).unwrap_or_default();
        if knows_browser(&cx.app, email, &browser).await? {
            return Ok(Self { subject: format!("{account} {browser}"), unknown_to: None });
        }
        let network = cx.client.ip.map(limits::network).unwrap_or_default();
        Ok(Self { subject: format!("{account} {network}"), unknown_to: Some(account) })
    }

    /// Counts one act. Refused where any of its limits is reached.
    pub async fn take_in(&self, cx: &Context, tx: &mut Tx, act: Act) -> Result<(), Error> {
        limits::take_in(&cx.app, tx, act, &cx.client, Some(&self.subject)).await?;
        match &self.unknown_to {
            Some(account) => limits::take_unknown_in(&cx.app, tx, act, account).await,
            None => Ok(()),
        }
    }
}
