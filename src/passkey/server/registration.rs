//! Asks for a new passkey, and checks what its authenticator responds (WebAuthn, section 7.1).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use webauthn_rs::prelude::{
    CredentialID, Passkey, PasskeyRegistration, RegisterPublicKeyCredential, Uuid,
};

use super::challenge::{self, Ceremony};
use super::{PasskeyAnswer, account_name, display_name, encoded, names, relying_party};
use crate::args;
use crate::passkey::{PasskeyChallenge, PasskeyProblem, PasskeyRequest};
use crate::secret::Secret;
use crate::server::db::Tx;
use crate::server::{Context, Error};
use crate::user::Email;
use crate::user::server::{UserId, set_passkey_handle};

const INSERT: &str = "
    INSERT INTO passkeys (id, user_id, credential_id, credential, name, created_at, seq)
    SELECT $1, u.id, $3, $4, $5, $6, u.notice_seq
    FROM users u
    WHERE u.id = $2
    ON CONFLICT (credential_id) DO NOTHING";

/// Whether an authenticator must store the account itself, so that it can sign in without being told who. Some
/// hardware keys have room for 25.
#[derive(Clone, Copy, Debug)]
pub(super) enum Discoverable {
    Preferred,
    Required,
}

/// The account for which an authenticator creates a passkey.
pub(super) struct Account<'a> {
    /// 16 random bytes.
    pub handle: Uuid,
    pub email: Option<&'a str>,
    pub display_name: &'a str,
}

/// A checked passkey, not stored yet.
#[derive(Clone, Debug)]
pub struct NewPasskey {
    passkey: Passkey,
    /// The name of the authenticator's model; empty if it is unknown.
    pub model: &'static str,
}

/// Asks for a new passkey. `existing` are the credentials of the same user: the browser refuses an authenticator that
/// has one.
pub(super) fn create_options(
    cx: &Context,
    account: &Account<'_>,
    existing: Vec<CredentialID>,
    discoverable: Discoverable,
) -> Result<(String, PasskeyRegistration), Error> {
    let (options, state) = relying_party::verifier(&cx.app)?.start_passkey_registration(
        account.handle,
        account_name(account.email),
        display_name(account.email, account.display_name),
        Some(existing),
    )?;
    let mut options = serde_json::to_value(options.public_key)?;
    // The library asks for keys that no authenticator can find by itself, and for extensions that nothing here uses.
    let (word, is_required) = match discoverable {
        Discoverable::Preferred => ("preferred", false),
        Discoverable::Required => ("required", true),
    };
    options["authenticatorSelection"]["residentKey"] = word.into();
    options["authenticatorSelection"]["requireResidentKey"] = is_required.into();
    options["extensions"] = serde_json::json!({ "credProps": true });
    Ok((options.to_string(), state))
}

/// The part of a response that names the authenticator's model. Nobody vouches for it.
#[derive(Deserialize)]
struct Claim {
    response: ClaimedData,
}

#[derive(Deserialize)]
struct ClaimedData {
    #[serde(rename = "authenticatorData", default)]
    authenticator_data: String,
}

/// Returns the name of the authenticator's model, by its AAGUID (WebAuthn, section 6.5.1); empty if it is unknown.
fn model(credential: &Secret) -> &'static str {
    let claim = serde_json::from_str::<Claim>(credential.expose()).ok();
    let data = claim.and_then(|it| URL_SAFE_NO_PAD.decode(it.response.authenticator_data).ok());
    let id = data.and_then(|it| Uuid::from_slice(it.get(37..53)?).ok());
    id.and_then(names::of).unwrap_or_default()
}

/// Checks a response to [`create_options`]: origin, challenge, flags and key type. User verification is required.
pub(super) fn check(
    cx: &Context,
    credential: &Secret,
    state: &PasskeyRegistration,
) -> Result<NewPasskey, Error> {
    let response: RegisterPublicKeyCredential =
        serde_json::from_str(credential.expose()).map_err(|_| PasskeyProblem::Refused)?;
    match relying_party::verifier(&cx.app)?.finish_passkey_registration(&response, state) {
        Ok(passkey) => Ok(NewPasskey { passkey, model: model(credential) }),
        Err(error) => {
            tracing::info!(%error, "a new passkey was refused");
            Err(PasskeyProblem::Refused.into())
        }
    }
}

/// Stores a passkey of a user whose row is locked. Refused if anyone has it already.
pub(super) async fn insert(
    cx: &Context,
    tx: &mut Tx,
    user_id: &UserId,
    (new, name): (&NewPasskey, &str),
) -> Result<(), Error> {
    let inserted = tx
        .execute(
            INSERT,
            args![
                uuid::Uuid::now_v7().to_string(),
                user_id.as_str(),
                encoded(new.passkey.cred_id()),
                serde_json::to_string(&new.passkey)?,
                name,
                cx.app.clock.now()
            ],
        )
        .await?;
    if inserted == 1 { Ok(()) } else { Err(PasskeyProblem::AlreadyAdded.into()) }
}

/// The state of a sign-up with a passkey.
#[derive(Serialize, Deserialize)]
struct SignUpState {
    handle: Uuid,
    email: String,
    registration: PasskeyRegistration,
}

/// Asks for the passkey of a new account. Does not look whether the email address has one.
pub fn begin_sign_up(cx: &Context, email: &Email) -> Result<PasskeyChallenge, Error> {
    let handle = Uuid::new_v4();
    let account = Account { handle, email: Some(email.as_str()), display_name: "" };
    let (options, registration) = create_options(cx, &account, Vec::new(), Discoverable::Required)?;
    let state = SignUpState { handle, email: email.as_str().to_owned(), registration };
    Ok(PasskeyChallenge {
        request: PasskeyRequest::Create,
        options,
        token: challenge::issue(cx, Ceremony::SignUp, state)?,
    })
}

/// The passkey of a new account, with the handle that its authenticator has.
#[derive(Clone, Debug)]
pub struct SignUpPasskey {
    new: NewPasskey,
    handle: Uuid,
}

/// Checks the passkey of a new account with this email address.
pub async fn check_sign_up(
    cx: &Context,
    email: &Email,
    answer: &PasskeyAnswer,
) -> Result<SignUpPasskey, Error> {
    if answer.credential.expose().is_empty() {
        return Err(PasskeyProblem::NotUsed.into());
    }
    let mut tx = cx.app.db.begin().await?;
    let state: Option<SignUpState> =
        challenge::take(cx, &mut tx, Ceremony::SignUp, &answer.token).await?;
    tx.commit().await?;
    let state = state.filter(|it| it.email == email.as_str()).ok_or(PasskeyProblem::Expired)?;
    let new = check(cx, &answer.credential, &state.registration)?;
    Ok(SignUpPasskey { new, handle: state.handle })
}

/// Gives a new user their first passkey.
pub async fn insert_first(
    cx: &Context,
    tx: &mut Tx,
    user_id: &UserId,
    SignUpPasskey { new, handle }: &SignUpPasskey,
) -> Result<(), Error> {
    set_passkey_handle(tx, user_id, &encoded(handle.as_bytes())).await?;
    insert(cx, tx, user_id, (new, names::or_default(new.model))).await
}
