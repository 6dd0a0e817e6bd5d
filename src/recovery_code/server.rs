//! The `recovery_codes` table. A user has one set of codes, of which each works once; a new set replaces it.

use serde::{Deserialize, Serialize};

use super::{CODES_PER_SET, RecoveryCode, RecoveryCodeOffer};
use crate::args;
use crate::audit::EventKind;
use crate::audit::server::{record_event, record_event_about};
use crate::mail::server::Mail;
use crate::second_factor_policy::server::{
    lock_for_change, require_codes_accepted, require_usable,
};
use crate::secret::Secret;
use crate::security_notice::server::send_security_notice;
use crate::server::clock::SKEW;
use crate::server::config::seconds;
use crate::server::db::Tx;
use crate::server::digest::digest;
use crate::server::timekeeper::TimeRange;
use crate::server::{App, Context, Error};
use crate::session::server::SignedIn;
use crate::sign_in::SignInProblem;
use crate::user::server::UserId;

/// How long a set can be activated after it was shown, in seconds.
const LIFETIME: i64 = 1800;

const INSERT: &str = "
    INSERT INTO recovery_codes (digest, user_id, set_id, created_at, seq)
    SELECT $1, u.id, $3, $4, u.notice_seq
    FROM users u
    WHERE u.id = $2";

const FIND_SET: &str = "
    SELECT COUNT(CASE WHEN removed_at IS NULL THEN 1 END)
    FROM recovery_codes
    WHERE user_id = $1 AND set_id = $2
    GROUP BY set_id";

/// Of several requests with the same code, one finds it unused.
const USE: &str = "
    UPDATE recovery_codes
    SET used_at = $1
    WHERE user_id = $2 AND digest = $3 AND used_at IS NULL AND removed_at IS NULL";

const COUNT: &str = "
    SELECT COUNT(*), COALESCE(SUM(CASE WHEN used_at IS NULL THEN 1 ELSE 0 END), 0)
    FROM recovery_codes
    WHERE user_id = $1 AND removed_at IS NULL";

const MARK_ALL_REMOVED: &str = "
    UPDATE recovery_codes
    SET removed_at = $1, removed_seq = (SELECT notice_seq FROM users u WHERE u.id = $2)
    WHERE user_id = $2 AND removed_at IS NULL";

const DELETE_SINCE: &str = "
    DELETE FROM recovery_codes
    WHERE user_id = $1 AND seq >= $2";

const RESTORE_SINCE: &str = "
    UPDATE recovery_codes
    SET removed_at = NULL, removed_seq = NULL
    WHERE user_id = $1 AND removed_seq >= $2";

const DELETE_REMOVED: &str = "
    DELETE FROM recovery_codes
    WHERE removed_at <= $1";

/// A set of codes, as the page carries it.
#[derive(Serialize, Deserialize)]
struct OfferedSet {
    id: String,
    codes: Vec<Secret>,
    expires_at: i64,
}

fn seal_context(user_id: &UserId) -> String {
    format!("recovery codes {user_id}")
}

fn random_code() -> Result<Secret, Error> {
    let mut bytes = [0; RecoveryCode::LENGTH];
    getrandom::fill(&mut bytes)?;
    // 256 is a multiple of 32, so every character is equally likely.
    let alphabet = RecoveryCode::ALPHABET;
    let code: String =
        bytes.iter().map(|it| char::from(alphabet[usize::from(*it) % alphabet.len()])).collect();
    Ok(code.into())
}

/// Returns a code as pages show it: in groups with hyphens between.
fn grouped(code: &Secret) -> Secret {
    let groups = code.expose().as_bytes().chunks(RecoveryCode::GROUP);
    groups.map(String::from_utf8_lossy).collect::<Vec<_>>().join("-").into()
}

/// Offers a new set of codes. The page carries the set, encrypted. The current codes stay valid until the user
/// activates the new ones. Refused for a user without a second factor.
pub async fn offer(app: &App, user: &SignedIn) -> Result<RecoveryCodeOffer, Error> {
    user.require_fresh(app)?;
    require_codes_accepted(app)?;
    if !user.has_second_factor() {
        return Err(SignInProblem::SecondFactorMissing.into());
    }
    let codes = (0..CODES_PER_SET).map(|_| random_code()).collect::<Result<Vec<_>, _>>()?;
    let shown = codes.iter().map(grouped).collect();
    let id = uuid::Uuid::now_v7().to_string();
    let set = OfferedSet { id, codes, expires_at: app.clock.now() + LIFETIME };
    let mut tx = app.db.snapshot().await?;
    Ok(RecoveryCodeOffer {
        codes: shown,
        token: app.seal.seal(&seal_context(&user.user_id), &serde_json::to_vec(&set)?)?,
        unused: count_unused(&mut tx, &user.user_id).await?,
        site_name: app.config.site.name.clone(),
        account: user.email.clone().unwrap_or_default(),
    })
}

