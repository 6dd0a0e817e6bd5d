//! Handles a visitor whom a provider identified.

use super::linking::{Address, Facts, Link, Membership, Outcome, Purpose};
use super::unfinished::{UNFINISHED, Unfinished};
use super::{CLOCK_SKEW, Identity};
use crate::audit::EventKind;
use crate::audit::server::record_event_about;
use crate::error::{AppError, ServerProblem};
use crate::form::{Done, Notice};
use crate::linked_account::server::{ProviderAccount, find_owner, link};
use crate::paths::FINISH_PAGE;
use crate::proof::Method;
use crate::proof::server::Proof;
use crate::server::db::Tx;
use crate::server::limits::{self, LimitedAction};
use crate::server::{Context, Error};
use crate::sign_in::server::{Attempt, Intent, advance};
use crate::sign_up;
use crate::sign_up::SignUpProblem;
use crate::sign_up::server::{Admission, SignUpRule};
use crate::social::{Added, FinishSignUpForm, SocialProblem, UnfinishedSignUp};
use crate::user::server::Owner;
use crate::user::server::{
    UserEmail, UserId, find_by_email, insert, is_verified, lock_user, mark_signed_up,
};
use crate::user::{DisplayName, Email};
use crate::verification;

/// Completes the attempt for which the visitor went to the provider.
pub async fn complete_attempt(
    cx: &Context,
    attempt: Attempt,
    identity: Identity,
) -> Result<Done, Error> {
    let tx = cx.app.db.begin().await?;
    complete(cx, tx, attempt, identity, None).await
}

/// Returns what the form of an unfinished sign-up asks for.
pub async fn unfinished(cx: &Context) -> Result<UnfinishedSignUp, Error> {
    let identity = Unfinished::find(cx).await?.identity();
    let account = &identity.account;
    let Missing { email, name, terms } = Missing::of(cx, &identity);
    // An address that the provider does not vouch for is only a suggestion.
    let suggested = account.account.parse::<Email>().map(|it| it.as_str().to_owned());
    Ok(UnfinishedSignUp {
        provider: cx.app.config.provider_label(&account.provider),
        account: account.account.clone(),
        email: email.then(|| suggested.unwrap_or_default()),
        asks_name: name,
        terms_url: cx.app.config.sign_up.terms_url.clone().filter(|_| terms),
    })
}

/// Creates the account of an unfinished sign-up with what its form says, and signs its user in. If the form is refused,
/// it can be sent again.
pub async fn finish(cx: &Context, form: &FinishSignUpForm) -> Result<Done, Error> {
    let mut tx = cx.app.db.begin().await?;
    let unfinished = Unfinished::take(cx, &mut tx).await?;
    let identity = unfinished.identity();
    let Missing { email, name, terms } = Missing::of(cx, &identity);
    let added = form.parse(email, name)?;
    if terms && form.terms.is_none() {
        return Err(SignUpProblem::TermsNotAccepted.into());
    }
    let done = complete(cx, tx, Attempt::new(unfinished.intent), identity, Some(added)).await?;
    cx.clear(&UNFINISHED);
    Ok(done)
}

/// What a new user is asked for.
struct Missing {
    email: bool,
    name: bool,
    terms: bool,
}

impl Missing {
    fn of(cx: &Context, identity: &Identity) -> Self {
        Self {
            email: !matches!(identity.verified_email, Ok(Some(_))),
            name: identity.display_name.is_empty(),
            terms: cx.app.config.sign_up.terms_url.is_some(),
        }
    }
}

async fn complete(
    cx: &Context,
    tx: Tx,
    attempt: Attempt,
    identity: Identity,
    added: Option<Added>,
) -> Result<Done, Error> {
    let now = cx.app.clock.now();
    let at = authentication_time(identity.authenticated_at, now);
    let Some(arrived) = arrive(cx, tx, &attempt, &identity, added.as_ref()).await? else {
        Unfinished::new(&identity, at, &attempt.intent)?.store(cx).await?;
        return Ok(Done::go(FINISH_PAGE));
    };
    // Whoever sits at an unlocked browser can keep the provider from asking again, if it does not say when it asked.
    let confirms = matches!(attempt.intent, Intent::Reauthenticate { .. });
    let is_multi_factor =
        identity.is_multi_factor && (identity.authenticated_at.is_some() || !confirms);
    let proof = Proof {
        method: Method::Provider { name: identity.account.provider.clone(), is_multi_factor },
        at,
        owner: arrived.owner,
        account: Some(identity.account),
        failures_of: None,
    };
    let done = advance(cx, attempt, proof).await?;
    Ok(Done { notice: done.notice.or(arrived.notice), ..done })
}

