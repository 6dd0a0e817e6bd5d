//! Asks for a new passkey, and checks what its authenticator responds (WebAuthn, section 7.1).

use std::ops::RangeInclusive;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use webauthn_rs::prelude::{
    AttestationFormat, AttestationMetadata, Credential, CredentialID, ParsedAttestation,
    ParsedAttestationData, Passkey, PasskeyRegistration, RegisterPublicKeyCredential, Uuid,
};

use super::challenge::{self, Ceremony};
use super::{PasskeyResponse, account_name, display_name, encoded, names, relying_party};
use crate::args;
use crate::audit::EventKind;
use crate::audit::server::record_event_about;
use crate::error::ServerProblem;
use crate::mail::server::{Mail, UntrustedText};
use crate::passkey::{PasskeyChallenge, PasskeyProblem, PasskeyRequest};
use crate::proof::Method;
use crate::secret::Secret;
use crate::security_notice::server::send_security_notice;
use crate::server::db::Tx;
use crate::server::{Context, Error};
use crate::session::server::trusted;
use crate::user::server::{UserId, lifecycle, set_passkey_handle};
use crate::user::{DisplayName, Email};

const INSERT: &str = "
    INSERT INTO passkeys
        (id, user_id, credential_id, credential, name, created_at, is_automatic, is_discoverable,
            is_device_bound, seq)
    SELECT $1, u.id, $3, $4, $5, $6, $7, $8, $9, u.notice_seq
    FROM users u
    WHERE u.id = $2
    ON CONFLICT (credential_id) DO NOTHING";

/// The lengths of credential ids, in bytes (WebAuthn, section 7.1, step 25).
const LENGTHS_OF_IDS: RangeInclusive<usize> = 1..=1023;

const COUNT_OF_ID: &str = "
    SELECT COUNT(*)
    FROM passkeys
    WHERE credential_id = $1";

/// Whether the passkey must be discoverable: stored in the authenticator, so that a sign-in needs no email address.
/// Security keys have room for few of these.
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
    /// Whether the browser created it by itself.
    is_automatic: bool,
    /// Whether the authenticator knows the account, as far as the browser says.
    is_discoverable: bool,
    /// Whether it can't be copied to another device (WebAuthn, section 6.1.3).
    is_device_bound: bool,
    /// The name of the authenticator's model; empty if it is unknown.
    pub model: &'static str,
}

impl NewPasskey {
    /// Returns what creating it proves.
    pub(super) fn method(&self) -> Method {
        Method::Passkey { is_device_bound: self.is_device_bound }
    }
}

/// Returns the handle under which authenticators know a user. The first call chooses it.
pub(super) async fn choose_handle(tx: &mut Tx, user_id: &UserId) -> Result<Uuid, Error> {
    let random = encoded(Uuid::new_v4().as_bytes());
    let handle = URL_SAFE_NO_PAD.decode(set_passkey_handle(tx, user_id, &random).await?).ok();
    let handle = handle.and_then(|it| Uuid::from_slice(&it).ok());
    Ok(handle.ok_or(ServerProblem::Internal)?)
}

/// Returns the options for a new passkey, and the state that its response is checked against. `existing` are the
/// credentials of the same user: the browser refuses an authenticator that has one.
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
    // The library sets `residentKey` to `discouraged`, and requests extensions that nothing here uses.
    let (word, is_required) = match discoverable {
        Discoverable::Preferred => ("preferred", false),
        Discoverable::Required => ("required", true),
    };
    options["authenticatorSelection"]["residentKey"] = word.into();
    options["authenticatorSelection"]["requireResidentKey"] = is_required.into();
    options["extensions"] = serde_json::json!({ "credProps": true });
    if !cx.app.config.second_factor.accept.includes_passkey(false) {
        // WebAuthn, section 5.8.7: browsers then ask for a security key first.
        options["hints"] = serde_json::json!(["security-key"]);
    }
    Ok((options.to_string(), state))
}

