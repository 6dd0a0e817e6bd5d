//! How this site authenticates at a provider's token endpoint.

use std::path::Path;
use std::sync::Arc;

use super::super::ConfigError;
use super::section::Section;
use crate::secret::Secret;
use crate::server::files;
use crate::server::jws::SigningKey;

/// The client's authentication (OpenID Connect Core 1.0, section 9).
#[derive(Clone, Debug)]
pub enum ClientAuth {
    /// By secret, in the way that discovery names.
    Discovered(Secret),
    Basic(Secret),
    Post(Secret),
    /// A public client; PKCE alone binds the code to it.
    None,
    /// A signed assertion (RFC 7523, section 2.2).
    PrivateKeyJwt {
        key: Arc<SigningKey>,
        audience: AssertionAudience,
    },
    /// Apple's: a secret that is a token signed for each request.
    Apple {
        key: Arc<SigningKey>,
        team_id: String,
    },
}

/// The audience of the client's assertion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AssertionAudience {
    TokenEndpoint,
    Issuer,
}

const AUDIENCES: [(&str, AssertionAudience); 2] =
    [("token-endpoint", AssertionAudience::TokenEndpoint), ("issuer", AssertionAudience::Issuer)];

/// Reads the client's authentication; by default what discovery says, or the secret in the body.
pub fn read(section: &Section<'_>, is_oidc: bool) -> Result<ClientAuth, ConfigError> {
    let secret = || section.secret("client_secret");
    match section.text("client_auth")?.as_str() {
        "" if is_oidc => Ok(ClientAuth::Discovered(secret()?)),
        "" | "post" => Ok(ClientAuth::Post(secret()?)),
        "basic" => Ok(ClientAuth::Basic(secret()?)),
        "none" => Ok(ClientAuth::None),
        "private_key_jwt" => Ok(ClientAuth::PrivateKeyJwt {
            key: Arc::new(signing_key(section)?),
            audience: section.rule("assertion_audience", &AUDIENCES)?,
        }),
        "apple" => Ok(ClientAuth::Apple {
            key: Arc::new(signing_key(section)?),
            team_id: section.required("team_id")?,
        }),
        _ => Err(section.refuse("client_auth")),
    }
}

fn signing_key(section: &Section<'_>) -> Result<SigningKey, ConfigError> {
    const KEY: &str = "client_key_file";
    let path = section.required(KEY)?;
    let pem = files::read_to_string(Path::new(&path))
        .map_err(|it| section.refuse_because(KEY, &it.chain()))?;
    let key = SigningKey::from_pem(&pem, section.text("client_key_id")?);
    key.ok_or_else(|| section.refuse(KEY))
}
