//! Rate limits by account, by IP address and overall, kept in the database: all processes share them, and a
//! restart forgets nothing.
//!
//! Each is a generic cell rate algorithm (ITU-T I.371, annex A): one number per limit, no window at whose
//! edge twice as many actions would pass, and an exact time for the next one.

use super::clock::SKEW;
use super::config::{ConfigError, Rate, RawConfig, seconds};
use super::db::Tx;
use super::timekeeper::TimeRange;
use super::{App, Client, Error};
use crate::args;
use crate::error::AppError;
use crate::user::Email;

mod subject;

pub use subject::{account_subject, is_recipient_limit, mailbox_subject, network};

/// A limited action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LimitedAction {
    SignIn,
    SignUp,
    Recovery,
    /// Using a mailed link.
    Verification,
    /// Requesting a mail to the account's email address, or to a new one.
    Resend,
    /// Requesting a mail to sign in.
    MailedSignIn,
    /// Trying a mailed code.
    Code,
    /// Posting a callback. Any page can make a browser do that, so it has a limit of its own: it must not use up
    /// the sign-ins of that network.
    PostedCallback,
}

impl LimitedAction {
    pub const ALL: [Self; 8] = [
        Self::SignIn,
        Self::SignUp,
        Self::Recovery,
        Self::Verification,
        Self::Resend,
        Self::MailedSignIn,
        Self::Code,
        Self::PostedCallback,
    ];

    const fn name(self) -> &'static str {
        match self {
            Self::SignIn => "sign_in",
            Self::SignUp => "sign_up",
            Self::Recovery => "recovery",
            Self::Verification => "verification",
            Self::Resend => "resend",
            Self::MailedSignIn => "mailed_sign_in",
            Self::Code => "code",
            Self::PostedCallback => "posted_callback",
        }
    }
}

/// The actions that a limit counts together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    Account,
    Address,
    Overall,
    /// All browsers together that an account does not know.
    Unknown,
}

impl Scope {
    const BASE: [Self; 3] = [Self::Account, Self::Address, Self::Overall];

    /// Returns the scopes in which an action is limited.
    pub fn of(action: LimitedAction) -> impl Iterator<Item = Self> {
        let is_shared = matches!(
            action,
            LimitedAction::Recovery | LimitedAction::MailedSignIn | LimitedAction::Code
        );
        // A posted callback names no account.
        let has_account = action != LimitedAction::PostedCallback;
        let base = Self::BASE.into_iter().filter(move |it| has_account || *it != Self::Account);
        base.chain(is_shared.then_some(Self::Unknown))
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Address => "address",
            Self::Overall => "overall",
            Self::Unknown => "unknown",
        }
    }
}

/// The limit on mails to one recipient that strangers can cause.
pub const MAIL_RECIPIENT: &str = "mail_recipient";

/// The limit on security notices to one recipient who may be a stranger to the account.
pub const NOTICE_RECIPIENT: &str = "notice_recipient";

/// The limits by name; `None` if a limit is off.
#[derive(Clone, Debug)]
pub struct LimitConfig(Vec<(String, Option<Rate>)>);

impl LimitConfig {
    /// Returns all limits, each with the part of its key after `limit.`.
    pub fn all(&self) -> impl Iterator<Item = (&str, Option<Rate>)> {
        self.0.iter().map(|(name, rate)| (name.as_str(), *rate))
    }

    /// Reads the settings that begin with `limit.`.
    pub fn read(raw: &RawConfig) -> Result<Self, ConfigError> {
        let actions = LimitedAction::ALL
            .iter()
            .flat_map(|action| Scope::of(*action).map(|it| limit_name(*action, it)));
        let names = actions.chain([MAIL_RECIPIENT, NOTICE_RECIPIENT].map(str::to_owned));
        let read = |name: String| {
            let rate = raw.rate(&format!("limit.{name}"))?;
            Ok((name, rate))
        };
        names.map(read).collect::<Result<_, _>>().map(Self)
    }

