//! OAuth 2.0 with a userinfo endpoint (RFC 6749, RFC 7636).

use super::failure::ProviderError;
use super::userinfo::malformed;
use super::{Grant, Identity, Provider};
use crate::server::config::provider::{Endpoints, UserSource};
use crate::server::json::Json;

impl Provider {
    /// Reads the user's identity from the userinfo endpoint, or from the token response.
    pub(super) async fn oauth_identify(
        &self,
        endpoints: &Endpoints,
        grant: &Grant<'_>,
    ) -> Result<Identity, ProviderError> {
        let tokens = self.exchange(&endpoints.token, grant, true).await?;
        let rules = &self.config.requests;
        let (url, user) = match (rules.user_source, &rules.userinfo_url) {
            (UserSource::Userinfo, Some(url)) => {
                (url, self.userinfo(url, &tokens.access_token).await?)
            }
            _ => (&endpoints.token, tokens.response.expose().to_owned()),
        };
        let user = Json::parse(&user).map_err(|it| malformed(url, it))?;
        self.identity(self.config.issuer.clone(), &[user], &tokens.access_token).await
    }
}
