//! Creates accounts.

use super::NewAccount;
use crate::access_revocation::server::revoke_all_access;
use crate::audit::EventKind;
use crate::audit::server::Entry;
use crate::audit::server::{record_event, record_event_about};
use crate::error::{AppError, Problems};
use crate::form::RowId;
use crate::mail::server::{self as mail, EventOrigin, Mail};
use crate::passkey;
use crate::passkey::server::{PasskeyResponse, SignUpPasskey};
use crate::password;
use crate::password::Strength;
use crate::password::server::{Accepted, PasswordHash, failures};
use crate::role::server::{Principal, assign_in, lock_administrators, lock_assignable};
use crate::role::{ADMINISTRATOR, Permission};
use crate::server::config::SignUpMode;
use crate::server::db::Tx;
use crate::server::limits::{self, LimitedAction};
use crate::server::{App, Context, Error};
use crate::sign_up::SignUpProblem;
use crate::ticket::server::{self as tickets, UsedTicket};
use crate::ticket::{Purpose, TicketProblem};
use crate::user::server::{
    UserEmail, UserId, find_by_email, insert, lock_user, mark_signed_up, set_email,
};
use crate::user::{Email, EmailProblem};
use crate::verification;

/// The invitation that admitted a user, if any. It verifies their email address.
#[derive(Clone, Debug, Default)]
pub struct Admission(Option<UsedTicket>);

impl Admission {
    #[must_use]
    pub const fn has_invitation(&self) -> bool {
        self.0.is_some()
    }

    /// Gives a new user the invitation's role.
    pub async fn assign_invited_role(
        &self,
        app: &App,
        tx: &mut Tx,
        user_id: &UserId,
    ) -> Result<(), Error> {
        let Some(invitation) = &self.0 else { return Ok(()) };
        let Some(role) = &invitation.role_id else { return Ok(()) };
        // The inviter must still be able to give it: their permissions or the role may have changed.
        match assign_in(app, tx, &Principal::absent(&invitation.invited_by), user_id, role).await {
            Err(Error::Refused(_)) => Ok(()),
            given => given,
        }
    }

    /// Removes the ticket of a used invitation from the browser.
    pub fn clear_ticket(&self, cx: &Context) {
        if self.0.is_some() {
            tickets::forget(cx);
        }
    }
}

/// What decides whether a visitor may sign up.
#[derive(Clone, Copy, Debug)]
pub struct SignUpRule {
    pub mode: SignUpMode,
    /// Whether the visitor has an invitation to their email address.
    pub is_invited: bool,
    /// Whether their email address is in one of the domains.
    pub is_of_domain: bool,
}

impl SignUpRule {
    /// Creates the rule for a visitor who is not invited.
    #[must_use]
    pub fn of(app: &App, email: Option<&Email>) -> Self {
        let config = &app.config.sign_up;
        let is_of_domain =
            email.is_some_and(|it| config.domains.iter().any(|own| own == it.domain()));
        Self { mode: config.mode, is_invited: false, is_of_domain }
    }

    #[must_use]
    pub fn refusal(self) -> Option<AppError> {
        match self.mode {
            _ if self.is_invited => None,
            SignUpMode::Open => None,
            SignUpMode::Domains if self.is_of_domain => None,
            SignUpMode::Domains => {
                let email = Some(EmailProblem::OtherDomain);
                Some(AppError::Invalid(Problems { email, ..Problems::default() }))
            }
            SignUpMode::Invited => Some(SignUpProblem::InvitationNeeded.into()),
            SignUpMode::Groups => Some(SignUpProblem::MembersOnly.into()),
            SignUpMode::Closed => Some(SignUpProblem::Closed.into()),
        }
    }
}

/// What a new user signs in with.
#[derive(Debug)]
enum NewCredential {
    Password(PasswordHash),
    Passkey(Box<SignUpPasskey>),
}

