//! Callbacks that a provider's own page posts (OAuth 2.0 Form Post Response Mode). Such a request comes without
//! our cookies, so it decides nothing: what it has is kept for the ordinary callback, to which it redirects.

use serde::{Deserialize, Serialize};

use super::pending::posted_seal_context;
use super::{Callback, Provider};
use crate::args;
use crate::error::RequestProblem;
use crate::secret::Secret;
use crate::server::config::provider::Quirk;
use crate::server::digest::{digest, is_token, random_token};
use crate::server::json::Json;
use crate::server::limits::{self, LimitedAction};
use crate::server::{Context, Error};

/// The largest posted callback that is read, in bytes. A code has a few hundred.
pub const POSTED_LIMIT: usize = 16 * 1024;

/// The form that a provider posts.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct PostedCallback {
    state: String,
    code: Secret,
    iss: Option<String>,
    error: Option<String>,
    /// Apple's JSON with the user's name, once, at the first consent. Nobody signs it.
    user: String,
}

const COUNT_WAITING: &str = "
    SELECT COUNT(*)
    FROM authorization_requests
    WHERE state_digest = $1 AND posted IS NULL";

// The first one counts. A state that isn't ours, or that is used, changes nothing.
const KEEP: &str = "
    UPDATE authorization_requests
    SET posted_digest = $2, posted = $3
    WHERE state_digest = $1 AND posted IS NULL";

impl PostedCallback {
    /// Keeps the form for the ordinary callback and returns the key to it; `None` if nothing waits for it.
    pub async fn keep(&self, cx: &Context, provider: &str) -> Result<Option<String>, Error> {
        let provider = cx.app.providers.find(provider).ok_or(RequestProblem::NotFound)?;
        if !provider.takes_posts() {
            return Err(RequestProblem::MethodNotAllowed.into());
        }
        if !is_token(&self.state) {
            return Ok(None);
        }
        let (key, state_digest) = (random_token()?, digest(&self.state));
        // Any site can make browsers post here: only what could change something counts.
        let waiting: i64 = cx.app.db.scalar(COUNT_WAITING, args![&state_digest]).await?;
        if waiting == 0 {
            return Ok(None);
        }
        limits::take(&cx.app, LimitedAction::PostedCallback, &cx.client, None).await?;
        let context = posted_seal_context(&state_digest);
        let sealed = cx.app.seal.seal(&context, &serde_json::to_vec(self)?)?;
        let mut tx = cx.app.db.begin().await?;
        let kept = tx.execute(KEEP, args![state_digest, digest(&key), sealed]).await?;
        tx.commit().await?;
        Ok((kept == 1).then_some(key))
    }

    /// Returns the state for the redirect; empty if it has not the form of ours.
    #[must_use]
    pub fn state(&self) -> &str {
        if is_token(&self.state) { &self.state } else { "" }
    }

    /// Returns what the ordinary callback would have had in its query.
    pub(super) fn into_callback(self) -> Callback {
        Callback {
            state: self.state,
            code: self.code.expose().to_owned(),
            iss: self.iss,
            error: self.error,
            name: Json::parse(&self.user).ok().and_then(name_of).unwrap_or_default(),
            ..Callback::default()
        }
    }
}

fn name_of(user: Json<'_>) -> Option<String> {
    let name = user.member("name")?;
    let part = |it: &str| name.member(it).and_then(Json::text);
    let parts: Vec<_> = [part("firstName"), part("lastName")].into_iter().flatten().collect();
    Some(parts.join(" "))
}

impl Provider {
    pub(super) fn takes_posts(&self) -> bool {
        self.config.has(Quirk::FormPost)
    }
}
