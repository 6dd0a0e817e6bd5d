//! Creates accounts.

use super::Registration;
use crate::audit::Kind;
use crate::audit::server::Entry;
use crate::audit::server::note;
use crate::error::{AppError, Problems};
use crate::form::RowId;
use crate::mail::server::{self as mail, Event, Mail};
use crate::password;
use crate::password::Strength;
use crate::password::server::{Accepted, PasswordHash, failures};
use crate::role::server::{By, give_in, lock_administrators, lock_giveable};
use crate::role::{ADMINISTRATOR, Permission};
use crate::server::config::SignUpMode;
use crate::server::db::Tx;
use crate::server::limits::{self, LimitedAction};
use crate::server::{App, Context, Error};
use crate::sign_up::SignUpProblem;
use crate::ticket::server::{self as tickets, Used};
use crate::ticket::{Purpose, TicketProblem};
use crate::unwinding::server::unwind;
use crate::user::server::{
    Address, UserId, find_by_email, find_contact, insert, mark_signed_up, set_email,
};
use crate::user::{Email, EmailProblem};
use crate::verification;

/// The invitation that admitted a user, if any. It verifies their email address.
#[derive(Clone, Debug)]
pub struct Invited(Option<Used>);

impl Invited {
    #[must_use]
    pub const fn has_proven(&self) -> bool {
        self.0.is_some()
    }

    /// Gives a new user the invitation's role.
    pub async fn welcome(&self, app: &App, tx: &mut Tx, user_id: &UserId) -> Result<(), Error> {
        let Some(invitation) = &self.0 else { return Ok(()) };
        let Some(role) = &invitation.role_id else { return Ok(()) };
        // The inviter must still be able to give it: their permissions or the role may have changed.
        match give_in(app, tx, &By::earlier(&invitation.invited_by), user_id, role).await {
            Err(Error::Refused(_)) => Ok(()),
            given => given,
        }
    }

    /// Removes the ticket of a used invitation from the browser.
    pub fn forget(&self, cx: &Context) {
        if self.0.is_some() {
            tickets::forget(cx);
        }
    }
}

/// Creates a user with a password and sends a link to verify the email address. If the address has
/// an account, does the same work, leaves the account as it is and tells its owner by mail.
pub async fn register(
    cx: &Context,
    named: &RowId,
    registration: &Registration,
) -> Result<Option<Strength>, Error> {
    let app = &cx.app;
    let email = &registration.email;
    let account = limits::account_subject(email);
    limits::take(app, LimitedAction::SignUp, &cx.client, Some(&account)).await?;
    if !named.as_str().is_empty() {
        tickets::require_named(cx, named).await?;
    }
    let at = |it| Problems { password: Some(it), ..Problems::default() };
    let Accepted { hash, strength } =
        password::server::hash_new(app, &registration.password, &[email.as_str()], at).await?;
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let invited = admit(cx, &mut tx, Some(email)).await?;
    let address = Address { email, is_verified: invited.has_proven() };
    if let Some(user_id) = insert(&mut tx, Some(address), "", now).await? {
        password::server::store(&mut tx, &user_id, &hash, now).await?;
        // Earlier failures were not about this password.
        failures::clear(&mut tx, &account).await?;
        mark_signed_up(&mut tx, &user_id).await?;
        note(cx, &mut tx, Kind::SignedUp, &user_id).await?;
        invited.welcome(app, &mut tx, &user_id).await?;
        if !invited.has_proven() {
            verification::server::start(app, &mut tx, &user_id, email).await?;
        }
    } else if let Some((user_id, email)) = find_by_email(&mut tx, email.key()).await? {
        if invited.has_proven() {
            take_over(cx, &mut tx, &user_id, &email, &hash).await?;
            invited.welcome(app, &mut tx, &user_id).await?;
            tx.commit().await?;
            invited.forget(cx);
            return Ok(strength);
        }
        let letter = Mail::SignUpTaken { event: Event::new(now, &cx.client) };
        mail::send(app, &mut tx, Some(&user_id), &email, &letter).await?;
    }
    tx.commit().await?;
    invited.forget(cx);
    Ok(strength)
}