impl NewCredential {
    /// Stores it for a user whose row is locked.
    async fn store(&self, cx: &Context, tx: &mut Tx, user_id: &UserId) -> Result<(), Error> {
        match self {
            Self::Password(hash) => {
                password::server::store(tx, user_id, hash, cx.app.clock.now()).await
            }
            Self::Passkey(new) => passkey::server::insert_first(cx, tx, user_id, new).await,
        }
    }

    const fn event(&self) -> EventKind {
        match self {
            Self::Password(_) => EventKind::PasswordSet,
            Self::Passkey(_) => EventKind::PasskeyAdded,
        }
    }
}

/// Creates a user with a password, unless the email address has an account.
pub async fn with_password(
    cx: &Context,
    ticket_id: &RowId,
    new_account: &NewAccount,
) -> Result<Option<Strength>, Error> {
    let email = &new_account.email;
    begin(cx, ticket_id, email).await?;
    let at = |it| Problems { password: Some(it), ..Problems::default() };
    let Accepted { hash, strength } =
        password::server::hash_new(&cx.app, &new_account.password, &[email.as_str()], at).await?;
    create_account(cx, email, &NewCredential::Password(hash)).await?;
    Ok(strength)
}

/// Creates a user with a passkey, unless the email address has an account.
pub async fn with_passkey(
    cx: &Context,
    ticket_id: &RowId,
    email: &Email,
    response: &PasskeyResponse,
) -> Result<(), Error> {
    begin(cx, ticket_id, email).await?;
    let new = passkey::server::check_sign_up(cx, email, response).await?;
    create_account(cx, email, &NewCredential::Passkey(Box::new(new))).await
}

/// Counts the attempt against the limits, and checks the ticket.
async fn begin(cx: &Context, ticket_id: &RowId, email: &Email) -> Result<(), Error> {
    let account = limits::account_subject(email);
    limits::take(&cx.app, LimitedAction::SignUp, &cx.client, Some(&account)).await?;
    if !ticket_id.as_str().is_empty() {
        tickets::require_current_ticket(cx, ticket_id).await?;
    }
    Ok(())
}

/// Creates a user and sends a link to verify the email address. If the address has an account, does the same work,
/// leaves the account as it is and tells its owner by mail.
async fn create_account(
    cx: &Context,
    email: &Email,
    credential: &NewCredential,
) -> Result<(), Error> {
    let app = &cx.app;
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let admission = admit(cx, &mut tx, email).await?;
    let address = UserEmail { email, is_verified: admission.has_invitation() };
    if let Some(user_id) = insert(&mut tx, Some(address), "", now).await? {
        credential.store(cx, &mut tx, &user_id).await?;
        // Earlier failures were not about this credential.
        failures::clear(&mut tx, &limits::account_subject(email)).await?;
        mark_signed_up(&mut tx, &user_id).await?;
        record_event(cx, &mut tx, EventKind::SignedUp, &user_id).await?;
        record_terms(cx, &mut tx, &user_id).await?;
        admission.assign_invited_role(app, &mut tx, &user_id).await?;
        if !admission.has_invitation() {
            verification::server::send_verification_mail(app, &mut tx, &user_id, email).await?;
        }
    } else if let Some((user_id, email)) = find_by_email(&mut tx, email.key()).await? {
        if admission.has_invitation() {
            take_over(cx, &mut tx, &user_id, &email).await?;
            credential.store(cx, &mut tx, &user_id).await?;
            record_event(cx, &mut tx, credential.event(), &user_id).await?;
            admission.assign_invited_role(app, &mut tx, &user_id).await?;
            tx.commit().await?;
            admission.clear_ticket(cx);
            return Ok(());
        }
        let mail = Mail::SignUpTaken { event: EventOrigin::new(now, &cx.client) };
        mail::send(app, &mut tx, Some(&user_id), &email, &mail).await?;
    }
    tx.commit().await?;
    admission.clear_ticket(cx);
    Ok(())
}

