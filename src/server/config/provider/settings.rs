//! The settings of a provider. The site's settings are in `settings.rs`.

use super::super::setting::{Setting, secret, setting};

const URL: &str = "an https URL, or an http URL on loopback";
const PATHS: &str = "paths like a.b[0].c, separated by |";
const PART: &str = "letters, digits, dots, hyphens and underscores";

/// The settings of one `[social.NAME]` section. The defaults are the preset's, if there is one.
pub const PROVIDER_SETTINGS: &[Setting] = &[
    setting(
        "preset",
        "",
        "the name of a preset, from portcullis provider presets, or none",
        "The preset to use. Defaults to the one named NAME, if there is one; needed if a section of that name sets its own addresses.",
    ),
    setting("label", "", "text", "The name on the button, after \"Continue with\"."),
    setting("mark", "", "an SVG path on a grid of 24 units", "The mark on the button."),
    setting(
        "host",
        "",
        "a host name like gitlab.example.com, with a port if needed",
        "For presets whose addresses contain {host}.",
    ),
    setting("tenant", "", PART, "For presets whose addresses contain {tenant}."),
    setting("region", "", PART, "For presets whose addresses contain {region}."),
    setting("api_key", "", PART, "For presets whose addresses contain {api_key}. Not a secret."),
    setting(
        "issuer",
        "",
        URL,
        "OpenID Connect: where discovery begins. OAuth 2.0: the issuer that subjects belong to.",
    ),
    setting("client_id", "", "the id that the provider gave this site", "Required."),
    secret(
        "client_secret",
        "the secret that the provider gave this site",
        "Required, unless client_auth is none, private_key_jwt or apple.",
    ),
    setting(
        "client_auth",
        "",
        "post, basic, none, private_key_jwt or apple",
        "How this site authenticates. Defaults to what discovery says, or to post.",
    ),
    setting(
        "client_key_file",
        "",
        "the path of a PEM file with an RSA, P-256 or Ed25519 key in PKCS#8",
        "The key for client_auth = \"private_key_jwt\" or \"apple\".",
    ),
    setting(
        "client_key_id",
        "",
        "the id of this key at the provider",
        "The kid of the key in client_key_file.",
    ),
    setting("team_id", "", "the id of your team at Apple", "For client_auth = \"apple\"."),
    setting(
        "assertion_audience",
        "",
        "token-endpoint or issuer",
        "The audience of the assertion for client_auth = \"private_key_jwt\".",
    ),
    setting("scopes", "", "scopes separated by spaces", "The requested scopes."),
    setting("scope_separator", "", "space or comma", "What separates the scopes in a request."),
    setting(
        "pkce",
        "",
        "s256 or none",
        "Whether requests have a code challenge; none for a provider that refuses one.",
    ),
    setting(
        "authorize_params",
        "",
        "parameters like a=b&c=d",
        "Added to the address at which users sign in.",
    ),
    setting("token_params", "", "parameters like a=b&c=d", "Added to the token request."),
    setting(
        "headers",
        "",
        "headers like Accept: text/plain | Api-Version: 2",
        "Added to every request of this server to the provider.",
    ),
    setting("token_scheme", "", "a word, like Bearer", "The word before the access token."),
    setting("authorize_url", "", URL, "For OAuth 2.0 without discovery."),
    setting("token_url", "", URL, "For OAuth 2.0 without discovery."),
    setting(
        "userinfo_url",
        "",
        URL,
        "For OAuth 2.0 without discovery, or in place of the discovered one.",
    ),
    setting("userinfo_method", "", "get or post", "How the userinfo request is sent."),
    setting(
        "userinfo_body",
        "",
        "JSON or a form; may contain {client_id} and {access_token}",
        "The body for userinfo_method = \"post\".",
    ),
    setting(
        "user_source",
        "",
        "userinfo or token-response",
        "Where an OAuth 2.0 provider's user data is.",
    ),
    setting("emails_url", "", URL, "For email = \"emails-endpoint\"."),
    setting(
        "subject_path",
        "",
        PATHS,
        "Where the user's id is. It must never be given to another user.",
    ),
    setting("name_path", "", PATHS, "Where the name is."),
    setting("email_path", "", PATHS, "Where the email address is."),
    setting(
        "email_verified_path",
        "",
        PATHS,
        "What must be true for the email address to count, with email = \"verified-claim\".",
    ),
    setting(
        "emails_path",
        "",
        PATHS,
        "Where the verified email address is in the response of emails_url.",
    ),
    setting(
        "email",
        "",
        "verified-claim, emails-endpoint or never",
        "How a verified email address is obtained.",
    ),
    setting(
        "groups",
        "",
        "names separated by |",
        "Only members of one of these groups or organizations at the provider may use it here.",
    ),
    setting(
        "groups_path",
        "",
        PATHS,
        "Where the user's groups are; a[].b is b of each item of a. With groups_url, in its response.",
    ),
    setting("groups_url", "", URL, "A separate address with the user's groups."),
    setting(
        "groups_scopes",
        "",
        "scopes separated by spaces",
        "Requested besides scopes if groups is set.",
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
        "audiences",
        "",
        "one or several (OpenID Connect only)",
        "Whether an ID token may have other audiences too, if its azp is this site.",
    ),
    setting(
        "through",
        "",
        "https URLs separated by spaces",
        "Other hosts that a sign-in there redirects through; browsers without scripts need them.",
    ),
    setting(
        "quirks",
        "",
        "no-nonce, tenant-issuer, issuer-without-scheme, client-key, device-id, plain-basic, form-post or select-account, separated by spaces",
        "What the provider does differently from the standards.",
    ),
    setting(
        "private_network",
        "false",
        "true or false",
        "Whether the provider may be on a private network.",
    ),
    secret("http_proxy", "an http or https URL", "The proxy for requests to the provider."),
];
