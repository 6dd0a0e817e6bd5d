//! Offers a new key, and checks that an app has it. The page carries the offered key encrypted, so nothing
//! is stored until the set-up is complete.

use serde::{Deserialize, Serialize};

use super::{qr, totp};
use crate::authenticator_app::{
    AuthenticatorAppForm, AuthenticatorCode, AuthenticatorCodeProblem, AuthenticatorSetUp,
};
use crate::error::{AppError, Problems};
use crate::server::clock::SKEW;
use crate::server::{App, Error};
use crate::sign_in::SignInProblem;
use crate::user::DisplayName;
use crate::user::server::UserId;

/// How long an offered key can be set up, in seconds.
const LIFETIME: i64 = 1800;

/// An offered key, as the page carries it.
#[derive(Serialize, Deserialize)]
struct OfferedKey {
    /// The id of the row that it will have, so that it is added once.
    id: String,
    key: Vec<u8>,
    expires_at: i64,
}

/// An offered key, checked by a code from the app.
#[derive(Debug)]
pub struct CheckedSetUp {
    pub(super) id: String,
    pub(super) key: zeroize::Zeroizing<Vec<u8>>,
    /// The time step of the code that proved it.
    pub(super) step: i64,
    pub(super) name: String,
}

fn seal_context(user_id: &UserId) -> String {
    format!("authenticator app set-up {user_id}")
}

fn open(app: &App, user_id: &UserId, token: &str) -> Option<OfferedKey> {
    let text = app.seal.open(&seal_context(user_id), token)?;
    let offered: OfferedKey = serde_json::from_slice(&text).ok()?;
    let now = app.clock.now();
    (now + 1..=now + LIFETIME + SKEW).contains(&offered.expires_at).then_some(offered)
}

/// Returns the key in `token` if it is valid, otherwise a new one. The app shows `account` beside the site's name.
pub fn offer(
    app: &App,
    user_id: &UserId,
    account: &str,
    token: &str,
) -> Result<AuthenticatorSetUp, Error> {
    let (offered, token) = match open(app, user_id, token) {
        Some(offered) => (offered, token.to_owned()),
        None => create(app, user_id)?,
    };
    let key = offered.key;
    let uri = totp::uri(&key, &app.config.site.name, account).unwrap_or_default();
    let qr = qr::draw(&uri).ok_or(crate::error::ServerProblem::Internal)?;
    Ok(AuthenticatorSetUp { token, key: totp::grouped(&key).into(), uri: uri.into(), qr })
}

fn create(app: &App, user_id: &UserId) -> Result<(OfferedKey, String), Error> {
    let mut key = vec![0; totp::KEY_LENGTH];
    getrandom::fill(&mut key)?;
    let id = uuid::Uuid::now_v7().to_string();
    let offered = OfferedKey { id, key, expires_at: app.clock.now() + LIFETIME };
    let token = app.seal.seal(&seal_context(user_id), &serde_json::to_vec(&offered)?)?;
    Ok((offered, token))
}

/// Checks that a form's code belongs to the key that the page offered to this user.
pub fn check_set_up(
    app: &App,
    user_id: &UserId,
    form: &AuthenticatorAppForm,
    (code, name): (&AuthenticatorCode, DisplayName),
) -> Result<CheckedSetUp, Error> {
    let OfferedKey { id, key, .. } =
        open(app, user_id, &form.token).ok_or(SignInProblem::SetUpExpired)?;
    let key = zeroize::Zeroizing::new(key);
    let now = app.timekeeper.range().likely;
    let step = totp::matching_step(&key, code, now, app.config.second_factor.drift);
    let wrong = Problems { app_code: Some(AuthenticatorCodeProblem::Wrong), ..Problems::default() };
    let step = step.ok_or(AppError::Invalid(wrong))?;
    Ok(CheckedSetUp { id, key, step, name: name.as_str().to_owned() })
}
