//! Every preset, and what is refused.

use std::fmt::Write as _;

use proptest::prelude::*;

use super::*;
use crate::server::provider_http::is_trustworthy;

fn read(toml: &str) -> Result<ProviderConfig, String> {
    let mut raw = RawConfig::default();
    raw.add_file("portcullis.toml", toml).map_err(|it| it.to_string())?;
    let name = raw.providers().next().unwrap().to_owned();
    provider(&raw, &name).map_err(|it| it.to_string())
}

const SECRETS: &str = "client_id = \"id\"\nclient_secret = \"hunter2\"\n";

/// An operator's own OAuth 2.0 row.
const OWN: &str = "[social.own]\nclient_id = \"id\"\nclient_secret = \"hunter2\"\n\
    issuer = \"https://own.example\"\nauthorize_url = \"https://own.example/authorize\"\n\
    token_url = \"https://own.example/token\"\nuserinfo_url = \"https://own.example/user\"\n";

#[test]
fn every_preset_requires_only_its_id_its_secret_and_its_variables() {
    assert!(presets().len() >= 76, "{}", presets().len());
    for (name, row) in presets() {
        let mut toml = format!("[social.{name}]\n{SECRETS}");
        if row.get("client_auth").is_some_and(|it| it == "apple") {
            let missing = read(&toml).unwrap_err();
            assert!(missing.starts_with("social.apple.client_key_file is missing; "), "{missing}");
            // The key is a file, which the tests of the callback have.
            toml += "client_auth = \"post\"\n";
        }
        for variable in missing_variables(row) {
            let missing = read(&toml).unwrap_err();
            let begin = format!("social.{name}.{variable} is missing; ");
            assert!(missing.starts_with(&begin), "{missing}");
            let value = if variable == "host" { "id.example.com" } else { "part" };
            writeln!(toml, "{variable} = \"{value}\"").unwrap();
        }
        let provider = read(&toml).unwrap_or_else(|it| panic!("{name}: {it}"));
        assert!(!row["label"].is_empty() && provider.label == row["label"], "{name}");
        assert!(!provider.paths.subject.is_empty(), "{name}");
        assert_eq!(provider.requests.pkce, name != "linkedin", "{name}");
        assert_eq!(provider.has(Quirk::NoNonce), name == "linkedin", "{name}");
        for key in row.keys() {
            assert!(PROVIDER_SETTINGS.iter().any(|it| it.key == key), "{name}: {key}");
        }
    }
}

#[test]
fn every_mark_belongs_to_a_preset() {
    let marks = include_str!("marks.toml").lines().filter(|it| it.contains(" = ")).count();
    let used = presets().values().filter(|it| it.contains_key("mark")).count();
    assert_eq!(marks, used);
    let mut names: Vec<_> =
        include_str!("presets.toml").lines().filter(|it| it.starts_with('[')).collect();
    assert_eq!(names.len(), presets().len());
    assert!(names.is_sorted());
    names.dedup();
    assert_eq!(names.len(), presets().len());
}

#[test]
fn an_email_address_counts_only_where_a_row_says_so() {
    assert_eq!(read(OWN).unwrap().email, EmailRule::Never);
    let oidc = format!("[social.own]\n{SECRETS}issuer = \"https://own.example\"\n");
    assert_eq!(read(&oidc).unwrap().email, EmailRule::Never);
    for (name, email) in [
        ("google", EmailRule::VerifiedClaim),
        ("github", EmailRule::EmailsEndpoint),
        ("microsoft", EmailRule::Never),
        ("facebook", EmailRule::Never),
    ] {
        assert_eq!(read(&format!("[social.{name}]\n{SECRETS}")).unwrap().email, email, "{name}");
    }
}

#[test]
fn v5_0_0__6_8_1__another_server_of_a_product_is_not_trusted_for_its_addresses() {
    for (name, rule) in [("gitlab", EmailRule::VerifiedClaim), ("gitea", EmailRule::EmailsEndpoint)]
    {
        let own = format!("[social.{name}]\n{SECRETS}");
        let elsewhere = format!("{own}host = \"git.example.com\"\n");
        let trusted = format!("{elsewhere}email = \"verified-claim\"\n");
        assert_eq!(read(&own).unwrap().email, rule);
        assert_eq!(read(&elsewhere).unwrap().email, EmailRule::Never);
        assert_eq!(read(&trusted).unwrap().email, EmailRule::VerifiedClaim);
    }
    // A preset that vouches reads a flag.
    for (name, row) in presets() {
        let path = row.get("emails_path").map_or("[primary&verified].email", String::as_str);
        let has_flag =
            path.contains('[') || path.contains("confirmed") || path.contains("verified");
        let lists = row.get("email").is_some_and(|it| it == "emails-endpoint");
        assert!(!lists || has_flag, "{name}: {path}");
    }
}