    #[must_use]
    pub fn find(&self, action: LimitedAction, scope: Scope) -> Option<Rate> {
        self.named(&limit_name(action, scope))
    }

    fn named(&self, name: &str) -> Option<Rate> {
        self.0.iter().find(|it| it.0 == name).and_then(|it| it.1)
    }
}

/// Counts one action unless that would be too many. An arrival further ahead than the span plus the clock skew
/// was written before the clock was set back: it is reset to one span from now, and the action is allowed.
const TAKE: &str = "
    INSERT INTO limits (name, subject, arrival)
    VALUES ($1, $2, CAST($3 AS BIGINT) + CAST($4 AS BIGINT))
    ON CONFLICT (name, subject) DO UPDATE
    SET arrival = CASE
        WHEN limits.arrival < $3 THEN $3 + $4
        WHEN limits.arrival > $3 + $6 THEN $3 + $5
        ELSE limits.arrival + $4 END
    WHERE limits.arrival + $4 <= $3 + $5 OR limits.arrival > $3 + $6
    RETURNING arrival";

const FIND: &str = "
    SELECT arrival
    FROM limits
    WHERE name = $1 AND subject = $2";

const RESET: &str = "
    DELETE FROM limits
    WHERE name = $1 AND subject = $2";

/// Also deletes arrivals beyond the reach of any limit, which were written while a clock was ahead.
const DELETE_PAST: &str = "
    DELETE FROM limits
    WHERE arrival <= $1 OR arrival > $2";

/// Counts one action of this client, on this account if there is one. Refused if any of the limits is reached.
/// Then no limit counts it, so that a client that waits is let in.
pub async fn take(
    app: &App,
    action: LimitedAction,
    client: &Client,
    account: Option<&str>,
) -> Result<(), Error> {
    let mut tx = app.db.begin().await?;
    take_in(app, &mut tx, action, client, account).await?;
    tx.commit().await
}

/// Does what `take` does, as part of a transaction.
pub async fn take_in(
    app: &App,
    tx: &mut Tx,
    action: LimitedAction,
    client: &Client,
    account: Option<&str>,
) -> Result<(), Error> {
    let subjects = [
        (Scope::Account, account.map(str::to_owned)),
        (Scope::Address, client.ip.map(network)),
        (Scope::Overall, Some(String::new())),
    ];
    for (scope, subject) in subjects {
        let (Some(rate), Some(subject)) = (app.config.limits.find(action, scope), subject) else {
            continue;
        };
        let name = limit_name(action, scope);
        take_one(app, tx, &name, &subject, rate).await?;
    }
    Ok(())
}

/// Counts one mail to a recipient against a recipient limit.
pub async fn take_for(app: &App, tx: &mut Tx, name: &str, to: &Email) -> Result<(), Error> {
    match app.config.limits.named(name) {
        Some(rate) => take_one(app, tx, name, &mailbox_subject(to), rate).await,
        None => Ok(()),
    }
}

/// Counts one action of a browser that an account does not know, in addition to its network's limits.
pub async fn take_unknown_in(
    app: &App,
    tx: &mut Tx,
    action: LimitedAction,
    account: &str,
) -> Result<(), Error> {
    let Some(rate) = app.config.limits.find(action, Scope::Unknown) else { return Ok(()) };
    take_one(app, tx, &limit_name(action, Scope::Unknown), account, rate).await
}

async fn take_one(
    app: &App,
    tx: &mut Tx,
    name: &str,
    subject: &str,
    rate: Rate,
) -> Result<(), Error> {
    // The time of all processes. Otherwise one with a wrong clock would let clients exceed the limit.
    let now = app.timekeeper.range().likely.saturating_mul(1000);
    let span = seconds(rate.per).saturating_mul(1000);
    let each = (span / i64::from(rate.count)).max(1);
    let taken: Option<i64> = tx
        .scalar_optional(
            TAKE,
            args![name, subject, now, each, span, span.saturating_add(SKEW * 1000)],
        )
        .await?;
    if taken.is_some() {
        return Ok(());
    }
    let arrival: i64 = tx.scalar(FIND, args![name, subject]).await?;
    let ahead = arrival.saturating_add(each).saturating_sub(now).saturating_sub(span);
    let wait = ahead.clamp(1000, span.max(1000));
    tracing::info!(limit = name, subject, "rate limit reached");
    Err(too_many(wait / 1000 + i64::from(wait % 1000 > 0)))
}