/// Activates an offered set, which replaces the current one. Does nothing if the form was sent before.
pub async fn activate(
    cx: &Context,
    user: &SignedIn,
    token: &str,
    ends_others: bool,
) -> Result<(), Error> {
    let (app, user_id) = (&cx.app, &user.user_id);
    user.require_fresh(app)?;
    require_codes_accepted(app)?;
    let text = app.seal.open(&seal_context(user_id), token);
    let set = text.and_then(|it| serde_json::from_slice::<OfferedSet>(&it).ok());
    let now = app.clock.now();
    let is_in_time = |it: &OfferedSet| (now + 1..=now + LIFETIME + SKEW).contains(&it.expires_at);
    let set = set.filter(is_in_time).ok_or(SignInProblem::SetUpExpired)?;
    let mut tx = app.db.begin().await?;
    if lock_for_change(app, &mut tx, user, ends_others).await? == 0 {
        return Err(SignInProblem::SecondFactorMissing.into());
    }
    let is_active: Option<i64> =
        tx.scalar_optional(FIND_SET, args![user_id.as_str(), &set.id]).await?;
    match is_active {
        None => {}
        // This form was sent before. Another set may have replaced its own since.
        Some(0) => return Err(SignInProblem::SetUpExpired.into()),
        Some(_) => return tx.commit().await,
    }
    record_event(cx, &mut tx, EventKind::RecoveryCodesCreated, user_id).await?;
    // The notice comes first: using it reverts everything since its number.
    send_security_notice(cx, &mut tx, user_id, |event, not_me| Mail::RecoveryCodesCreated {
        event,
        not_me,
    })
    .await?;
    mark_all_removed(&mut tx, user_id, now).await?;
    for code in &set.codes {
        let digest = digest(code.expose());
        tx.execute(INSERT, args![digest, user_id.as_str(), &set.id, now]).await?;
    }
    tx.commit().await
}

/// Returns how many codes of the user's set are unused; `None` without a set.
pub async fn count_unused(tx: &mut Tx, user_id: &UserId) -> Result<Option<i64>, Error> {
    let (all, unused): (i64, i64) = tx.fetch_one(COUNT, args![user_id.as_str()]).await?;
    Ok((all > 0).then_some(unused))
}

/// Uses a code of a user whose row is locked, and notifies them. Returns how many are left, or `None` if the code
/// is not one of theirs or was used.
pub async fn use_code(
    cx: &Context,
    tx: &mut Tx,
    user_id: &UserId,
    code: &RecoveryCode,
) -> Result<Option<i64>, Error> {
    let now = cx.app.clock.now();
    let digest = digest(code.secret().expose());
    if tx.execute(USE, args![now, user_id.as_str(), digest]).await? != 1 {
        return Ok(None);
    }
    let left = count_unused(tx, user_id).await?.unwrap_or(0);
    record_event_about(cx, tx, EventKind::RecoveryCodeUsed, user_id, &format!("{left} left"))
        .await?;
    send_security_notice(cx, tx, user_id, |event, not_me| Mail::RecoveryCodeUsed {
        event,
        left,
        not_me,
    })
    .await?;
    Ok(Some(left))
}

/// Deletes all codes of a user, which no security notice restores.
pub async fn delete_all(tx: &mut Tx, user_id: &UserId) -> Result<(), Error> {
    tx.execute(DELETE_SINCE, args![user_id.as_str(), 0]).await?;
    Ok(())
}

/// Removes all codes of a user. A security notice can restore them.
pub async fn mark_all_removed(tx: &mut Tx, user_id: &UserId, now: i64) -> Result<(), Error> {
    tx.execute(MARK_ALL_REMOVED, args![now, user_id.as_str()]).await?;
    Ok(())
}

/// Removes a user's codes if their last second factor was removed. Refused if the site requires one of them, or if only
/// disabled ones are left, which the user could neither use nor enable.
pub async fn end_with_last_factor(app: &App, tx: &mut Tx, user_id: &UserId) -> Result<(), Error> {
    if require_usable(app, tx, user_id).await?.count() > 0 {
        return Ok(());
    }
    mark_all_removed(tx, user_id, app.clock.now()).await
}

/// Deletes the codes created, and restores those removed, since the ticket with this number. Numbers start at 1, so 0
/// deletes all.
pub async fn undo_since(tx: &mut Tx, user_id: &UserId, seq: i64) -> Result<(), Error> {
    tx.execute(DELETE_SINCE, args![user_id.as_str(), seq]).await?;
    tx.execute(RESTORE_SINCE, args![user_id.as_str(), seq]).await?;
    Ok(())
}

/// Deletes removed codes that no security notice can restore.
pub async fn sweep(app: &App, time: TimeRange) -> Result<(), Error> {
    let before = time.earliest - seconds(app.config.tickets.not_me);
    app.db.execute(DELETE_REMOVED, args![before]).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn v5_0_0__6_5_3__codes_are_random_and_every_character_occurs_in_every_position() {
        let codes: Vec<_> = (0..3000).map(|_| random_code().unwrap()).collect();
        for place in 0..RecoveryCode::LENGTH {
            let seen: std::collections::BTreeSet<_> =
                codes.iter().map(|it| it.expose().as_bytes()[place]).collect();
            assert_eq!(seen, RecoveryCode::ALPHABET.iter().copied().collect());
        }
        let grouped = grouped(&codes[0]);
        assert_eq!(grouped.expose().len(), RecoveryCode::LENGTH + 3);
        let typed: RecoveryCode = grouped.expose().parse().unwrap();
        assert_eq!(*typed.secret(), codes[0]);
    }
}
