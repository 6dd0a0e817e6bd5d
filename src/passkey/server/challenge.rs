//! Challenges for passkeys. The page carries a challenge encrypted, bound to the browser and to what it is for;
//! issuing one stores nothing. The digests of answered challenges are stored, so that none is answered twice.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::args;
use crate::server::clock::SKEW;
use crate::server::db::Tx;
use crate::server::digest::{digest, is_token, random_token};
use crate::server::feature::AppCookie;
use crate::server::timekeeper::TimeRange;
use crate::server::{App, Context, Error};
use crate::user::server::UserId;

/// How long a challenge can be answered, in seconds.
pub const LIFETIME: i64 = 300;

/// Binds challenges to this browser. Nothing is stored for one, so any token passes.
pub static COOKIE: AppCookie =
    AppCookie::for_token("portcullis-passkey", |_, key| Box::pin(async move { Ok(is_token(key)) }));

const INSERT: &str = "
    INSERT INTO used_challenges (digest, expires_at)
    VALUES ($1, $2)
    ON CONFLICT (digest) DO NOTHING";

const DELETE_EXPIRED: &str = "
    DELETE FROM used_challenges
    WHERE expires_at <= $1";

/// What a passkey is asked for. A response counts for nothing else.
#[derive(Clone, Copy, Debug)]
pub enum Ceremony<'a> {
    /// To say who signs in.
    SignIn,
    /// To prove the second factor of this user's sign-in.
    SecondFactor(&'a UserId),
    /// To confirm the identity of the signed-in user.
    Confirm(&'a UserId),
    /// To become a passkey of the signed-in user.
    Add(&'a UserId),
    /// To become the second factor that this user's sign-in requires.
    SetUp(&'a UserId),
    /// To become a passkey of the signed-in user without asking.
    AddAutomatically(&'a UserId),
    /// To become the passkey of a new user.
    SignUp,
}

impl Ceremony<'_> {
    fn seal_context(self, browser: &str) -> String {
        let browser = digest(browser);
        match self {
            Self::SignIn => format!("passkey sign-in {browser}"),
            Self::SecondFactor(user_id) => format!("passkey second factor {user_id} {browser}"),
            Self::Confirm(user_id) => format!("passkey confirmation {user_id} {browser}"),
            Self::Add(user_id) => format!("new passkey {user_id} {browser}"),
            Self::SetUp(user_id) => format!("required passkey {user_id} {browser}"),
            Self::AddAutomatically(user_id) => format!("automatic passkey {user_id} {browser}"),
            Self::SignUp => format!("passkey sign-up {browser}"),
        }
    }
}

/// A challenge, as the page carries it.
#[derive(Serialize, Deserialize)]
struct Issued<S> {
    /// What the response is checked against.
    state: S,
    /// In Unix seconds.
    expires_at: i64,
}

/// Encrypts the state of a ceremony into a token for this browser, and sets the cookie that binds it.
pub fn issue<S: Serialize>(
    cx: &Context,
    ceremony: Ceremony<'_>,
    state: S,
) -> Result<String, Error> {
    // All tabs of a browser share one key.
    let browser = match cx.get(&COOKIE).filter(|it| is_token(it)) {
        Some(key) => key,
        None => random_token()?,
    };
    let issued = Issued { state, expires_at: cx.app.clock.now() + LIFETIME };
    let token =
        cx.app.seal.seal(&ceremony.seal_context(&browser), &serde_json::to_vec(&issued)?)?;
    cx.set(&COOKIE, browser, LIFETIME);
    Ok(token)
}

/// Uses up a challenge, and returns the state of its ceremony. `None` if it was used, has expired, or was issued to
/// another browser or for something else.
pub async fn take<S: DeserializeOwned>(
    cx: &Context,
    tx: &mut Tx,
    ceremony: Ceremony<'_>,
    token: &str,
) -> Result<Option<S>, Error> {
    let Some(browser) = cx.get(&COOKIE) else { return Ok(None) };
    let Some(text) = cx.app.seal.open(&ceremony.seal_context(&browser), token) else {
        return Ok(None);
    };
    let Ok(Issued { state, expires_at }) = serde_json::from_slice(&text) else { return Ok(None) };
    let now = cx.app.clock.now();
    if !(now + 1..=now + LIFETIME + SKEW).contains(&expires_at) {
        return Ok(None);
    }
    let is_first = tx.execute(INSERT, args![digest(&text), expires_at]).await? == 1;
    Ok(is_first.then_some(state))
}

/// Forgets used challenges that have expired.
pub async fn sweep(app: &App, time: TimeRange) -> Result<(), Error> {
    app.db.execute(DELETE_EXPIRED, args![time.earliest - SKEW]).await?;
    Ok(())
}
