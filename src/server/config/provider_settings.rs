//! The settings of a provider. The site's settings are in `settings.rs`.

use super::setting::{Setting, secret, setting};

/// The settings of one `[social.NAME]` section. The defaults are the preset's, if there is one.
pub const PROVIDER_SETTINGS: &[Setting] = &[
    setting(
        "preset",
        "",
        "google, github, gitlab or microsoft",
        "Fills in what is known of a provider. Defaults to NAME where that is one.",
    ),
    setting("label", "", "a text", "What the button says after \"Continue with\"."),
    setting(
        "issuer",
        "",
        "an https address, or an http address on loopback",
        "OpenID Connect: where discovery begins. OAuth 2.0: what subjects belong to.",
    ),
    setting("client_id", "", "the id that the provider gave this site", "Required."),
    secret("client_secret", "the secret that the provider gave this site", "Required."),
    setting("scopes", "", "scopes with spaces between", "What is asked for."),
    setting(
        "email",
        "",
        "verified-claim, emails-endpoint or never",
        "How a verified e-mail address is learnt.",
    ),
    setting(
        "auth_time",
        "",
        "promised, required, optional or ignored, and OpenID Connect",
        "Whether it must say when it asked who it is: where discovery names the claim, always, or never.",
    ),
    setting(
        "authorize_url",
        "",
        "an https address, or an http address on loopback",
        "OAuth 2.0 without discovery.",
    ),
    setting(
        "token_url",
        "",
        "an https address, or an http address on loopback",
        "OAuth 2.0 without discovery.",
    ),
    setting(
        "userinfo_url",
        "",
        "an https address, or an http address on loopback",
        "OAuth 2.0 without discovery.",
    ),
    setting(
        "emails_url",
        "",
        "an https address, or an http address on loopback",
        "With email = \"emails-endpoint\".",
    ),
    setting(
        "through",
        "",
        "https addresses with spaces between",
        "Further hosts that a sign-in there leads through; browsers without scripts insist.",
    ),
];
