//! This site as a relying party (WebAuthn, section 4).

use webauthn_rs::{Webauthn, WebauthnBuilder};

use crate::error::RequestProblem;
use crate::server::config::Config;
use crate::server::{App, Error};

/// Returns whether the site has passkeys.
#[must_use]
pub fn is_available(config: &Config) -> bool {
    config.site.relying_party_id().is_some()
}

/// Returns the verifier of what authenticators sign. It accepts the site's own origin and the related ones.
pub fn verifier(app: &App) -> Result<Webauthn, Error> {
    let config = &app.config;
    let id = config.site.relying_party_id().ok_or(RequestProblem::NotFound)?;
    let mut builder = WebauthnBuilder::new(id, &config.site.url)?.rp_name(&config.site.name);
    for origin in &config.passkey.related_origins {
        builder = builder.append_allowed_origin(origin);
    }
    Ok(builder.build()?)
}
