//! Asks for a passkey, and checks what it signed (WebAuthn, section 7.2).

use serde::Deserialize;
use webauthn_rs::Webauthn;
use webauthn_rs::prelude::{
    AuthenticationResult, Credential, DiscoverableAuthentication, Passkey, PublicKeyCredential,
    WebauthnError,
};

use super::challenge::{self, Ceremony};
use super::{PasskeyResponse, StoredPasskey, encoded, find, is_removed, list, relying_party};
use crate::args;
use crate::audit::EventKind;
use crate::audit::server::{Entry, record, record_event_about};
use crate::form::Done;
use crate::mail::server::{Mail, UntrustedText};
use crate::passkey::{PasskeyChallenge, PasskeyProblem, PasskeyRequest};
use crate::password::server::failures;
use crate::proof::Method;
use crate::proof::server::{Proof, Proofs};
use crate::second_factor_policy::server::provable;
use crate::security_notice::server::send_security_notice;
use crate::server::config::AcceptedFactors;
use crate::server::db::Tx;
use crate::server::limits::{self, LimitedAction};
use crate::server::{Context, Error};
use crate::session::server::{SignedIn, lock_signed_in};
use crate::sign_in::SignInProblem;
use crate::sign_in::server::{Attempt, Intent, advance};
use crate::ticket::Purpose;
use crate::ticket::server as tickets;
use crate::user::server::{Owner, UserId, find_passkey_handle, lock_user};

const USE: &str = "
    UPDATE passkeys
    SET credential = $1, used_at = $2, is_discoverable = is_discoverable OR $3, is_device_bound = $4
    WHERE id = $5";

const DISABLE: &str = "
    UPDATE passkeys
    SET disabled_at = $1
    WHERE id = $2";

/// Issues a challenge for these passkeys. An empty list allows any, as a sign-in needs.
fn begin(
    cx: &Context,
    ceremony: Ceremony<'_>,
    allowed: &[StoredPasskey],
) -> Result<PasskeyChallenge, Error> {
    let (options, state) = relying_party::verifier(&cx.app)?.start_discoverable_authentication()?;
    // The library asks for extensions that nothing here uses.
    let mut options = serde_json::to_value(options.public_key)?;
    options["extensions"] = serde_json::json!({});
    options["allowCredentials"] = allowed
        .iter()
        .map(|it| {
            let credential = Credential::from(it.passkey.clone());
            serde_json::json!({
                "type": "public-key",
                "id": encoded(&credential.cred_id),
                "transports": credential.transports.unwrap_or_default(),
            })
        })
        .collect();
    Ok(PasskeyChallenge {
        request: PasskeyRequest::Use,
        options: options.to_string(),
        token: challenge::issue(cx, ceremony, state)?,
    })
}

/// Issues a challenge for the passkey of any account.
pub fn begin_sign_in(cx: &Context) -> Result<PasskeyChallenge, Error> {
    begin(cx, Ceremony::SignIn, &[])
}

/// Issues a challenge for those passkeys of a pending sign-in's user that are accepted.
pub async fn begin_second_factor(
    cx: &Context,
    user_id: &UserId,
    accepted: AcceptedFactors,
) -> Result<PasskeyChallenge, Error> {
    let mut tx = cx.app.db.snapshot().await?;
    begin_for(cx, &mut tx, (Ceremony::SecondFactor(user_id), user_id), accepted).await
}

/// Issues a challenge for the passkeys of the signed-in user.
pub async fn begin_confirmation(cx: &Context, user: &SignedIn) -> Result<PasskeyChallenge, Error> {
    let user_id = &user.user_id;
    let mut tx = cx.app.db.snapshot().await?;
    let accepted = provable(&cx.app, &mut tx, user_id).await?.unwrap_or(AcceptedFactors::Any);
    begin_for(cx, &mut tx, (Ceremony::Confirm(user_id), user_id), accepted).await
}

