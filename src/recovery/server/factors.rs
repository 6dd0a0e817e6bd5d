//! Recovers an account whose owner lost all second factors: a mailed link removes them, after a waiting period in
//! which the owner of the mailbox can stop it.

use crate::audit::EventKind;
use crate::audit::server::record_event;
use crate::authenticator_app::server as apps;
use crate::form::RowId;
use crate::mail::server::{self as mail, EventOrigin, Mail, UntrustedText};
use crate::passkey::server as passkeys;
use crate::password::server::failures;
use crate::recovery_code::server as recovery_codes;
use crate::second_factor_policy::server::require_set_up;
use crate::security_notice::server::send_security_notice;
use crate::server::config::seconds;
use crate::server::db::Tx;
use crate::server::limits::{self, LimitedAction};
use crate::server::{Context, Error};
use crate::session::server::end_all_in;
use crate::sign_in::SignInProblem;
use crate::text::utc;
use crate::ticket::server as tickets;
use crate::ticket::{Purpose, TicketProblem, TicketState};
use crate::user::server::{UserId, lock_user};

/// Mails a user who proved the first factor a link that removes the second factors after the waiting period, and one
/// that stops it. The transaction holds the user's lock. Refused if the site has no such recovery, or for a user
/// without a verified email address.
pub async fn request(cx: &Context, mut tx: Tx, user_id: &UserId) -> Result<(), Error> {
    let app = &cx.app;
    let wait = app.config.second_factor.recovery_wait.ok_or(SignInProblem::NoFactorRecovery)?;
    let locked = lock_user(&mut tx, user_id).await?;
    let email = locked.email.filter(|_| locked.is_verified);
    let email = email.ok_or(SignInProblem::NoFactorRecovery)?;
    let account = limits::account_subject(&email);
    limits::take_in(app, &mut tx, LimitedAction::Recovery, &cx.client, Some(&account)).await?;
    let now = app.clock.now();
    let purpose = Purpose::FactorRecovery;
    let issued = tickets::issue(app, &mut tx, purpose, Some(user_id), &email).await?;
    let not_me = tickets::issue(app, &mut tx, Purpose::NotMe, Some(user_id), &email).await?.link;
    let mail = Mail::FactorRecovery {
        event: EventOrigin::new(now, &cx.client),
        link: issued.link,
        from: utc(now + seconds(wait)),
        not_me,
    };
    mail::send(app, &mut tx, Some(user_id), &email, &mail).await?;
    record_event(cx, &mut tx, EventKind::FactorRecoveryRequested, user_id).await?;
    tx.commit().await
}

/// Removes all second factors and recovery codes of the ticket's user, and ends all sessions. The notice
/// restores them.
pub async fn finish(cx: &Context, ticket_id: &RowId) -> Result<(), Error> {
    let app = &cx.app;
    let ticket = tickets::open(cx, Purpose::FactorRecovery, ticket_id).await?;
    if ticket.state == TicketState::TooEarly {
        return Err(TicketProblem::TooEarly.into());
    }
    let mut tx = app.db.begin().await?;
    let used = tickets::take(cx, &mut tx, &ticket).await?;
    let user_id = used.user()?;
    if lock_user(&mut tx, user_id).await?.email.as_ref() != Some(&used.email) {
        // The email address was changed since.
        return Err(TicketProblem::Invalid.into());
    }
    record_event(cx, &mut tx, EventKind::FactorsRecovered, user_id).await?;
    let apps = apps::of_user_in(&mut tx, user_id).await?;
    let passkeys = passkeys::of_user_in(&mut tx, user_id).await?;
    let names = apps.iter().map(|it| it.name.as_str());
    let names: Vec<_> = names.chain(passkeys.iter().map(|it| it.name.as_str())).collect();
    let names = names.join(", ");
    // The notice comes first: using it restores what was removed from its number on.
    send_security_notice(cx, &mut tx, user_id, |event, not_me| Mail::SecondFactorRemoved {
        event,
        name: UntrustedText::new(&names),
        not_me,
    })
    .await?;
    let now = app.clock.now();
    for it in apps {
        apps::mark_removed(&mut tx, user_id, &it.id, now).await?;
    }
    for it in passkeys {
        passkeys::mark_removed(&mut tx, user_id, &it.id, now).await?;
    }
    recovery_codes::mark_all_removed(&mut tx, user_id, now).await?;
    require_set_up(app, &mut tx, user_id).await?;
    failures::clear(&mut tx, &failures::second_factor_key(user_id)).await?;
    tickets::revoke(&mut tx, user_id, Purpose::FactorRecovery).await?;
    end_all_in(app, &mut tx, user_id).await?;
    tx.commit().await?;
    tickets::forget(cx);
    Ok(())
}