/// Parts of a response that no signature covers. They must not decide anything about security.
#[derive(Deserialize)]
struct Claim {
    response: ClaimedData,
    #[serde(rename = "clientExtensionResults", default)]
    extensions: ClaimedExtensions,
}

#[derive(Deserialize)]
struct ClaimedData {
    #[serde(rename = "authenticatorData", default)]
    authenticator_data: String,
}

#[derive(Default, Deserialize)]
struct ClaimedExtensions {
    #[serde(rename = "credProps", default)]
    properties: ClaimedProperties,
}

#[derive(Default, Deserialize)]
struct ClaimedProperties {
    #[serde(rename = "rk", default)]
    is_discoverable: bool,
}

impl Claim {
    /// Returns the name of the authenticator's model, by its AAGUID (WebAuthn, section 6.5.1).
    fn model(&self) -> Option<&'static str> {
        let data = URL_SAFE_NO_PAD.decode(&self.response.authenticator_data).ok()?;
        names::of(Uuid::from_slice(data.get(37..53)?).ok()?)
    }

    /// Returns whether the passkey can sign in by itself (WebAuthn, section 10.1.3).
    fn is_discoverable(&self) -> bool {
        self.extensions.properties.is_discoverable
    }
}

/// Issues a challenge for a new passkey with these options.
pub(super) fn issue(
    cx: &Context,
    ceremony: Ceremony<'_>,
    options: String,
    state: impl Serialize,
) -> Result<PasskeyChallenge, Error> {
    let token = challenge::issue(cx, ceremony, state)?;
    Ok(PasskeyChallenge { request: PasskeyRequest::Create, options, token })
}

/// Checks a response to [`create_options`]: origin, challenge, flags and key type. User verification is required.
pub(super) fn check(
    cx: &Context,
    credential: &Secret,
    state: &PasskeyRegistration,
) -> Result<NewPasskey, Error> {
    check_response(cx, credential, state, false)
}

/// Checks a response that the browser made by itself: neither user presence nor user verification is required
/// (WebAuthn, section 7.1, steps 15 and 16). Each use of the passkey requires both.
pub(super) fn check_automatic(
    cx: &Context,
    credential: &Secret,
    state: &PasskeyRegistration,
) -> Result<NewPasskey, Error> {
    check_response(cx, credential, state, true)
}

/// Sets the flags of presence and verification in a response without attestation, in which nothing signs them. The
/// library always requires them.
fn set_flags(object: &mut [u8]) {
    const NO_ATTESTATION: &[u8] = b"\x63fmt\x64none";
    const KEY: &[u8] = b"\x68authData";
    const FLAGS: usize = 32;
    let find = |it: &[u8]| object.windows(it.len()).position(|window| window == it);
    let (Some(_), Some(key)) = (find(NO_ATTESTATION), find(KEY)) else { return };
    let start = key + KEY.len();
    // A byte string with its length in one byte or in two (RFC 8949, section 3).
    let header = match object.get(start) {
        Some(0x58) => 2,
        Some(0x59) => 3,
        _ => return,
    };
    if let Some(flags) = object.get_mut(start + header + FLAGS) {
        *flags |= 0b101;
    }
}