async fn begin_for(
    cx: &Context,
    tx: &mut Tx,
    (ceremony, user_id): (Ceremony<'_>, &UserId),
    accepted: AcceptedFactors,
) -> Result<PasskeyChallenge, Error> {
    let mut allowed = list(tx, user_id).await?;
    allowed.retain(|it| it.is_accepted(accepted));
    if allowed.is_empty() {
        // An empty list would allow any passkey.
        return Err(PasskeyProblem::NotUsed.into());
    }
    begin(cx, ceremony, &allowed)
}

/// Reads a browser's response. An empty one was sent without scripts, or by a browser that used no passkey.
fn parse(response: &PasskeyResponse) -> Result<PublicKeyCredential, PasskeyProblem> {
    match response.credential.expose() {
        "" => Err(PasskeyProblem::NotUsed),
        text => serde_json::from_str(text).map_err(|_| PasskeyProblem::Refused),
    }
}

/// Signs in the owner of a passkey.
pub async fn sign_in(
    cx: &Context,
    response: &PasskeyResponse,
    intent: Intent,
) -> Result<Done, Error> {
    let app = &cx.app;
    let credential = parse(response)?;
    limits::take(app, LimitedAction::SignIn, &cx.client, None).await?;
    let mut tx = app.db.begin().await?;
    let Some(StoredPasskey { user_id, .. }) = find(&mut tx, credential.get_credential_id()).await?
    else {
        let entry = Entry::new(EventKind::SignInRefused, None).about("passkey");
        record(&mut tx, &entry, &cx.client, app.clock.now()).await?;
        let is_removed = is_removed(&mut tx, credential.get_credential_id()).await?;
        tx.commit().await?;
        // An authenticator deletes a passkey that no account has, and a security notice can restore this one.
        let problem = if is_removed { PasskeyProblem::Refused } else { PasskeyProblem::Unknown };
        return Err(problem.into());
    };
    let epoch = lock_user(&mut tx, &user_id).await?.epoch;
    let (tx, method) = prove(cx, tx, (Ceremony::SignIn, &user_id), response).await?;
    tx.commit().await?;
    let proof = Proof::new(method, Owner { user_id, epoch }, app.clock.now());
    advance(cx, Attempt::new(intent), proof).await
}

/// Confirms the identity of the signed-in user.
pub async fn confirm(
    cx: &Context,
    user: &SignedIn,
    response: &PasskeyResponse,
) -> Result<Proof, Error> {
    let app = &cx.app;
    limits::take(app, LimitedAction::SignIn, &cx.client, None).await?;
    let mut tx = app.db.begin().await?;
    lock_signed_in(app, &mut tx, user).await?;
    let ceremony = Ceremony::Confirm(&user.user_id);
    let (mut tx, method) = prove(cx, tx, (ceremony, &user.user_id), response).await?;
    let proofs = Proofs::of(method.clone(), app.clock.now());
    if let Some(accepted) = provable(app, &mut tx, &user.user_id).await?
        && !proofs.has_second_factor(accepted)
    {
        // Nothing is committed: such a passkey must not stop a removal of lost factors.
        return Err(SignInProblem::SecondFactorNotAccepted.into());
    }
    tx.commit().await?;
    let owner = Owner { user_id: user.user_id.clone(), epoch: user.epoch };
    Ok(Proof::new(method, owner, app.clock.now()))
}

/// Verifies the response of one of this user's passkeys, and returns the method that was proved. The transaction must have locked
/// the user's row, and is returned for the caller to commit. A refusal records an event and commits; an empty or malformed
/// response fails without an event.
pub async fn prove(
    cx: &Context,
    mut tx: Tx,
    (ceremony, user_id): (Ceremony<'_>, &UserId),
    response: &PasskeyResponse,
) -> Result<(Tx, Method), Error> {
    let credential = parse(response)?;
    let state = challenge::take(cx, &mut tx, ceremony, &response.token).await?;
    let checked = match state {
        Some(state) => check(cx, &mut tx, (ceremony, user_id), &credential, state).await?,
        None => Err(PasskeyProblem::Expired),
    };
    let problem = match checked {
        Ok(method) => return Ok((tx, method)),
        Err(problem) => problem,
    };
    let kind = match ceremony {
        Ceremony::Confirm(_) => EventKind::ReauthenticationRefused,
        _ => EventKind::SignInRefused,
    };
    record_event_about(cx, &mut tx, kind, user_id, "passkey").await?;
    tx.commit().await?;
    Err(problem.into())
}

async fn check(
    cx: &Context,
    tx: &mut Tx,
    (ceremony, user_id): (Ceremony<'_>, &UserId),
    response: &PublicKeyCredential,
    state: DiscoverableAuthentication,
) -> Result<Result<Method, PasskeyProblem>, Error> {
    let app = &cx.app;
    let found = find(tx, response.get_credential_id()).await?;
    // The library compares neither the owner nor the handle.
    let handle = find_passkey_handle(tx, user_id).await?;
    let is_their_handle = match response.get_user_unique_id() {
        Some(sent) => handle == Some(encoded(sent)),
        // Keys that store no account send none; they can only be asked for by id.
        None => !matches!(ceremony, Ceremony::SignIn),
    };
    let is_theirs = |it: &StoredPasskey| it.user_id == *user_id && is_their_handle;
    let Some(mut stored) = found.filter(|it| is_theirs(it) && is_on_top(response)) else {
        return Ok(Err(PasskeyProblem::Refused));
    };
    let result = match verify(&relying_party::verifier(app)?, response, state, &stored.passkey) {
        Ok(result) if result.user_verified() => result,
        Err(WebauthnError::CredentialPossibleCompromise) => {
            if !stored.is_disabled {
                disable(cx, tx, &stored).await?;
            }
            return Ok(Err(PasskeyProblem::Disabled));
        }
        Ok(_) => return Ok(Err(PasskeyProblem::Refused)),
        Err(error) => {
            tracing::info!(%error, "a passkey was refused");
            return Ok(Err(PasskeyProblem::Refused));
        }
    };
    if stored.is_disabled {
        return Ok(Err(PasskeyProblem::Disabled));
    }
    stored.passkey.update_credential(&result);
    let credential = serde_json::to_string(&stored.passkey)?;
    let was_discovered = matches!(ceremony, Ceremony::SignIn);
    let is_device_bound = stored.is_device_bound();
    let now = app.clock.now();
    tx.execute(USE, args![credential, now, was_discovered, is_device_bound, &stored.id]).await?;
    if app.config.second_factor.accept.includes_passkey(is_device_bound) {
        // The owner is there: wrong codes are forgotten, and a removal of lost factors stops.
        failures::clear(tx, &failures::second_factor_key(user_id)).await?;
        tickets::revoke(tx, user_id, Purpose::FactorRecovery).await?;
    }
    Ok(Ok(Method::Passkey { is_device_bound }))
}

/// The part of a browser's data that the library does not check.
#[derive(Deserialize)]
struct ClientData {
    #[serde(rename = "crossOrigin", default)]
    is_cross_origin: bool,
}

/// Returns whether the request came from no frame of another site (WebAuthn, section 7.2).
fn is_on_top(response: &PublicKeyCredential) -> bool {
    serde_json::from_slice(&response.response.client_data_json)
        .is_ok_and(|it: ClientData| !it.is_cross_origin)
}

/// Verifies the origin, the challenge, the flags, the signature and the counter. Of the flags, user presence and user
/// verification are required.
fn verify(
    verifier: &Webauthn,
    response: &PublicKeyCredential,
    state: DiscoverableAuthentication,
    passkey: &Passkey,
) -> Result<AuthenticationResult, WebauthnError> {
    let again = state.clone();
    match verifier.finish_discoverable_authentication_v2(response, state, passkey) {
        Err(WebauthnError::CredentialBackupEligibilityInconsistent) => {
            // Password managers that begin to sync their passkeys turn this flag on. It never turns off.
            let mut credential = Credential::from(passkey.clone());
            if credential.backup_eligible {
                return Err(WebauthnError::CredentialBackupEligibilityInconsistent);
            }
            credential.backup_eligible = true;
            verifier.finish_discoverable_authentication_v2(response, again, &credential)
        }
        other => other,
    }
}

/// Disables a passkey whose counter ran backwards, because someone may have copied it, and notifies its owner.
async fn disable(cx: &Context, tx: &mut Tx, stored: &StoredPasskey) -> Result<(), Error> {
    tx.execute(DISABLE, args![cx.app.clock.now(), &stored.id]).await?;
    let kind = EventKind::PasskeyDisabled;
    record_event_about(cx, tx, kind, &stored.user_id, &stored.name).await?;
    let name = UntrustedText::new(&stored.name);
    send_security_notice(cx, tx, &stored.user_id, |event, not_me| Mail::PasskeyDisabled {
        event,
        name,
        not_me,
    })
    .await
}
