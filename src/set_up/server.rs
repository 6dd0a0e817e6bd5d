//! Creates the first administrator, once.

use crate::admin::server::manage::{NewUser, create_in};
use crate::args;
use crate::audit::EventKind;
use crate::audit::server::{Entry, record};
use crate::error::{AppError, Problems, ServerProblem};
use crate::form::{Done, RowId};
use crate::password::server::{Accepted, hash_new};
use crate::proof::server::Proof;
use crate::return_to::ReturnTo;
use crate::role::ADMINISTRATOR;
use crate::role::server::{Principal, has_administrator, lock_administrators};
use crate::server::out::print;
use crate::server::{App, Context, Error, limits};
use crate::sign_in::server::{Attempt, Intent, advance};
use crate::sign_up::NewAccount;
use crate::ticket::server as tickets;
use crate::ticket::{Purpose, TicketProblem};
use crate::user::DisplayName;
use crate::user::server::Owner;

const HAS_USERS: &str = "
    SELECT COUNT(*)
    FROM (SELECT 1 FROM users LIMIT 1) u";

/// Prints a link to create the first administrator, if there are no users yet.
pub async fn print_set_up_link(app: &App) -> Result<(), Error> {
    let mut tx = app.db.begin().await?;
    let users: i64 = tx.scalar(HAS_USERS, args![]).await?;
    if users > 0 {
        if !has_administrator(&mut tx, app.timekeeper.range().earliest).await? {
            tracing::warn!(
                "no administrator can sign in; make a user one with \
                 `portcullis user roles USER --add administrator`"
            );
        }
        return Ok(());
    }
    let issued = tickets::issue_set_up(app, &mut tx).await?;
    tx.commit().await?;
    print(&format!(
        "Create the first administrator with this link, which works once, for {}:\n{}\n",
        issued.lifetime, issued.link
    ))
}

/// Returns whether there is no administrator yet.
pub async fn needs_administrator(app: &App) -> Result<bool, Error> {
    let mut tx = app.db.snapshot().await?;
    Ok(!has_administrator(&mut tx, app.timekeeper.range().earliest).await?)
}

/// Creates the first administrator and signs them in. Only one of several concurrent requests
/// succeeds, whichever links they use.
pub async fn finish(
    cx: &Context,
    ticket_id: &RowId,
    new_account: &NewAccount,
) -> Result<Done, Error> {
    let app = &cx.app;
    // Check the ticket before spending a hash on it.
    let opened = tickets::open(cx, Purpose::SetUp, ticket_id).await;
    // Once there is an administrator, all set-up tickets are invalid, whichever the form was shown for.
    let has_ticket = matches!(
        &opened,
        Ok(_) | Err(Error::Refused(AppError::Ticket(TicketProblem::OtherTicket)))
    );
    if has_ticket && !needs_administrator(app).await? {
        return Err(TicketProblem::Invalid.into());
    }
    let ticket = opened?;
    let email = &new_account.email;
    let at = |it| Problems { password: Some(it), ..Problems::default() };
    let Accepted { hash, .. } = hash_new(app, &new_account.password, &[email.as_str()], at).await?;
    let name: DisplayName = "".parse().map_err(|_| AppError::Server(ServerProblem::Internal))?;
    let by = Principal::set_up(&cx.client);
    let mut tx = app.db.begin().await?;
    lock_administrators(&mut tx).await?;
    tickets::take_set_up(cx, &mut tx, &ticket).await?;
    if has_administrator(&mut tx, app.timekeeper.range().earliest).await? {
        return Err(TicketProblem::Invalid.into());
    }
    let roles = [ADMINISTRATOR.to_owned()];
    let new = NewUser { email, name: &name, password: Some(&hash), roles: &roles };
    let user_id = create_in(app, &mut tx, &by, &new).await?;
    let entry = Entry::new(EventKind::SetUp, Some(&user_id));
    record(&mut tx, &entry, &cx.client, app.clock.now()).await?;
    tx.commit().await?;
    tickets::forget(cx);
    let owner = Owner { user_id, epoch: 0 };
    let proof = Proof::by_password(owner, limits::account_subject(email), app.clock.now());
    let intent = Intent::SignIn { return_to: ReturnTo::from_query("/admin"), remembered: false };
    advance(cx, Attempt::new(intent), proof).await
}