/// Gives an account with an unverified email address to the user invited at that address, and removes what
/// was set up in it. Refused if the address is verified; the invitation then stays unused.
async fn take_over(
    cx: &Context,
    tx: &mut Tx,
    user_id: &UserId,
    email: &Email,
    hash: &PasswordHash,
) -> Result<(), Error> {
    let now = cx.app.clock.now();
    let contact = find_contact(tx, user_id).await?;
    if contact.is_verified || contact.email.as_ref() != Some(email) {
        return Err(TicketProblem::AddressTaken.into());
    }
    unwind(&cx.app, tx, user_id).await?;
    set_email(tx, user_id, email, now).await?;
    password::server::store(tx, user_id, hash, now).await?;
    failures::clear(tx, &limits::account_subject(email)).await?;
    note(cx, tx, Kind::AddressVerified, user_id).await?;
    note(cx, tx, Kind::PasswordSet, user_id).await
}

/// Admits a visitor with this email address, by invitation or by the site's mode, or refuses them.
pub async fn admit(cx: &Context, tx: &mut Tx, email: Option<&Email>) -> Result<Invited, Error> {
    let config = &cx.app.config.sign_up;
    if let Some(email) = email
        && let Some(invitation) = tickets::take_invitation(cx, tx, email).await?
    {
        return Ok(Invited(Some(invitation)));
    }
    let is_of_domain =
        || email.is_some_and(|it| config.domains.iter().any(|own| own == it.domain()));
    match config.mode {
        SignUpMode::Open => Ok(Invited(None)),
        SignUpMode::Domains if is_of_domain() => Ok(Invited(None)),
        SignUpMode::Domains => {
            let problem = Some(EmailProblem::OtherDomain);
            Err(AppError::Invalid(Problems { email: problem, ..Problems::default() }).into())
        }
        SignUpMode::Invited => Err(SignUpProblem::InvitationNeeded.into()),
        SignUpMode::Closed => Err(SignUpProblem::Closed.into()),
    }
}

/// Returns why this browser can't sign up with any email address. An invitation works in every mode.
pub async fn refusal(cx: &Context) -> Option<AppError> {
    let refusal = match cx.app.config.sign_up.mode {
        SignUpMode::Open | SignUpMode::Domains => return None,
        SignUpMode::Invited => AppError::SignUp(SignUpProblem::InvitationNeeded),
        SignUpMode::Closed => AppError::SignUp(SignUpProblem::Closed),
    };
    // If this can't be determined, show the form; its post is refused.
    let is_invited = match tickets::view(cx).await {
        Ok(ticket) => ticket.purpose == Purpose::Invitation,
        Err(Error::Refused(_)) => false,
        Err(error) => {
            tracing::error!(error = error.chain(), "it is not known whether a visitor is invited");
            true
        }
    };
    (!is_invited).then_some(refusal)
}

/// Invites a user: mails this email address a link to sign up, and returns the link.
pub async fn invite(
    app: &App,
    by: &By,
    email: &Email,
    role_id: Option<&str>,
) -> Result<String, Error> {
    let mut tx = app.db.begin().await?;
    if role_id == Some(ADMINISTRATOR) {
        // Before all other locks, including the actor's.
        lock_administrators(&mut tx).await?;
    }
    let mut acting = by.act(app, &mut tx, Permission::UsersInvite).await?;
    let issued = tickets::issue(app, &mut tx, Purpose::Invitation, None, email).await?;
    let mut about = email.masked();
    if let Some(role_id) = role_id {
        let (again, name, _) = lock_giveable(app, &mut tx, by, role_id).await?;
        about = format!("{about} {name}");
        acting = again;
    }
    tickets::set_inviter(&mut tx, &issued, &by.id, role_id).await?;
    let link = issued.link.clone();
    let letter = Mail::Invitation { link: issued.link, lifetime: issued.lifetime };
    mail::send(app, &mut tx, None, email, &letter).await?;
    acting.note(app, &mut tx, Entry::new(Kind::Invited, None).about(&about)).await?;
    tx.commit().await?;
    Ok(link)
}