#[test]
fn a_preset_applies_to_other_addresses_only_if_it_is_named() {
    let own = OWN.replace("[social.own]", "[social.github]");
    let error = read(&own).unwrap_err();
    assert!(error.starts_with("social.github sets its own addresses; set social.github.preset"));
    assert!(read(&(own.clone() + "preset = \"github\"\n")).unwrap().label == "GitHub");
    let plain = read(&(own + "preset = \"none\"\n")).unwrap();
    assert_eq!((plain.label.as_str(), plain.email), ("github", EmailRule::Never));
}

#[test]
fn providers_that_are_unsafe_together_are_refused() {
    let named = |name: &str, more: &str| {
        let mut provider = read(&(OWN.to_owned() + more)).unwrap();
        provider.name = name.to_owned();
        provider
    };
    let login = "subject_path = \"login\"\n";
    let mut elsewhere = named("c", login);
    elsewhere.issuer = "https://other.example".to_owned();
    assert!(refuse_unsafe(&[named("a", ""), named("b", ""), elsewhere]).is_ok());
    assert!(refuse_unsafe(&[named("a", login), named("b", login)]).is_ok());
    let error = refuse_unsafe(&[named("a", ""), named("b", login)]).unwrap_err().to_string();
    assert!(error.starts_with("social.a and social.b have the same issuer"), "{error}");
    let proxy = "http_proxy = \"http://10.0.0.1:3128\"\n";
    assert!(refuse_unsafe(&[named("a", proxy)]).is_ok());
    let local = "emails_url = \"http://127.0.0.1/emails\"\n";
    let error = refuse_unsafe(&[named("a", &(proxy.to_owned() + local))]).unwrap_err();
    assert!(error.to_string().starts_with("social.a.http_proxy would get secrets"), "{error}");
}

#[test]
fn a_missing_or_wrong_provider_setting_is_named() {
    let missing = read("[social.google]\nclient_id = \"id\"\n").unwrap_err();
    assert!(missing.starts_with("social.google.client_secret is missing; "), "{missing}");
    let none = read(&format!("[social.work]\n{SECRETS}")).unwrap_err();
    assert!(none.starts_with("social.work.issuer is missing; "), "{none}");
    let preset = read(&format!("[social.work]\n{SECRETS}preset = \"nope\"\n")).unwrap_err();
    assert!(preset.contains("social.work.preset"), "{preset}");
    for line in [
        "issuer = \"http://own.example\"",
        "email = \"always\"",
        "email = \"emails-endpoint\"",
        "auth_time = \"required\"",
        "acr = \"mfa\"",
        "amr = \"mfa\"",
        "audiences = \"several\"",
        "mark = \"M0 0\\\"/><script>\"",
        "host = \"a/b\"\nlabel = \"{host}\"",
        "client_auth = \"secret\"",
        "client_auth = \"private_key_jwt\"\nclient_key_file = \"/nonexistent\"",
        "scope_separator = \"tab\"",
        "pkce = \"plain\"",
        "pkce = \"none\"\nclient_auth = \"none\"",
        "authorize_params = \"a=b&state=x\"",
        "authorize_params = \"code_challenge_method=plain\"",
        "token_params = \"client_id=x\"",
        "headers = \"Authorization: x\"",
        "headers = \"Accept\"",
        "headers = \"A b: c\"",
        "token_scheme = \"Bearer x\"",
        "userinfo_body = \"a=b\"",
        "userinfo_method = \"put\"",
        "user_source = \"cookie\"",
        "subject_path = \"a..b\"",
        "email_path = \"a[\"",
        "quirks = \"no-nonce no-signature\"",
        "private_network = \"yes\"",
        "http_proxy = \"socks5://127.0.0.1\"",
        "userinfo_url = \"https://{access_token}.example/\"",
    ] {
        let key = line.split(' ').next().unwrap();
        let others = OWN.lines().filter(|it| !it.starts_with(&format!("{key} ")));
        let own = others.collect::<Vec<_>>().join(
            "
",
        );
        let error = read(&format!("{own}\n{line}\n")).unwrap_err();
        let key = line
            .rsplit('\n')
            .next()
            .filter(|it| it.starts_with("client_key"))
            .map_or(key, |_| "client_key_file");
        let key = if key == "email" && line.contains("endpoint") { "emails_url" } else { key };
        assert!(error.contains(&format!("social.own.{key} ")), "{line}: {error}");
        assert!(!error.contains('\n'), "{error}");
    }
}

