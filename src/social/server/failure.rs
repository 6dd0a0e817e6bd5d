//! Failures of providers, and the problems that visitors see.

use std::error::Error;

use oauth2::RequestTokenError;
use oauth2::basic::BasicErrorResponse;

use super::super::SocialProblem;
use super::id_token::IdTokenError;
use crate::server::provider_http::ProviderHttpError;

pub type Cause = Box<dyn Error + Send + Sync>;

/// Why a provider can't be used; for the log.
#[derive(Debug, thiserror::Error)]
pub enum ProviderError {
    #[error("backing off after a failure: {why}")]
    BackingOff { why: String, is_transient: bool },
    #[error("it names a URL that is not allowed: {0}")]
    ForbiddenEndpoint(&'static str),
    #[error("discovery failed")]
    Discovery(#[source] Cause),
    #[error("the token request was refused")]
    Token(SocialProblem, #[source] Cause),
    #[error("the response to the token request can't be read")]
    MalformedTokenResponse(#[source] Cause),
    #[error("the ID token is invalid")]
    IdToken(#[from] IdTokenError),
    #[error("the client's assertion can't be signed")]
    Assertion(#[source] Cause),
    #[error("the userinfo request failed")]
    Userinfo(#[source] Cause),
    #[error("the response of {address} can't be read")]
    Response {
        address: String,
        #[source]
        source: Cause,
    },
    #[error("the request failed")]
    Http(#[from] ProviderHttpError),
    #[error("{address} responded with {status}")]
    Status { address: String, status: u16 },
    #[error("the response lacks {0}")]
    MissingField(&'static str),
    #[error("the issuer is {:?} instead of {expected:?}", found.chars().take(128).collect::<String>())]
    Issuer { expected: String, found: String },
    #[error("the userinfo response is about another user than the ID token")]
    OtherUser,
}

impl ProviderError {
    /// Returns whether a retry may succeed: no response came, or the provider is down.
    pub fn is_transient(&self) -> bool {
        if let Self::BackingOff { is_transient, .. } = self {
            return *is_transient;
        }
        let causes = std::iter::successors(Some(self as &dyn Error), |it| Error::source(*it));
        causes
            .filter_map(|it| it.downcast_ref::<ProviderHttpError>())
            .any(ProviderHttpError::is_transient)
    }

    /// Returns the problem to show the visitor. Suggests a retry only if it may succeed.
    pub fn problem(&self) -> SocialProblem {
        match self {
            Self::Token(problem, _) => *problem,
            Self::IdToken(error) if error.is_stale() => SocialProblem::Refused,
            error if error.is_transient() => SocialProblem::Unreachable,
            _ => SocialProblem::Unusable,
        }
    }
}

/// Distinguishes a provider that can't be reached from one that refused.
pub fn token_error(
    error: RequestTokenError<ProviderHttpError, BasicErrorResponse>,
) -> ProviderError {
    let refused = |refusal: BasicErrorResponse| {
        let problem = problem_of_code(refusal.error().as_ref());
        let refusal = RequestTokenError::<ProviderHttpError, _>::ServerResponse(refusal);
        ProviderError::Token(problem, Box::new(refusal))
    };
    match error {
        RequestTokenError::Request(error) => ProviderError::Http(error),
        RequestTokenError::ServerResponse(refusal) => refused(refusal),
        RequestTokenError::Parse(error, _) => {
            ProviderError::MalformedTokenResponse(Box::new(error))
        }
        garbage @ RequestTokenError::Other(_) => {
            ProviderError::MalformedTokenResponse(Box::new(garbage))
        }
    }
}

/// Classifies a refusal (RFC 6749, sections 4.1.2.1 and 5.2; OpenID Connect Core 1.0, section
/// 3.1.2.6): this site's settings don't fit the provider, the provider is down, or only this
/// sign-in failed.
pub fn problem_of_code(code: &str) -> SocialProblem {
    match code {
        "invalid_client" | "unauthorized_client" | "invalid_request" | "invalid_scope"
        | "invalid_request_uri" | "invalid_request_object" | "invalid_target"
        | "unsupported_grant_type" | "unsupported_response_type" | "request_not_supported"
        | "request_uri_not_supported" | "registration_not_supported"
        // GitHub's own codes.
        | "incorrect_client_credentials" | "redirect_uri_mismatch" | "application_suspended" => {
            SocialProblem::Unusable
        }
        "server_error" | "temporarily_unavailable" => SocialProblem::Unreachable,
        _ => SocialProblem::Refused,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(code: &str) -> ProviderError {
        let json = format!(r#"{{"error": {code:?}}}"#);
        token_error(RequestTokenError::ServerResponse(serde_json::from_str(&json).unwrap()))
    }

    #[test]
    fn a_retry_is_suggested_only_if_it_may_succeed() {
        for (codes, problem) in [
            (
                &["invalid_grant", "access_denied", "bad_verification_code", "x"][..],
                SocialProblem::Refused,
            ),
            (&["server_error", "temporarily_unavailable"], SocialProblem::Unreachable),
            (
                &[
                    "invalid_client",
                    "unauthorized_client",
                    "invalid_request",
                    "invalid_scope",
                    "unsupported_grant_type",
                    "unsupported_response_type",
                    "incorrect_client_credentials",
                    "redirect_uri_mismatch",
                ],
                SocialProblem::Unusable,
            ),
        ] {
            for code in codes {
                assert_eq!(refusal(code).problem(), problem, "{code}");
                assert_eq!(problem_of_code(code), problem, "{code}");
            }
        }
    }
}
