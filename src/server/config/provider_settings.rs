//! The settings of a provider. The site's settings are in `settings.rs`.

use super::setting::{Setting, secret, setting};

/// The settings of one `[social.NAME]` section. The defaults are the preset's, if there is one.
pub const PROVIDER_SETTINGS: &[Setting] = &[
    setting(
        "preset",
        "",
        "google, github, gitlab or microsoft",
        "The preset to use. Defaults to the one named NAME, if there is one.",
    ),
    setting("label", "", "text", "The name on the button, after \"Continue with\"."),
    setting(
        "issuer",
        "",
        "an https URL, or an http URL on loopback",
        "OpenID Connect: where discovery begins. OAuth 2.0: the issuer that subjects belong to.",
    ),
    setting("client_id", "", "the id that the provider gave this site", "Required."),
    secret("client_secret", "the secret that the provider gave this site", "Required."),
    setting("scopes", "", "scopes separated by spaces", "The requested scopes."),
    setting(
        "email",
        "",
        "verified-claim, emails-endpoint or never",
        "How a verified email address is obtained.",
    ),
    setting(
        "auth_time",
        "",
        "promised, required, optional or ignored (OpenID Connect only)",
        "Whether the provider must say when the user authenticated: if discovery lists the claim, always, or never.",
    ),
    setting(
        "acr",
        "",
        "values separated by spaces (OpenID Connect only)",
        "A sign-in counts as two factors if the ID token's acr is one of these. They are requested.",
    ),
    setting(
        "amr",
        "",
        "values separated by spaces, like \"mfa\" (OpenID Connect only)",
        "A sign-in counts as two factors if the ID token's amr contains one of these.",
    ),
    setting(
        "authorize_url",
        "",
        "an https URL, or an http URL on loopback",
        "For OAuth 2.0 without discovery.",
    ),
    setting(
        "token_url",
        "",
        "an https URL, or an http URL on loopback",
        "For OAuth 2.0 without discovery.",
    ),
    setting(
        "userinfo_url",
        "",
        "an https URL, or an http URL on loopback",
        "For OAuth 2.0 without discovery.",
    ),
    setting(
        "emails_url",
        "",
        "an https URL, or an http URL on loopback",
        "For email = \"emails-endpoint\".",
    ),
    setting(
        "through",
        "",
        "https URLs separated by spaces",
        "Other hosts that a sign-in there redirects through; browsers without scripts need them.",
    ),
];
