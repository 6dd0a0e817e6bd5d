//! This site as a relying party (WebAuthn, section 4).

use webauthn_rs::{Webauthn, WebauthnBuilder};

use crate::error::ServerProblem;
use crate::server::config::Config;
use crate::server::{App, Error};

/// Returns the id to which passkeys are bound: the host of the site's URL. `None` if browsers offer no passkeys
/// there: an IP address is no relying party id, and plain http works on `localhost` only.
#[must_use]
pub fn id(config: &Config) -> Option<&str> {
    let domain = config.site.url.domain()?;
    let is_local = domain == "localhost" || domain.ends_with(".localhost");
    (config.site.is_https() || is_local).then_some(domain)
}

/// Returns whether the site has passkeys.
#[must_use]
pub fn is_available(config: &Config) -> bool {
    id(config).is_some()
}

/// Returns the verifier of what authenticators sign. It accepts the site's own origin and the related ones.
pub fn verifier(app: &App) -> Result<Webauthn, Error> {
    let config = &app.config;
    let id = id(config).ok_or(ServerProblem::Internal)?;
    let mut builder = WebauthnBuilder::new(id, &config.site.url)?.rp_name(&config.site.name);
    for origin in &config.passkey.related_origins {
        builder = builder.append_allowed_origin(origin);
    }
    Ok(builder.build()?)
}