/// The user at the provider, as a user here.
struct Arrived {
    /// `None` if the account is linked to nobody.
    owner: Option<Owner>,
    notice: Option<Notice>,
}

/// Returns when the provider authenticated the user, in Unix seconds, by its own claim. A time in
/// the future proves nothing.
fn authentication_time(claimed: Option<i64>, now: i64) -> i64 {
    match claimed {
        Some(at) if at > now + CLOCK_SKEW => 0,
        Some(at) => at.min(now),
        None => now,
    }
}

/// Finds out what the account leads to, and does everything but starting a session or linking to the signed-in user.
/// Returns `None` if the user must be asked for something first.
async fn arrive(
    cx: &Context,
    mut tx: Tx,
    attempt: &Attempt,
    identity: &Identity,
    added: Option<&Added>,
) -> Result<Option<Arrived>, Error> {
    let account = &identity.account;
    let owner = find_owner(&mut tx, account).await?;
    let purpose = match attempt.intent {
        Intent::SignIn { .. } => Purpose::SignIn,
        Intent::Reauthenticate { .. } => Purpose::Confirm,
        Intent::Link => Purpose::Link,
    };
    let link = match (&owner, &attempt.expected) {
        (None, _) => Link::Nobody,
        (Some(_), None) => Link::Theirs,
        (Some(owner), Some(viewer)) if owner.user_id == viewer.user_id => Link::Theirs,
        (Some(_), Some(_)) => Link::SomeoneElse,
    };
    // Only a new user needs an email address and an invitation.
    let newcomer = if purpose == Purpose::SignIn && link == Link::Nobody {
        Newcomer::find(cx, &mut tx, identity, added).await?
    } else {
        Newcomer::unasked(cx)
    };
    let membership = identity.membership.map_err(AppError::Social)?;
    let (address, sign_up) = (newcomer.address, newcomer.rule);
    let outcome = Outcome::of(Facts { purpose, link, membership, address, sign_up });
    if outcome.is_err() && purpose == Purpose::SignIn && membership != Membership::Outsider {
        // Another tab of the visitor may have signed up since, with the same address.
        let owner = find_owner(&mut tx, account).await?;
        if owner.is_some() {
            return Ok(Some(Arrived { owner, notice: None }));
        }
    }
    let outcome = outcome?;
    let missing = Missing::of(cx, identity);
    let is_asked = match outcome {
        Outcome::SignUp => missing.email || missing.name || missing.terms,
        Outcome::TakeOver => missing.terms,
        Outcome::Continue | Outcome::Link => false,
    };
    if is_asked && added.is_none() {
        return Ok(None);
    }
    Ok(Some(match outcome {
        Outcome::Continue | Outcome::Link => {
            tx.commit().await?;
            Arrived { owner, notice: None }
        }
        Outcome::TakeOver => take_over(cx, tx, &newcomer, account).await?,
        Outcome::SignUp => create(cx, tx, identity, &newcomer, added).await?,
    }))
}

/// What decides about a user whom nobody here knows.
struct Newcomer {
    /// Set if the provider vouches for it, or an invitation.
    email: Option<Email>,
    /// The user who has the address, and how they write it.
    holder: Option<(UserId, Email)>,
    address: Address,
    admission: Admission,
    rule: SignUpRule,
}

impl Newcomer {
    async fn find(
        cx: &Context,
        tx: &mut Tx,
        identity: &Identity,
        added: Option<&Added>,
    ) -> Result<Self, Error> {
        let vouched = identity.verified_email.clone().map_err(AppError::Social)?;
        let stated = vouched.as_ref().or(added.and_then(|it| it.email.as_ref()));
        let (admission, rule) = match stated {
            None => (Admission::default(), sign_up::server::rule_of_browser(cx).await),
            Some(email) => sign_up::server::assess(cx, tx, email).await?,
        };
        let email = stated.filter(|_| vouched.is_some() || admission.has_invitation()).cloned();
        let holder = match &email {
            Some(email) => find_by_email(tx, email.key()).await?,
            None => None,
        };
        let address = match (&email, &holder) {
            (None, _) => Address::None,
            (Some(_), None) => Address::Free,
            (Some(email), Some(_)) if is_verified(tx, email).await? => Address::Verified,
            _ => Address::Unverified,
        };
        Ok(Self { email, holder, address, admission, rule })
    }

