//! The `password_failures` table: wrong passwords in a row, and what they cost.
//!
//! An attempt counts as a failure before it is checked and is taken back when it was right, so that
//! many at once are no way around. It is counted by the digest of the address that was typed: one
//! that has no account waits as one that has. Only the password is locked; who signs in another way
//! is never kept out.

use crate::args;
use crate::server::clock::SKEW;
use crate::server::config::{PasswordConfig, seconds};
use crate::server::db::Tx;
use crate::server::limits::too_many;
use crate::server::timekeeper::Range;
use crate::server::{App, Error};
use crate::sign_in::SignInProblem;

/// A wait that is longer than any was written before the clock was set back.
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

/// Locked ones stay until a new password is chosen; of others nothing is left to wait for.
const DELETE_OLD: &str = "
    DELETE FROM password_failures
    WHERE failed_at <= $1 AND failures < $2";

/// What failed in the future failed while a clock was ahead; it is forgotten from now on.
const MEND_FUTURE: &str = "
    UPDATE password_failures
    SET failed_at = $1
    WHERE failed_at > $2";

/// Failures are forgotten after so long, in seconds; NIST leaves it open, and 100 in 30 days are few.
const KEEP: i64 = 30 * 86400;

/// Counts one attempt and says how many there were in a row, this one included. Refused where the
/// account waits and the browser is not known to it, or where the password is locked.
pub async fn count(app: &App, tx: &mut Tx, account: &str, is_known: bool) -> Result<i64, Error> {
    let config = &app.config.password;
    let now = app.timekeeper.range().likely;
    let max = i64::from(config.max_failures);
    let counted: Option<i64> = tx
        .scalar_optional(
            COUNT,
            args![account, now, max, is_known, seconds(config.max_delay) + SKEW],
        )
        .await?;
    let Some(failures) = counted else {
        let (failures, free_at): (i64, i64) = tx.fetch_one(FIND, args![account]).await?;
        if failures >= max {
            return Err(SignInProblem::PasswordLocked.into());
        }
        return Err(too_many(free_at - now));
    };
    let delay = delay(config, failures);
    if delay > 0 {
        tx.execute(DELAY, args![now.saturating_add(delay), account]).await?;
    }
    Ok(failures)
}

/// The wait after so many failures, in seconds: none for the first few, then twice as long each time.
fn delay(config: &PasswordConfig, failures: i64) -> i64 {
    let beyond = failures - i64::from(config.free_failures);
    if beyond <= 0 {
        return 0;
    }
    let exponent = u32::try_from(beyond - 1).unwrap_or(u32::MAX).min(40);
    (1_i64 << exponent).min(seconds(config.max_delay))
}

/// Takes an attempt back that was never checked.
pub async fn release(app: &App, account: &str) -> Result<(), Error> {
    app.db.execute(RELEASE, args![account]).await?;
    Ok(())
}

/// Forgets all failures of an account: its owner was there.
pub async fn clear(tx: &mut Tx, account: &str) -> Result<(), Error> {
    tx.execute(CLEAR, args![account]).await?;
    Ok(())
}

const LIST_WAITING: &str = "
    SELECT account, failures, free_at
    FROM password_failures
    WHERE failures >= $1 OR free_at > $2
    ORDER BY failed_at DESC
    LIMIT 200";

/// The accounts that wait and until when, in Unix seconds; without an end those that are locked.
pub async fn in_force(app: &App) -> Result<Vec<(String, Option<i64>)>, Error> {
    let max = i64::from(app.config.password.max_failures);
    let rows: Vec<(String, i64, i64)> =
        app.db.fetch_all(LIST_WAITING, args![max, app.timekeeper.range().likely]).await?;
    Ok(rows.into_iter().map(|it| (it.0, (it.1 < max).then_some(it.2))).collect())
}

/// Forgets all failures of an account; false where there were none.
pub async fn lift(tx: &mut Tx, account: &str) -> Result<bool, Error> {
    Ok(tx.execute(CLEAR, args![account]).await? > 0)
}

/// Whether an account waits after wrong passwords, or is locked.
pub async fn is_waiting(app: &App, account: &str) -> Result<bool, Error> {
    let found: Option<(i64, i64)> = app.db.fetch_optional(FIND, args![account]).await?;
    let max = i64::from(app.config.password.max_failures);
    Ok(found.is_some_and(|it| it.0 >= max || it.1 > app.timekeeper.range().likely))
}

/// Locks the password of an account until a new one is chosen by mail.
pub async fn lock(app: &App, tx: &mut Tx, account: &str) -> Result<(), Error> {
    tx.execute(
        LOCK,
        args![account, i64::from(app.config.password.max_failures), app.timekeeper.range().likely],
    )
    .await?;
    Ok(())
}

/// Drops what is long past.
pub async fn sweep(app: &App, time: Range) -> Result<(), Error> {
    let before = time.earliest - KEEP;
    let max = i64::from(app.config.password.max_failures);
    app.db.execute(DELETE_OLD, args![before, max]).await?;
    app.db.execute(MEND_FUTURE, args![time.latest, time.latest + SKEW]).await?;
    Ok(())
}