fn check_response(
    cx: &Context,
    credential: &Secret,
    state: &PasskeyRegistration,
    is_automatic: bool,
) -> Result<NewPasskey, Error> {
    let mut response: RegisterPublicKeyCredential =
        serde_json::from_str(credential.expose()).map_err(|_| PasskeyProblem::Refused)?;
    if is_automatic {
        set_flags(&mut response.response.attestation_object);
    }
    let passkey =
        match relying_party::verifier(&cx.app)?.finish_passkey_registration(&response, state) {
            Ok(passkey) if LENGTHS_OF_IDS.contains(&passkey.cred_id().len()) => passkey,
            Ok(_) => return Err(PasskeyProblem::Refused.into()),
            Err(error) => {
                tracing::info!(%error, "a new passkey was refused");
                return Err(PasskeyProblem::Refused.into());
            }
        };
    let mut stored = Credential::from(passkey);
    let is_device_bound = !stored.backup_eligible;
    if !cx.app.config.second_factor.accept.includes_passkey(is_device_bound) {
        return Err(PasskeyProblem::NotDeviceBound.into());
    }
    // Nobody asked for an attestation, and a hostile one can be large.
    stored.attestation = ParsedAttestation {
        data: ParsedAttestationData::None,
        metadata: AttestationMetadata::None,
    };
    stored.attestation_format = AttestationFormat::None;
    // The library keeps them only with an attestation.
    let mut transports = Vec::new();
    for it in response.response.transports.unwrap_or_default() {
        if !transports.contains(&it) {
            transports.push(it);
        }
    }
    stored.transports = Some(transports);
    let claim: Option<Claim> = serde_json::from_str(credential.expose()).ok();
    Ok(NewPasskey {
        passkey: stored.into(),
        is_automatic,
        is_discoverable: claim.as_ref().is_some_and(Claim::is_discoverable),
        is_device_bound,
        model: claim.as_ref().and_then(Claim::model).unwrap_or_default(),
    })
}

/// Adds a passkey to a user whose row is locked, and notifies them. Without a name it gets that of its authenticator's
/// model. Browsers are no longer trusted, unless the passkey is automatic.
pub(super) async fn add_in(
    cx: &Context,
    tx: &mut Tx,
    user_id: &UserId,
    (new, name): (&NewPasskey, Option<&DisplayName>),
) -> Result<(), Error> {
    let name = name.map_or(names::or_default(new.model), DisplayName::as_str);
    record_event_about(cx, tx, EventKind::PasskeyAdded, user_id, name).await?;
    // The notice comes first: using it removes what was added from its number on.
    let (untrusted, is_automatic) = (UntrustedText::new(name), new.is_automatic);
    send_security_notice(cx, tx, user_id, |event, not_me| Mail::PasskeyAdded {
        event,
        name: untrusted,
        is_automatic,
        not_me,
    })
    .await?;
    insert(cx, tx, user_id, (new, name)).await?;
    if is_automatic {
        return Ok(());
    }
    lifecycle::clear_second_factor_due(tx, user_id).await?;
    trusted::revoke_all_in(tx, user_id).await
}

/// Stores a passkey of a user whose row is locked. Refused if anyone has it already.
async fn insert(
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
                cx.app.clock.now(),
                new.is_automatic,
                new.is_discoverable,
                new.is_device_bound
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

/// Issues a challenge for the passkey of a new account. Doesn't check whether the email address has an account.
pub fn begin_sign_up(cx: &Context, email: &Email) -> Result<PasskeyChallenge, Error> {
    let handle = Uuid::new_v4();
    let account = Account { handle, email: Some(email.as_str()), display_name: "" };
    let (options, registration) = create_options(cx, &account, Vec::new(), Discoverable::Required)?;
    let state = SignUpState { handle, email: email.as_str().to_owned(), registration };
    issue(cx, Ceremony::SignUp, options, state)
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
    response: &PasskeyResponse,
) -> Result<SignUpPasskey, Error> {
    if response.credential.expose().is_empty() {
        return Err(PasskeyProblem::NotUsed.into());
    }
    let mut tx = cx.app.db.begin().await?;
    let state: Option<SignUpState> =
        challenge::take(cx, &mut tx, Ceremony::SignUp, &response.token).await?;
    tx.commit().await?;
    let state = state.filter(|it| it.email == email.as_str()).ok_or(PasskeyProblem::Expired)?;
    let new = check(cx, &response.credential, &state.registration)?;
    // Before anything looks at the email address, so that the refusal does not depend on it.
    let id = encoded(new.passkey.cred_id());
    let known: i64 = cx.app.db.scalar(COUNT_OF_ID, args![id]).await?;
    if known > 0 {
        return Err(PasskeyProblem::AlreadyAdded.into());
    }
    Ok(SignUpPasskey { new: NewPasskey { is_discoverable: true, ..new }, handle: state.handle })
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