/// Gives an account with an unverified email address to the user who proved to own that, and removes what
/// was set up in it. Refused if the address is verified.
pub async fn take_over(
    cx: &Context,
    tx: &mut Tx,
    user_id: &UserId,
    email: &Email,
) -> Result<(), Error> {
    let locked = lock_user(tx, user_id).await?;
    if locked.is_verified || locked.email.as_ref() != Some(email) {
        return Err(TicketProblem::EmailTaken.into());
    }
    revoke_all_access(&cx.app, tx, user_id).await?;
    set_email(tx, user_id, email, cx.app.clock.now()).await?;
    failures::clear(tx, &limits::account_subject(email)).await?;
    record_event(cx, tx, EventKind::EmailVerified, user_id).await
}

/// Admits a visitor with this email address, by invitation or by the site's mode, or refuses them.
async fn admit(cx: &Context, tx: &mut Tx, email: &Email) -> Result<Admission, Error> {
    let (admission, rule) = assess(cx, tx, email).await?;
    rule.refusal().map_or(Ok(admission), |refusal| Err(refusal.into()))
}

/// Uses the visitor's invitation to this email address, if there is one, and returns what decides.
pub async fn assess(
    cx: &Context,
    tx: &mut Tx,
    email: &Email,
) -> Result<(Admission, SignUpRule), Error> {
    let invitation = tickets::take_invitation(cx, tx, email).await?;
    let is_invited = invitation.is_some();
    let rule = SignUpRule { is_invited, ..SignUpRule::of(&cx.app, Some(email)) };
    Ok((Admission(invitation), rule))
}

/// Returns what decides before the visitor has stated an email address: some address may do.
pub async fn rule_of_browser(cx: &Context) -> SignUpRule {
    let rule = SignUpRule { is_of_domain: true, ..SignUpRule::of(&cx.app, None) };
    if rule.refusal().is_none() {
        return rule;
    }
    // If this can't be determined, show the form; its post is refused.
    let is_invited = match tickets::view(cx).await {
        Ok(ticket) => ticket.purpose == Purpose::Invitation,
        Err(Error::Refused(_)) => false,
        Err(error) => {
            tracing::error!(error = error.chain(), "can't check whether a visitor is invited");
            true
        }
    };
    SignUpRule { is_invited, ..rule }
}

/// Records that a new user agreed to the terms, if the site has any.
pub async fn record_terms(cx: &Context, tx: &mut Tx, user_id: &UserId) -> Result<(), Error> {
    let Some(terms) = &cx.app.config.sign_up.terms_url else { return Ok(()) };
    record_event_about(cx, tx, EventKind::TermsAccepted, user_id, terms).await
}

/// Returns why this browser can't sign up with any email address. An invitation works in every mode.
pub async fn refusal(cx: &Context) -> Option<AppError> {
    rule_of_browser(cx).await.refusal()
}

/// Invites a user: mails this email address a link to sign up, and returns the link.
pub async fn invite(
    app: &App,
    by: &Principal,
    email: &Email,
    role_id: Option<&str>,
) -> Result<String, Error> {
    let mut tx = app.db.begin().await?;
    if role_id == Some(ADMINISTRATOR) {
        // Before all other locks, including the actor's.
        lock_administrators(&mut tx).await?;
    }
    let mut acting = by.authorize(app, &mut tx, Permission::UsersInvite).await?;
    let issued = tickets::issue(app, &mut tx, Purpose::Invitation, None, email).await?;
    let mut about = email.masked();
    if let Some(role_id) = role_id {
        let (again, name, _) = lock_assignable(app, &mut tx, by, role_id).await?;
        about = format!("{about} {name}");
        acting = again;
    }
    tickets::set_inviter(&mut tx, &issued, &by.id, role_id).await?;
    let link = issued.link.clone();
    let mail = Mail::Invitation { link: issued.link, lifetime: issued.lifetime };
    mail::send(app, &mut tx, None, email, &mail).await?;
    acting.record(app, &mut tx, Entry::new(EventKind::Invited, None).about(&about)).await?;
    tx.commit().await?;
    Ok(link)
}
