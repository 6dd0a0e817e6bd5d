//! The authorization request (RFC 6749, section 4.1.1).

use oauth2::PkceCodeChallenge;
use oauth2::basic::BasicClient;
use oauth2::{AuthUrl, ClientId, CsrfToken, Scope};
use url::Url;

use super::Provider;
use crate::server::config::provider::Quirk;

/// The parameters of a request to a provider, which its response must match.
pub(super) struct Challenge {
    pub state: String,
    pub nonce: String,
    pub pkce: PkceCodeChallenge,
    /// Whether the provider must authenticate the user again, even if they are signed in there.
    pub force_reauthentication: bool,
}

impl Provider {
    /// Returns the address with all parameters. A configured parameter never replaces one of ours.
    pub(super) fn authorize_address(
        &self,
        endpoint: &Url,
        challenge: Challenge,
        params: &[(&str, String)],
    ) -> Url {
        let (config, rules) = (&self.config, &self.config.requests);
        let Challenge { state, pkce, .. } = challenge;
        let client = BasicClient::new(ClientId::new(config.client_id.clone()))
            .set_auth_uri(AuthUrl::from_url(endpoint.clone()))
            .set_redirect_uri(self.redirect.clone());
        let mut request = client.authorize_url(|| CsrfToken::new(state));
        if !config.scopes.is_empty() {
            // As one, because the library separates scopes by spaces only.
            request = request.add_scope(Scope::new(config.scopes.join(rules.scope_separator)));
        }
        if rules.pkce {
            request = request.set_pkce_challenge(pkce);
        }
        for (name, value) in params {
            request = request.add_extra_param(*name, value.as_str());
        }
        let is_ours = |name: &str| params.iter().any(|(it, _)| *it == name);
        for (name, value) in rules.authorize_params.iter().filter(|(name, _)| !is_ours(name)) {
            request = request.add_extra_param(name.as_str(), value.as_str());
        }
        let (mut url, _) = request.url();
        if config.has(Quirk::FormPost) {
            url.query_pairs_mut().append_pair("response_mode", "form_post");
        }
        if config.has(Quirk::ClientKey) {
            url.query_pairs_mut().append_pair("client_key", &config.client_id);
        }
        url
    }
}