    fn unasked(cx: &Context) -> Self {
        Self {
            email: None,
            holder: None,
            address: Address::None,
            admission: Admission::default(),
            rule: SignUpRule::of(&cx.app, None),
        }
    }
}

/// Gives the user an account that has their email address and never verified it.
async fn take_over(
    cx: &Context,
    mut tx: Tx,
    newcomer: &Newcomer,
    account: &ProviderAccount,
) -> Result<Arrived, Error> {
    let (app, admission) = (&cx.app, &newcomer.admission);
    let (user_id, email) = newcomer.holder.as_ref().ok_or(ServerProblem::Internal)?;
    sign_up::server::take_over(cx, &mut tx, user_id, email).await?;
    link(&mut tx, user_id, account, app.clock.now()).await?;
    let kind = EventKind::ProviderLinked;
    record_event_about(cx, &mut tx, kind, user_id, &account.provider).await?;
    sign_up::server::record_terms(cx, &mut tx, user_id).await?;
    admission.assign_invited_role(app, &mut tx, user_id).await?;
    let epoch = lock_user(&mut tx, user_id).await?.epoch;
    tx.commit().await?;
    admission.clear_ticket(cx);
    let owner = Some(Owner { user_id: user_id.clone(), epoch });
    Ok(Arrived { owner, notice: Some(Notice::SignedInAfterRevocation) })
}

/// Creates a user, or finds the one whom another tab of the visitor has just created.
async fn create(
    cx: &Context,
    mut tx: Tx,
    identity: &Identity,
    newcomer: &Newcomer,
    added: Option<&Added>,
) -> Result<Arrived, Error> {
    let (app, account) = (&cx.app, &identity.account);
    limits::take_in(app, &mut tx, LimitedAction::SignUp, &cx.client, None).await?;
    let now = app.clock.now();
    let admission = &newcomer.admission;
    let address = newcomer.email.as_ref().map(|email| UserEmail { email, is_verified: true });
    let said = identity.display_name.parse::<DisplayName>().ok();
    let typed = added.and_then(|it| it.name.as_ref());
    let name = typed.or(said.as_ref()).map_or("", DisplayName::as_str);
    let user_id = insert(&mut tx, address, name, now).await?;
    let is_first = match &user_id {
        Some(user_id) => link(&mut tx, user_id, account, now).await?,
        None => false,
    };
    let Some(user_id) = user_id.filter(|_| is_first) else {
        // Another tab was first, and its user stays; ours is rolled back with the transaction.
        drop(tx);
        let mut tx = app.db.begin().await?;
        let owner = find_owner(&mut tx, account).await?;
        let owner = owner.ok_or(AppError::Social(SocialProblem::EmailTaken))?;
        return Ok(Arrived { owner: Some(owner), notice: None });
    };
    mark_signed_up(&mut tx, &user_id).await?;
    record_event_about(cx, &mut tx, EventKind::SignedUp, &user_id, &account.provider).await?;
    sign_up::server::record_terms(cx, &mut tx, &user_id).await?;
    admission.assign_invited_role(app, &mut tx, &user_id).await?;
    let typed = added.and_then(|it| it.email.as_ref()).filter(|_| newcomer.email.is_none());
    if let Some(email) = typed {
        // Whether another account has the address, only who opens the link learns.
        verification::server::send_change_mail(cx, &mut tx, &user_id, email).await?;
    }
    tx.commit().await?;
    admission.clear_ticket(cx);
    let notice = typed.map(|_| Notice::VerificationSent);
    Ok(Arrived { owner: Some(Owner { user_id, epoch: 0 }), notice })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn v5_0_0__6_8_4__a_future_auth_time_is_clamped_or_ignored() {
        for (claimed, expected) in [
            (None, 1000),
            (Some(400), 400),
            (Some(0), 0),
            (Some(1000), 1000),
            (Some(1060), 1000),
            (Some(1061), 0),
        ] {
            assert_eq!(authentication_time(claimed, 1000), expected, "{claimed:?}");
        }
    }
}
