//! Who the user is, from a provider's responses.

use super::super::SocialProblem;
use super::Provider;
use super::failure::ProviderError;
use super::linking::Membership;
use crate::linked_account::server::ProviderAccount;
use crate::secret::Secret;
use crate::server::config::provider::EmailRule;
use crate::server::json::Json;
use crate::text::unicode::clean;
use crate::user::{DisplayName, Email};

/// The user as identified by a provider.
#[derive(Clone, Debug)]
pub struct Identity {
    pub account: ProviderAccount,
    /// Set only if the provider vouches for it, by its `EmailRule`. A problem if it could not say so right now:
    /// whoever is known already needs no email address.
    pub verified_email: Result<Option<Email>, SocialProblem>,
    /// Whether the user is in a group that may use the provider. A problem if it did not say so.
    pub membership: Result<Membership, SocialProblem>,
    pub display_name: String,
    /// When the provider authenticated the user, in Unix seconds, if it says so; 0 if it must say
    /// so and does not.
    pub authenticated_at: Option<i64>,
    /// Whether the provider says that it checked several factors, in a way that its settings accept.
    pub is_multi_factor: bool,
}

/// The members in which providers have a user's name of their own.
const USER_NAMES: [&str; 2] = ["login", "username"];

impl Provider {
    /// Builds the identity from the responses that have the user's data, most trusted first. `access_token`
    /// opens the endpoint for email addresses.
    pub(super) async fn identity(
        &self,
        issuer: String,
        documents: &[Json<'_>],
        access_token: &Secret,
    ) -> Result<Identity, ProviderError> {
        let paths = &self.config.paths;
        let first = documents.first().and_then(|it| paths.subject.id(*it));
        let subject = first.ok_or(ProviderError::MissingField("the user's id"))?;
        // OpenID Connect Core 1.0, section 2.
        if subject.len() > 255 || subject.contains(char::is_control) {
            return Err(ProviderError::MissingField("a usable id of the user"));
        }
        let find =
            |path: &dyn Fn(Json<'_>) -> Option<String>| documents.iter().find_map(|it| path(*it));
        let user_name = find(&|it| USER_NAMES.iter().find_map(|name| it.member(name)?.text()));
        let email = find(&|it| paths.email.text(it));
        let name = find(&|it| paths.name.text(it));
        let vouched = self.vouched_email(documents, access_token).await;
        let shown = vouched.as_ref().ok().cloned().flatten();
        let account = [shown, user_name, email, name.clone()].into_iter().flatten().next();
        Ok(Identity {
            account: ProviderAccount {
                provider: self.config.name.clone(),
                issuer,
                account: clean(account.as_ref().unwrap_or(&subject), 254),
                subject,
            },
            verified_email: vouched.map(|it| it.and_then(|it| it.parse().ok())),
            membership: self.membership(documents, access_token).await,
            display_name: clean(&name.unwrap_or_default(), DisplayName::MAX_LENGTH),
            authenticated_at: None,
            is_multi_factor: false,
        })
    }

    async fn vouched_email(
        &self,
        documents: &[Json<'_>],
        access_token: &Secret,
    ) -> Result<Option<String>, SocialProblem> {
        let paths = &self.config.paths;
        match (self.config.email, &self.config.requests.emails_url) {
            (EmailRule::VerifiedClaim, _) => {
                // The flag belongs to the address beside it, not to that of another response.
                let stated = documents.iter().find_map(|it| Some((*it, paths.email.text(*it)?)));
                let verified = stated.filter(|(it, _)| paths.email_verified.is_true(*it));
                Ok(verified.map(|(_, email)| email))
            }
            (EmailRule::EmailsEndpoint, Some(url)) => {
                self.optional(self.listed_email(url, access_token).await).map(Option::flatten)
            }
            (EmailRule::EmailsEndpoint, None) | (EmailRule::Never, _) => Ok(None),
        }
    }

    async fn membership(
        &self,
        documents: &[Json<'_>],
        access_token: &Secret,
    ) -> Result<Membership, SocialProblem> {
        let (wanted, path) = (&self.config.groups, &self.config.paths.groups);
        if wanted.is_empty() {
            return Ok(Membership::NotAsked);
        }
        let groups = match &self.config.requests.groups_url {
            Some(url) => self.listed_groups(url, access_token).await.map_err(|error| {
                self.log(&error);
                error.problem()
            })?,
            None => documents.iter().flat_map(|it| path.texts(*it)).collect(),
        };
        let is_member = groups.iter().any(|it| wanted.contains(it));
        Ok(if is_member { Membership::Member } else { Membership::Outsider })
    }

    /// Makes nothing of a response that is only wanted. Fails if a later try may bring it.
    pub(super) fn optional<T>(
        &self,
        response: Result<T, ProviderError>,
    ) -> Result<Option<T>, SocialProblem> {
        match response {
            Ok(response) => Ok(Some(response)),
            Err(error) => {
                self.log(&error);
                if error.is_transient() { Err(error.problem()) } else { Ok(None) }
            }
        }
    }
}

#[cfg(test)]
mod tests;