/// A limit that is used up for now.
#[derive(Clone, Debug)]
pub struct ReachedLimit {
    pub name: String,
    pub subject: String,
    /// When the next action is allowed, in Unix seconds.
    pub free_at: i64,
}

const LIST_USED: &str = "
    SELECT name, subject, arrival
    FROM limits
    WHERE name = $1 AND arrival > $2
    ORDER BY arrival DESC
    LIMIT 200";

/// Returns the limits that are reached, at most 200.
pub async fn reached(app: &App) -> Result<Vec<ReachedLimit>, Error> {
    let now = app.timekeeper.range().likely.saturating_mul(1000);
    let mut all = Vec::new();
    for (name, rate) in &app.config.limits.0 {
        let Some(rate) = rate else { continue };
        let span = seconds(rate.per).saturating_mul(1000);
        let each = (span / i64::from(rate.count)).max(1);
        // One more action would exceed the span.
        let rows: Vec<(String, String, i64)> =
            app.db.fetch_all(LIST_USED, args![name, now + span - each]).await?;
        all.extend(rows.into_iter().map(|(name, subject, arrival)| ReachedLimit {
            name,
            subject,
            free_at: arrival.saturating_add(each).saturating_sub(span).div_euclid(1000) + 1,
        }));
    }
    all.truncate(200);
    Ok(all)
}

/// Resets one limit; returns false if nothing was counted.
pub async fn lift(tx: &mut Tx, name: &str, subject: &str) -> Result<bool, Error> {
    Ok(tx.execute(RESET, args![name, subject]).await? > 0)
}

/// Resets the count of one subject after the action succeeded, which shows that the account's owner was there.
pub async fn reset_subject(tx: &mut Tx, action: LimitedAction, subject: &str) -> Result<(), Error> {
    tx.execute(RESET, args![limit_name(action, Scope::Account), subject]).await?;
    Ok(())
}

/// Deletes the limits of the account, its browsers and its networks, whose subjects begin with the account's.
const RESET_ACCOUNT: &str = "
    DELETE FROM limits
    WHERE name IN ($1, $2) AND (subject = $3 OR SUBSTR(subject, 1, LENGTH($3) + 1) = $3 || ' ')";

/// Resets everything that was counted for an account, wherever the actions came from.
pub async fn reset_all(tx: &mut Tx, account: &str) -> Result<(), Error> {
    for action in LimitedAction::ALL {
        tx.execute(
            RESET_ACCOUNT,
            args![limit_name(action, Scope::Account), limit_name(action, Scope::Unknown), account],
        )
        .await?;
    }
    Ok(())
}

fn limit_name(action: LimitedAction, scope: Scope) -> String {
    format!("{}_{}", action.name(), scope.name())
}

/// Returns the refusal that says after how many seconds to retry.
#[must_use]
pub fn too_many(seconds: i64) -> Error {
    let retry_after = u32::try_from(seconds.max(1)).unwrap_or(u32::MAX);
    AppError::TooManyAttempts { retry_after }.into()
}

/// Deletes limits that count nothing any more.
pub async fn sweep(app: &App, time: TimeRange) -> Result<(), Error> {
    let past = time.earliest.saturating_mul(1000);
    let longest = app.config.limits.0.iter().filter_map(|it| it.1).map(|it| seconds(it.per)).max();
    let last = time.latest.saturating_add(longest.unwrap_or(0) + SKEW).saturating_mul(1000);
    app.db.execute(DELETE_PAST, args![past, last]).await?;
    Ok(())
}