#[test]
fn an_operators_own_row_can_have_any_shape() {
    let own = format!(
        "{OWN}client_auth = \"basic\"\npkce = \"none\"\nscopes = \"a b\"\nscope_separator = \"comma\"\n\
         headers = \"Api-Version: 2 | X-Client: {{client_id}}\"\ntoken_scheme = \"token\"\n\
         userinfo_method = \"post\"\nuserinfo_body = '{{\"query\": \"q\"}}'\nsubject_path = \"data[0].id\"\n\
         emails_url = \"https://own.example/emails\"\nemail = \"emails-endpoint\"\n\
         quirks = \"plain-basic\"\nprivate_network = true\nhttp_proxy = \"http://10.0.0.1:3128\"\n"
    );
    let own = read(&own).unwrap();
    assert!(matches!(own.client_auth, ClientAuth::Basic(_)) && !own.requests.pkce);
    assert_eq!(own.requests.headers[1].1, "id");
    assert!(own.private_network && own.http_proxy.is_some() && own.has(Quirk::PlainBasic));
    let token = OWN
        .replace("userinfo_url = \"https://own.example/user\"", "user_source = \"token-response\"");
    assert_eq!(read(&token).unwrap().requests.user_source, UserSource::TokenResponse);
    // A secret is taken as it is, and none is ever printed.
    let secret =
        OWN.replace("hunter2", "a{host}b") + "http_proxy = \"http://me:hunter2@10.0.0.1\"\n";
    let provider = read(&secret).unwrap();
    assert!(matches!(&provider.client_auth, ClientAuth::Post(it) if it.expose() == "a{host}b"));
    let printed = format!("{provider:?}");
    assert!(!printed.contains("a{host}b") && !printed.contains("hunter2"), "{printed}");
    let oidc = format!("[social.own]\n{SECRETS}issuer = \"https://own.example\"\n");
    let refused = read(&(oidc + "user_source = \"token-response\"\n")).unwrap_err();
    assert!(refused.contains("social.own.user_source"), "{refused}");
    // A public client needs no secret, and an empty text replaces the preset's.
    let lichess = read("[social.lichess]\nclient_id = \"id\"\nscopes = \"\"\n").unwrap();
    assert!(matches!(lichess.client_auth, ClientAuth::None) && lichess.scopes.is_empty());
}

#[test]
fn the_issuers_of_tenants_are_those_that_the_setting_admits() {
    const ORGANIZATION: &str = "72f988bf-86f1-41af-91ab-2d7cd011db47";
    let issuer = |tenant: &str| format!("https://login.microsoftonline.com/{tenant}/v2.0");
    for (tenant, organization, consumers) in [
        ("common", true, true),
        ("organizations", true, false),
        ("consumers", false, true),
        (CONSUMERS, false, true),
        (ORGANIZATION, true, false),
    ] {
        let toml = format!("[social.microsoft]\n{SECRETS}tenant = \"{tenant}\"\n");
        let provider = read(&toml).unwrap();
        assert_eq!(provider.owns(&issuer(ORGANIZATION)), organization, "{tenant}");
        assert_eq!(provider.owns(&issuer(CONSUMERS)), consumers, "{tenant}");
        for wrong in [
            issuer("x"),
            issuer(&format!("{ORGANIZATION}/evil")),
            format!("https://evil.example/{ORGANIZATION}/v2.0"),
            format!("https://login.microsoftonline.com/{ORGANIZATION}/v1.0"),
        ] {
            assert!(!provider.owns(&wrong), "{tenant}: {wrong}");
        }
    }
    // Without the quirk only the issuer itself counts.
    let google = read(&format!("[social.google]\n{SECRETS}")).unwrap();
    assert!(!google.owns(&issuer(ORGANIZATION)) && google.owns("https://accounts.google.com"));
}

fn keys() -> Vec<&'static str> {
    PROVIDER_SETTINGS.iter().map(|it| it.key).collect()
}

proptest! {
    #[test]
    fn no_section_panics_and_accepted_urls_are_trustworthy(
        name in "google|github|gitlab|microsoft|keycloak|[a-z0-9-]{1,32}",
        rows in prop::collection::hash_map(
            prop::sample::select(keys()),
            "https://[a-z.]{1,12}[!-~]{0,8}|http://127\\.0\\.0\\.1:[0-9]{1,5}/?|never|[a-z.|+\\[\\]{}]{0,16}|[ -~é]{0,16}",
            0..12,
        ),
    ) {
        // A JSON string is also a TOML string.
        let row = |(key, value): (&&str, &String)| {
            format!("{key} = {}\n", serde_json::to_string(value).unwrap())
        };
        let rows: Vec<_> =
            rows.iter().filter(|(key, _)| !key.starts_with("client_")).map(row).collect();
        let toml = format!("[social.{name}]\n{SECRETS}{}", rows.concat());
        let Ok(provider) = read(&toml) else { return Ok(()) };
        let issuer = Url::parse(&provider.issuer).unwrap();
        prop_assert!(is_trustworthy(&issuer), "{}", issuer);
        for url in provider.configured_urls() {
            prop_assert!(is_trustworthy(&url), "{:?}", url);
        }
        for origin in &provider.through {
            let url = Url::parse(origin).unwrap();
            prop_assert!(is_trustworthy(&url), "{}", url);
            prop_assert_eq!(&url.origin().ascii_serialization(), origin);
        }
    }
}
