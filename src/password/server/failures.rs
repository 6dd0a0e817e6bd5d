//! The `password_failures` table: consecutive wrong passwords and codes, and the delays that they cause.
//!
//! An attempt counts as a failure before it is checked and stops counting if it was right, so concurrent attempts
//! don't get around the limit. The key is a digest: of the typed email address for passwords, so addresses
//! without an account get the same delays, and of the user's id for codes. Only the password or the codes are locked; other
//! ways to sign in stay open.

use crate::args;
use crate::server::clock::SKEW;
use crate::server::config::{PasswordConfig, seconds};
use crate::server::db::Tx;
use crate::server::digest::digest;
use crate::server::limits::too_many;
use crate::server::timekeeper::TimeRange;
use crate::server::{App, Error};
use crate::sign_in::SignInProblem;
use crate::user::server::UserId;

/// A `free_at` beyond the longest delay was written before the clock was set back.
const COUNT: &str = "
    INSERT INTO password_failures (account, failures, free_at, failed_at)
    VALUES ($1, 1, 0, $2)
    ON CONFLICT (account) DO UPDATE
    SET failures = password_failures.failures + 1, free_at = 0, failed_at = $2
    WHERE password_failures.failures < $3
        AND ($4 OR password_failures.free_at <= $2 OR password_failures.free_at > $2 + $5)
    RETURNING failures";

const DELAY: &str = "
    UPDATE password_failures
    SET free_at = $1
    WHERE account = $2";

const FIND: &str = "
    SELECT failures, free_at
    FROM password_failures
    WHERE account = $1";

const RELEASE: &str = "
    UPDATE password_failures
    SET failures = failures - 1, free_at = 0
    WHERE account = $1 AND failures > 0";

const CLEAR: &str = "
    DELETE FROM password_failures
    WHERE account = $1";

const LOCK: &str = "
    INSERT INTO password_failures (account, failures, free_at, failed_at)
    VALUES ($1, $2, $3, $3)
    ON CONFLICT (account) DO UPDATE SET failures = excluded.failures";

/// Keeps locked rows until the password is reset; the delays of other old rows are over.
const DELETE_OLD: &str = "
    DELETE FROM password_failures
    WHERE failed_at <= $1 AND failures < $2";

/// A `failed_at` in the future is from a clock that was ahead; the row ages from now on.
const REDATE_FUTURE: &str = "
    UPDATE password_failures
    SET failed_at = $1
    WHERE failed_at > $2";

/// How long failures count, in seconds. NIST sets no period, and 100 in 30 days are few.
const RETENTION: i64 = 30 * 86400;

/// Returns the key under which a user's wrong codes are counted, apart from wrong passwords.
#[must_use]
pub fn second_factor_key(user_id: &UserId) -> String {
    digest(format!("second factor {user_id}"))
}

/// Counts one attempt and returns the number in a row, including this one. Refused with `locked` after too many, or if
/// the account is delayed and does not know the browser.
pub async fn count(
    app: &App,
    tx: &mut Tx,
    key: &str,
    (is_known, locked): (bool, SignInProblem),
) -> Result<i64, Error> {
    let config = &app.config.password;
    let now = app.timekeeper.range().likely;
    let max = i64::from(config.max_failures);
    let counted: Option<i64> = tx
        .scalar_optional(COUNT, args![key, now, max, is_known, seconds(config.max_delay) + SKEW])
        .await?;
    let Some(failures) = counted else {
        let (failures, free_at): (i64, i64) = tx.fetch_one(FIND, args![key]).await?;
        if failures >= max {
            return Err(locked.into());
        }
        return Err(too_many(free_at - now));
    };
    let delay = delay(config, failures);
    if delay > 0 {
        tx.execute(DELAY, args![now.saturating_add(delay), key]).await?;
    }
    Ok(failures)
}

/// Returns the delay after this many failures, in seconds: none for the first few, then doubling.
fn delay(config: &PasswordConfig, failures: i64) -> i64 {
    let excess = failures - i64::from(config.free_failures);
    if excess <= 0 {
        return 0;
    }
    let exponent = u32::try_from(excess - 1).unwrap_or(u32::MAX).min(40);
    (1_i64 << exponent).min(seconds(config.max_delay))
}

/// Removes an attempt from the count, because it was never checked.
pub async fn release(app: &App, account: &str) -> Result<(), Error> {
    app.db.execute(RELEASE, args![account]).await?;
    Ok(())
}

/// Removes an attempt from the count, because the password was right.
pub async fn release_in(tx: &mut Tx, account: &str) -> Result<(), Error> {
    tx.execute(RELEASE, args![account]).await?;
    Ok(())
}

/// Clears all failures of an account whose owner proved their identity.
pub async fn clear(tx: &mut Tx, account: &str) -> Result<(), Error> {
    tx.execute(CLEAR, args![account]).await?;
    Ok(())
}

const LIST_DELAYED: &str = "
    SELECT account, failures, free_at
    FROM password_failures
    WHERE failures >= $1 OR free_at > $2
    ORDER BY failed_at DESC
    LIMIT 200";

/// Returns the delayed or locked accounts, with the delay's end in Unix seconds, or `None` if locked.
pub async fn in_force(app: &App) -> Result<Vec<(String, Option<i64>)>, Error> {
    let max = i64::from(app.config.password.max_failures);
    let rows: Vec<(String, i64, i64)> =
        app.db.fetch_all(LIST_DELAYED, args![max, app.timekeeper.range().likely]).await?;
    Ok(rows.into_iter().map(|it| (it.0, (it.1 < max).then_some(it.2))).collect())
}

/// Clears all failures of an account; returns false if there were none.
pub async fn lift(tx: &mut Tx, account: &str) -> Result<bool, Error> {
    Ok(tx.execute(CLEAR, args![account]).await? > 0)
}

/// Returns whether an account is delayed or locked after wrong passwords.
pub async fn is_delayed_or_locked(app: &App, account: &str) -> Result<bool, Error> {
    let found: Option<(i64, i64)> = app.db.fetch_optional(FIND, args![account]).await?;
    let max = i64::from(app.config.password.max_failures);
    Ok(found.is_some_and(|it| it.0 >= max || it.1 > app.timekeeper.range().likely))
}

/// Locks the password of an account until it is reset by mail.
pub async fn lock(app: &App, tx: &mut Tx, account: &str) -> Result<(), Error> {
    tx.execute(
        LOCK,
        args![account, i64::from(app.config.password.max_failures), app.timekeeper.range().likely],
    )
    .await?;
    Ok(())
}

/// Deletes failures that no longer count.
pub async fn sweep(app: &App, time: TimeRange) -> Result<(), Error> {
    let before = time.earliest - RETENTION;
    let max = i64::from(app.config.password.max_failures);
    app.db.execute(DELETE_OLD, args![before, max]).await?;
    app.db.execute(REDATE_FUTURE, args![time.latest, time.latest + SKEW]).await?;
    Ok(())
}
