//! Providers that do something differently: each quirk is played by a provider on loopback.

use portcullis::second_factor_policy::server::multi_factor_provider;
use portcullis::social::SocialProblem::{Refused, Unreachable, Unusable};
use serde_json::json;

use crate::support::provider::{CLIENT_ID, CLIENT_SECRET};
use crate::support::social::{finish_sign_up, with_parameter};
use crate::support::{
    ADA, Engine, Fault, Provider, ProviderEndpoint, ProviderUser, Signer, Social, TestApp,
};

const JSON: &str = "application/json";

fn ada() -> ProviderUser {
    ProviderUser::named("ada").with_email(ADA, true)
}

/// Signs in at a provider, which must succeed, and signs out. Each provider has another Ada.
async fn arrives(site: &Social, name: &str, why: &str) {
    let email = if name == "idp" { ADA } else { "ada@forge.example.com" };
    arrives_as(site, name, &ProviderUser::named("ada").with_email(email, true), why).await;
}

async fn arrives_as(site: &Social, name: &str, person: &ProviderUser, why: &str) {
    let mut browser = site.app.browser();
    let page = site.sign_in(&mut browser, name, person).await;
    assert_eq!(browser.at, "/dashboard", "{why}: {}", page.text());
    browser.post_form("/api/sign-out", &[]).await;
}

/// Starts an app with one provider from this section, and the provider.
async fn with_row(engine: &Engine, row: impl Fn(&Provider) -> String) -> (TestApp, Provider) {
    let provider = Provider::start().await;
    let app = TestApp::with_settings(engine.clone(), &row(&provider)).await;
    (app, provider)
}

/// Signs in at the only provider of an app.
async fn sign_in(
    app: &TestApp,
    provider: &Provider,
    person: &ProviderUser,
) -> crate::support::Browser {
    let mut browser = app.browser();
    let authorize = browser.start_sign_in_at("own").await;
    browser.visit(&provider.consent(&authorize, person)).await;
    finish_sign_up(&mut browser, person).await;
    browser
}

on_both!(v5_0_0__10_5_1__a_token_response_in_any_known_form_is_read);
async fn v5_0_0__10_5_1__a_token_response_in_any_known_form_is_read(site: Social) {
    for (status, kind, body) in [
        (
            200,
            JSON,
            r#"{"access_token": "{token}", "token_type": "bearer", "expires_in": "3599", "id_token": "{id_token}"}"#,
        ),
        (200, JSON, r#"{"access_token": "{token}", "expires_in": 3600, "id_token": "{id_token}"}"#),
        (
            200,
            JSON,
            r#"{"access_token": "{token}", "token_type": "BeArEr", "scope": ["a", "b"], "id_token": "{id_token}"}"#,
        ),
        (
            200,
            JSON,
            r#"{"access_token": "{token}", "token_type": 7, "scope": "a,b", "id_token": "{id_token}"}"#,
        ),
        (
            200,
            JSON,
            r#"{"access_token": "{token}", "expires_in": {}, "refresh_token": null, "id_token": "{id_token}"}"#,
        ),
        (
            200,
            "text/html",
            r#"{"access_token": "{token}", "token_type": "bearer", "id_token": "{id_token}"}"#,
        ),
        (
            201,
            "text/plain;charset=UTF-8",
            r#"{"access_token": "{token}", "token_type": "bearer", "id_token": "{id_token}"}"#,
        ),
        (
            200,
            "application/x-www-form-urlencoded; charset=utf-8",
            "access_token={token}&token_type=bearer&id_token={id_token}",
        ),
    ] {
        for name in ["idp", "forge"] {
            site.provider(name).respond(ProviderEndpoint::Token, status, kind, body);
            arrives(&site, name, body).await;
        }
    }
}

on_both!(an_error_of_the_token_endpoint_is_read_whatever_its_status_and_form);
async fn an_error_of_the_token_endpoint_is_read_whatever_its_status_and_form(site: Social) {
    for (status, kind, body, problem) in [
        (200, JSON, r#"{"error": "bad_verification_code"}"#, Refused),
        (200, JSON, r#"{"ok": false, "error": "invalid_code"}"#, Refused),
        (200, "text/plain", "error=incorrect_client_credentials&error_description=x", Unusable),
        (
            200,
            JSON,
            r#"{"error": {"message": "No", "type": "OAuthException", "code": 100}}"#,
            Refused,
        ),
        (400, "text/html", r#"{"error": "invalid_client"}"#, Unusable),
        (403, JSON, r#"{"error": "temporarily_unavailable"}"#, Unreachable),
        (200, JSON, "{}", Unusable),
        (200, JSON, "", Unusable),
        (200, JSON, r#"{"access_token": 7}"#, Unusable),
    ] {
        for name in ["idp", "forge"] {
            site.provider(name).respond(ProviderEndpoint::Token, status, kind, body);
            site.assert_sign_in_fails(name, ProviderEndpoint::Token, Fault::None, problem).await;
        }
    }
}

on_both!(documents_of_any_content_type_are_read);
async fn documents_of_any_content_type_are_read(engine: Engine) {
    for kind in [
        "text/html",
        "text/plain; charset=utf-8",
        "application/octet-stream",
        "application/jwk-set+json",
    ] {
        let site = Social::with_settings(engine.clone(), "").await;
        let normal = |path: &str| {
            let url = format!("{}{path}", site.idp.url);
            async move { reqwest::get(url).await.unwrap().text().await.unwrap() }
        };
        let discovery = normal("/.well-known/openid-configuration").await;
        let keys = normal("/jwks").await;
        site.idp.respond(ProviderEndpoint::Discovery, 200, kind, &discovery);
        site.idp.respond(ProviderEndpoint::Keys, 200, kind, &keys);
        site.forge.respond(ProviderEndpoint::Userinfo, 200, kind, r#"{"id": 7}"#);
        arrives(&site, "idp", kind).await;
        arrives(&site, "forge", kind).await;
    }
}

on_both!(a_discovery_document_needs_only_what_is_used);
async fn a_discovery_document_needs_only_what_is_used(engine: Engine) {
    let site = Social::with_settings(engine, "").await;
    let url = &site.idp.url;
    let document = json!({
        "issuer": url, "authorization_endpoint": format!("{url}/authorize"),
        "token_endpoint": format!("{url}/token"), "jwks_uri": format!("{url}/jwks"),
        "response_types_supported": "code", "scopes_supported": 7, "claims_supported": {},
        "token_endpoint_auth_methods_supported": null, "userinfo_endpoint": "",
        "authorization_response_iss_parameter_supported": "no",
    });
    site.idp.respond_json(ProviderEndpoint::Discovery, &document);
    arrives(&site, "idp", "only what is used").await;
}

on_both!(claims_that_nobody_needs_keep_nobody_out);
async fn claims_that_nobody_needs_keep_nobody_out(site: Social) {
    for (name, value) in [
        ("address", json!("1 Main Street")),
        ("phone_number_verified", json!("false")),
        ("phone_number", json!(4711)),
        ("picture", json!({"data": {"url": "x"}})),
        ("locale", json!({"language": "en"})),
        ("zoneinfo", json!(1)),
        ("birthdate", json!(1815)),
        ("preferred_username", json!(7)),
        ("website", json!([])),
        ("family_name", json!(["Lovelace"])),
        ("given_name", json!(null)),
        ("updated_at", json!("2026-06-16T03:23:10.426Z")),
        ("amr", json!("pwd")),
        ("acr", json!(0)),
        ("auth_time", json!("1700000000")),
        ("auth_time", json!({})),
        ("name", json!(7)),
        ("name", json!(null)),
        ("email", json!(null)),
        ("email", json!(["ada@example.com"])),
        ("email_verified", json!("perhaps")),
        ("groups", json!([1, null])),
        ("iat", json!(null)),
        ("nbf", json!(null)),
        ("azp", json!(null)),
        ("at_hash", json!(null)),
    ] {
        site.idp.set_claim(name, value.clone());
        arrives(&site, "idp", &format!("{name}: {value}")).await;
        site.idp.clear_claims();
    }
    for member in ["address", "picture", "updated_at", "login", "name", "email_verified"] {
        for value in [json!([]), json!({"a": 1}), json!(7), json!(null), json!("x")] {
            let mut user = json!({"id": 7, "sub": "7", "email": ADA});
            user[member] = value;
            site.forge.respond_json(ProviderEndpoint::Userinfo, &user);
            arrives(&site, "forge", &user.to_string()).await;
        }
    }
}

on_both!(a_verified_flag_can_be_text_or_a_number);
async fn a_verified_flag_can_be_text_or_a_number(engine: Engine) {
    for (flag, is_verified) in [
        (json!(true), 1),
        (json!("true"), 1),
        (json!(1), 1),
        (json!("false"), 0),
        (json!(0), 0),
        (json!("yes"), 0),
        (json!(null), 0),
    ] {
        let site = Social::with_settings(engine.clone(), "").await;
        site.idp.set_claim("email_verified", flag.clone());
        arrives(&site, "idp", &flag.to_string()).await;
        let verified = "SELECT COUNT(email_verified_at) FROM users";
        assert_eq!(site.app.number(verified).await, is_verified, "{flag}");
    }
}

on_both!(an_id_beside_a_sub_is_no_contradiction);
async fn an_id_beside_a_sub_is_no_contradiction(site: Social) {
    let user = r#"{"id": 4711, "sub": "abc", "sub": "def"}"#;
    site.forge.respond(ProviderEndpoint::Userinfo, 200, JSON, user);
    arrives(&site, "forge", user).await;
    assert_eq!(site.app.text("SELECT subject FROM linked_accounts").await, "def");
}

on_both!(a_numeric_subject_keeps_every_digit);
async fn a_numeric_subject_keeps_every_digit(site: Social) {
    for id in ["9007199254740993", "9007199254740992", "123456789012345678901234567890"] {
        let user = format!(r#"{{"id": {id}}}"#);
        site.forge.respond(ProviderEndpoint::Userinfo, 200, JSON, &user);
        arrives_as(&site, "forge", &ProviderUser::named("nobody"), id).await;
    }
    assert_eq!(site.app.count_users().await, 3);
}

on_both!(an_email_endpoint_that_refuses_keeps_nobody_out);
async fn an_email_endpoint_that_refuses_keeps_nobody_out(site: Social) {
    arrives(&site, "forge", "at first").await;
    for status in [403, 404, 400] {
        site.forge.respond(ProviderEndpoint::Emails, status, JSON, r#"{"message": "no"}"#);
        arrives(&site, "forge", &status.to_string()).await;
    }
    for body in
        ["", "<html>", "{}", r#"[{"email": 7, "primary": true, "verified": true}]"#, "[null]"]
    {
        site.forge.respond(ProviderEndpoint::Emails, 200, JSON, body);
        arrives(&site, "forge", body).await;
    }
    // Even if it is down: who is known needs no email address.
    site.forge.set_fault(ProviderEndpoint::Emails, Fault::Status500);
    arrives(&site, "forge", "down").await;
    assert_eq!(site.app.count_users().await, 1);
    assert_eq!(site.app.text("SELECT email FROM users").await, "ada@forge.example.com");
}

on_both!(a_signed_userinfo_response_is_verified);
async fn a_signed_userinfo_response_is_verified(site: Social) {
    const KIND: &str = "application/jwt";
    site.idp.withhold_email();
    let claims = json!({"sub": "ada", "email": ADA, "email_verified": true});
    site.idp.respond(ProviderEndpoint::Userinfo, 200, KIND, &Signer::Rsa.token(&claims));
    arrives(&site, "idp", "signed").await;
    assert_eq!(site.app.text("SELECT email FROM users").await, ADA);
    // A forged one counts as none.
    for body in [
        "eyJ.x.x".to_owned(),
        Signer::OtherRsa
            .token(&json!({"sub": "eve", "email": "eve@example.com", "email_verified": true})),
    ] {
        site.idp.respond(ProviderEndpoint::Userinfo, 200, KIND, &body);
        let mut browser = site.app.browser();
        site.sign_in(&mut browser, "idp", &ProviderUser::named("eve")).await;
        browser.post_form("/api/sign-out", &[]).await;
    }
    assert_eq!(site.app.number("SELECT COUNT(email) FROM users").await, 1);
}

on_both!(a_missing_nonce_is_accepted_only_where_the_row_says_so);
async fn a_missing_nonce_is_accepted_only_where_the_row_says_so(engine: Engine) {
    let row = |it: &Provider| format!("{}quirks = \"no-nonce\"\npkce = \"none\"\n", it.oidc("own"));
    let (app, provider) = with_row(&engine, row).await;
    provider.without_pkce();
    for (fault, arrives) in
        [(Fault::NoNonce, true), (Fault::None, true), (Fault::WrongNonce, false)]
    {
        provider.set_fault(ProviderEndpoint::Token, fault);
        let browser = sign_in(&app, &provider, &ada()).await;
        assert_eq!(browser.at == "/dashboard", arrives, "{fault:?}");
    }
    assert_eq!(provider.last_request("/token").field("code_verifier"), None);
}

on_both!(v5_0_0__9_1_2__signatures_of_each_algorithm_and_none_by_a_shared_secret);
async fn v5_0_0__9_1_2__signatures_of_each_algorithm_and_none_by_a_shared_secret(engine: Engine) {
    for signer in [Signer::Rsa, Signer::P256, Signer::Ed25519] {
        let site = Social::with_settings(engine.clone(), "").await;
        for key_id in ["1", ""] {
            site.idp.sign_with(signer, key_id);
            arrives(&site, "idp", &format!("{signer:?} {key_id}")).await;
        }
        for fault in [Fault::AlgorithmNone, Fault::AlgorithmHs256, Fault::BadSignature] {
            let mut browser = site.app.browser();
            let authorize = browser.start_sign_in_at("idp").await;
            let callback = site.idp.consent(&authorize, &ada());
            site.idp.set_fault(ProviderEndpoint::Token, fault);
            let page = browser.visit(&callback).await;
            site.idp.set_fault(ProviderEndpoint::Token, Fault::None);
            site.assert_not_signed_in(&mut browser, &page, Unusable).await;
        }
    }
}

on_both!(a_key_rotated_during_a_sign_in_is_found);
async fn a_key_rotated_during_a_sign_in_is_found(engine: Engine) {
    // With another id, with the same id, and without one.
    for key_id in ["2", "1", ""] {
        let site = Social::with_settings(engine.clone(), "").await;
        let mut browser = site.app.browser();
        let authorize = browser.start_sign_in_at("idp").await;
        site.idp.sign_with(Signer::P256, key_id);
        let callback = site.idp.consent(&authorize, &ada());
        browser.visit(&callback).await;
        assert_eq!(browser.at, "/dashboard", "{key_id:?}");
        assert_eq!(site.idp.requests("/jwks"), 2);
        // Further unknown keys are searched for at most once a minute.
        for _ in 0..3 {
            site.idp.sign_with(Signer::Ed25519, "3");
            let mut browser = site.app.browser();
            let page = site.sign_in(&mut browser, "idp", &ada()).await;
            assert!(page.shows(&Unusable.to_string()), "{}", page.text());
        }
        assert_eq!(site.idp.requests("/jwks"), 2);
    }
}

on_both!(a_key_set_with_foreign_key_types_is_read);
async fn a_key_set_with_foreign_key_types_is_read(engine: Engine) {
    let site = Social::with_settings(engine, "").await;
    let mut keys = vec![
        json!({"kty": "EC", "crv": "secp256k1", "kid": "1", "x": "AA", "y": "AA"}),
        json!({"kty": "AKP", "alg": "ML-DSA-44", "pub": "AA"}),
        json!({"kty": "RSA", "kid": 7, "n": [], "e": null}),
        json!("key"),
    ];
    keys.extend(Signer::Rsa.public_keys("1"));
    site.idp.respond_json(ProviderEndpoint::Keys, &json!({ "keys": keys }));
    arrives(&site, "idp", "foreign keys").await;
}

on_both!(rfc_7519__clocks_may_differ_by_30_seconds_but_not_by_10_minutes);
async fn rfc_7519__clocks_may_differ_by_30_seconds_but_not_by_10_minutes(site: Social) {
    let now = portcullis::server::Clock::System.now();
    for (name, at) in [("exp", now - 30), ("iat", now + 30), ("nbf", now + 30)] {
        site.idp.set_claim(name, at);
        arrives(&site, "idp", name).await;
        site.idp.clear_claims();
    }
    for (name, value, problem) in [
        ("exp", json!(now - 600), Refused),
        ("iat", json!(now + 600), Unusable),
        ("nbf", json!(now + 600), Unusable),
        ("exp", json!("soon"), Unusable),
        ("exp", json!(null), Unusable),
        ("iat", json!("now"), Unusable),
    ] {
        site.idp.set_claim(name, value);
        let mut browser = site.app.browser();
        let page = site.sign_in(&mut browser, "idp", &ada()).await;
        site.assert_not_signed_in(&mut browser, &page, problem).await;
        site.idp.clear_claims();
    }
}

on_both!(several_audiences_are_accepted_only_where_the_row_says_so);
async fn several_audiences_are_accepted_only_where_the_row_says_so(engine: Engine) {
    let row = |it: &Provider| format!("{}audiences = \"several\"\n", it.oidc("own"));
    let (app, provider) = with_row(&engine, row).await;
    let us = CLIENT_ID;
    for (audience, party, arrives) in [
        (json!([us, "project"]), json!(us), true),
        (json!([us, "project"]), json!(null), false),
        (json!([us, "project"]), json!("project"), false),
        (json!(["project"]), json!(us), false),
        (json!("project"), json!(us), false),
        (json!(null), json!(us), false),
        (json!(us), json!(null), true),
        (json!(us), json!(7), false),
    ] {
        provider.set_claim("aud", audience.clone());
        provider.set_claim("azp", party.clone());
        let browser = sign_in(&app, &provider, &ada()).await;
        assert_eq!(browser.at == "/dashboard", arrives, "{audience} {party}");
    }
}

on_both!(the_client_authenticates_as_the_row_says);
async fn the_client_authenticates_as_the_row_says(engine: Engine) {
    // The secret has signs that the Basic header encodes, and some providers do not decode.
    let encoded = "Basic cG9ydGN1bGxpcy10ZXN0czphK3NlY3JldCtvZit0aGUrdGVzdHM=";
    let plain = "Basic cG9ydGN1bGxpcy10ZXN0czphIHNlY3JldCBvZiB0aGUgdGVzdHM=";
    for (settings, header, in_body) in [
        ("client_auth = \"post\"\n", None, true),
        ("client_auth = \"basic\"\n", Some(encoded), false),
        ("client_auth = \"basic\"\nquirks = \"plain-basic\"\n", Some(plain), false),
    ] {
        for is_oidc in [true, false] {
            let row = |it: &Provider| {
                format!("{}{settings}", if is_oidc { it.oidc("own") } else { it.oauth("own") })
            };
            let (app, provider) = with_row(&engine, row).await;
            let browser = sign_in(&app, &provider, &ada()).await;
            assert_eq!(browser.at, "/dashboard", "{settings}");
            let request = provider.last_request("/token");
            assert_eq!(
                request.headers.get("authorization").map(String::as_str),
                header,
                "{settings}"
            );
            assert_eq!(request.field("client_secret").is_some(), in_body, "{settings}");
        }
    }
}

on_both!(rfc_7523__a_private_key_signs_the_clients_assertion);
async fn rfc_7523__a_private_key_signs_the_clients_assertion(engine: Engine) {
    let folder = tempfile::tempdir().unwrap();
    for signer in [Signer::Rsa, Signer::P256, Signer::Ed25519] {
        let path = folder.path().join("key.pem");
        std::fs::write(&path, signer.pem()).unwrap();
        for (audience, suffix) in [("token-endpoint", "/token"), ("issuer", "")] {
            let row = |it: &Provider| {
                let own = it.oidc("own");
                let secret = format!("client_secret = {CLIENT_SECRET:?}\n");
                let own = own.replace(&secret, "");
                format!(
                    "{own}client_auth = \"private_key_jwt\"\nclient_key_file = \"{}\"\n\
                     client_key_id = \"ours\"\nassertion_audience = \"{audience}\"\n",
                    path.display()
                )
            };
            let (app, provider) = with_row(&engine, row).await;
            provider.trust_assertions_by(signer);
            let browser = sign_in(&app, &provider, &ada()).await;
            assert_eq!(browser.at, "/dashboard", "{signer:?} {audience}");
            let claims = provider.last_assertion();
            assert_eq!(claims["aud"], format!("{}{suffix}", provider.url));
            assert_eq!(provider.last_request("/token").field("client_secret"), None);
        }
    }
}

on_both!(requests_have_what_the_row_adds);
async fn requests_have_what_the_row_adds(engine: Engine) {
    let row = |it: &Provider| {
        format!(
            "{}headers = \"Api-Version: 2 | Accept: text/x-own\"\ntoken_scheme = \"Bearer\"\n\
             authorize_params = \"audience=a%20b\"\n",
            it.oauth("own")
        )
    };
    let row = |it: &Provider| {
        format!(
            "{}token_params = \"id_token_key_type=JWK\"\nscope_separator = \"comma\"\n",
            row(it)
        )
    };
    let (app, provider) = with_row(&engine, row).await;
    let authorize = app.browser().start_sign_in_at("own").await;
    let asked =
        |name: &str| authorize.query_pairs().find(|(it, _)| it == name).unwrap().1.into_owned();
    assert_eq!(
        (asked("audience").as_str(), asked("scope").as_str()),
        ("a b", "read:user,user:email")
    );
    let browser = sign_in(&app, &provider, &ada()).await;
    assert_eq!(browser.at, "/dashboard");
    for path in ["/token", "/user", "/user/emails"] {
        let request = provider.last_request(path);
        assert_eq!(request.headers["api-version"], "2", "{path}");
        assert_eq!(request.headers["accept"], "text/x-own", "{path}");
    }
    assert_eq!(provider.last_request("/token").field("id_token_key_type").as_deref(), Some("JWK"));
}

on_both!(userinfo_can_be_a_post_a_query_or_part_of_the_token_response);
async fn userinfo_can_be_a_post_a_query_or_part_of_the_token_response(engine: Engine) {
    let own =
        |it: &Provider| it.oauth("own").replace("email = \"emails-endpoint\"", "email = \"never\"");
    // An empty POST, as Dropbox wants it.
    let (app, provider) =
        with_row(&engine, |it| format!("{}userinfo_method = \"post\"\n", own(it))).await;
    assert_eq!(sign_in(&app, &provider, &ada()).await.at, "/dashboard");
    let request = provider.last_request("/user");
    assert_eq!((request.method.as_str(), request.body.as_str()), ("POST", ""));
    assert!(!request.headers.contains_key("content-type"));
    // GraphQL, with the user below an envelope.
    let row = |it: &Provider| {
        format!(
            "{}userinfo_method = \"post\"\nuserinfo_body = '{{\"query\": \"{{ viewer {{ id }} }}\"}}'\n\
             subject_path = \"data.viewer.id\"\nname_path = \"data.viewer.first + data.viewer.last\"\n",
            own(it)
        )
    };
    let (app, provider) = with_row(&engine, row).await;
    let viewer = json!({"data": {"viewer": {"id": "v1", "first": "Ada", "last": "Lovelace"}}});
    provider.respond_json(ProviderEndpoint::Userinfo, &viewer);
    assert_eq!(sign_in(&app, &provider, &ada()).await.at, "/dashboard");
    assert_eq!(provider.last_request("/user").headers["content-type"], JSON);
    assert_eq!(app.text("SELECT subject FROM linked_accounts").await, "v1");
    assert_eq!(app.text("SELECT display_name FROM users").await, "Ada Lovelace");
    // An error with status 200 has no user.
    provider.respond_json(
        ProviderEndpoint::Userinfo,
        &json!({"errors": [{"message": "no"}], "data": null}),
    );
    assert!(sign_in(&app, &provider, &ada()).await.at.starts_with("/sign-in"));
    // The user comes with the token.
    let row = |it: &Provider| {
        format!("{}user_source = \"token-response\"\nsubject_path = \"user.id\"\n", own(it))
    };
    let (app, provider) = with_row(&engine, row).await;
    provider.respond(
        ProviderEndpoint::Token,
        200,
        JSON,
        r#"{"access_token": "{token}", "user": {"id": 12345678901234567890}}"#,
    );
    assert_eq!(sign_in(&app, &provider, &ada()).await.at, "/dashboard");
    assert_eq!(app.text("SELECT subject FROM linked_accounts").await, "12345678901234567890");
    assert_eq!(provider.requests("/user"), 0);
}

on_both!(the_access_token_can_be_part_of_the_userinfo_address);
async fn the_access_token_can_be_part_of_the_userinfo_address(engine: Engine) {
    let row = |it: &Provider| it.oauth("own").replace("/user\"", "/user?token={access_token}\"");
    let (app, provider) = with_row(&engine, row).await;
    assert_eq!(sign_in(&app, &provider, &ada()).await.at, "/dashboard");
    assert_eq!(provider.last_request("/user").query.len(), "token=".len() + 43);
}

on_both!(slack__claim_names_can_be_addresses);
async fn slack__claim_names_can_be_addresses(engine: Engine) {
    let row = |it: &Provider| format!("{}preset = \"slack\"\n", it.oidc("own"));
    let (app, provider) = with_row(&engine, row).await;
    provider.set_claim("https://slack.com/team_id", "T1");
    provider.set_claim("https://slack.com/user_id", "U1");
    assert_eq!(sign_in(&app, &provider, &ada()).await.at, "/dashboard");
    assert_eq!(app.text("SELECT subject FROM linked_accounts").await, "T1:U1");
}

on_both!(line__a_token_signed_by_the_secret_is_refused_and_es256_is_requested);
async fn line__a_token_signed_by_the_secret_is_refused_and_es256_is_requested(engine: Engine) {
    let (app, provider) =
        with_row(&engine, |it| format!("{}preset = \"line\"\n", it.oidc("own"))).await;
    provider.sign_with(Signer::P256, "1");
    assert_eq!(sign_in(&app, &provider, &ada()).await.at, "/dashboard");
    let asked = provider.last_request("/token").field("id_token_key_type");
    assert_eq!(asked.as_deref(), Some("JWK"));
    provider.set_fault(ProviderEndpoint::Token, Fault::AlgorithmHs256);
    assert!(sign_in(&app, &provider, &ada()).await.at.starts_with("/sign-in"));
}

on_both!(entra__the_issuer_is_that_of_the_tokens_tenant);
async fn entra__the_issuer_is_that_of_the_tokens_tenant(engine: Engine) {
    const ORGANIZATION: &str = "72f988bf-86f1-41af-91ab-2d7cd011db47";
    const CONSUMERS: &str = "9188040d-6c67-4c5b-b112-36a304b66dad";
    for (tenant, published) in
        [("common", "{tenantid}"), ("organizations", "{tenantid}"), ("consumers", CONSUMERS)]
    {
        let row = |it: &Provider| {
            let issuer = format!("{}/{tenant}/v2.0", it.url);
            format!("{}preset = \"microsoft\"\n", it.oidc("own").replace(&it.url, &issuer))
        };
        let (app, provider) = with_row(&engine, row).await;
        let issuer = |tenant: &str| format!("{}/{tenant}/v2.0", provider.url);
        provider.claim_issuer(&issuer(published));
        for (named, tid, arrives) in [
            (ORGANIZATION, ORGANIZATION, tenant != "consumers"),
            (CONSUMERS, CONSUMERS, tenant != "organizations"),
            (ORGANIZATION, CONSUMERS, false),
            ("common", "common", false),
            ("{tenantid}", ORGANIZATION, false),
        ] {
            provider.set_claim("iss", issuer(named));
            provider.set_claim("tid", tid);
            let browser = sign_in(&app, &provider, &ProviderUser::named("ada")).await;
            assert_eq!(browser.at == "/dashboard", arrives, "{tenant}: {named} {tid}");
        }
        // The same subject in two tenants is two users.
        let tenants = if tenant == "common" { 2 } else { 1 };
        assert_eq!(app.count_users().await, tenants, "{tenant}");
    }
}

on_both!(entra__two_factors_at_the_provider_count_in_every_tenant);
async fn entra__two_factors_at_the_provider_count_in_every_tenant(engine: Engine) {
    const TENANT: &str = "72f988bf-86f1-41af-91ab-2d7cd011db47";
    let row = |it: &Provider| {
        let issuer = format!("{}/common/v2.0", it.url);
        let own = it.oidc("own").replace(&it.url, &issuer);
        format!("{own}preset = \"microsoft\"\namr = \"mfa\"\n")
    };
    let (app, provider) = with_row(&engine, row).await;
    provider.claim_issuer(&format!("{}/{{tenantid}}/v2.0", provider.url));
    provider.set_claim("iss", format!("{}/{TENANT}/v2.0", provider.url));
    provider.set_claim("tid", TENANT);
    let person = ProviderUser { amr: vec!["mfa"], ..ProviderUser::named("ada") };
    assert_eq!(sign_in(&app, &provider, &person).await.at, "/dashboard");
    let user = app.text("SELECT id FROM users").await.into();
    let mut tx = app.app.db.begin().await.unwrap();
    let found = multi_factor_provider(&app.app, &mut tx, &user).await.unwrap();
    assert_eq!(found.as_deref(), Some("own"));
}

on_both!(google__the_issuer_may_lack_its_scheme_only_where_the_row_says_so);
async fn google__the_issuer_may_lack_its_scheme_only_where_the_row_says_so(engine: Engine) {
    for (quirks, arrives) in [("issuer-without-scheme", true), ("select-account", false)] {
        let row = |it: &Provider| format!("{}quirks = \"{quirks}\"\n", it.oidc("own"));
        let (app, provider) = with_row(&engine, row).await;
        provider.set_claim("iss", provider.url.trim_start_matches("http://"));
        let browser = sign_in(&app, &provider, &ada()).await;
        assert_eq!(browser.at == "/dashboard", arrives, "{quirks}");
    }
}

on_both!(vk__the_device_id_of_the_callback_goes_to_the_token_endpoint);
async fn vk__the_device_id_of_the_callback_goes_to_the_token_endpoint(engine: Engine) {
    let row = |it: &Provider| format!("{}quirks = \"device-id\"\n", it.oauth("own"));
    let (app, provider) = with_row(&engine, row).await;
    let mut browser = app.browser();
    let authorize = browser.start_sign_in_at("own").await;
    let callback = provider.consent(&authorize, &ada());
    browser.visit(&with_parameter(&callback, "device_id", Some("d-1"))).await;
    assert_eq!(browser.at, "/dashboard");
    let request = provider.last_request("/token");
    assert_eq!(request.field("device_id").as_deref(), Some("d-1"));
    assert_eq!(request.field("state").map(|it| it.len()), Some(43));
}

on_both!(tiktok__the_client_is_named_client_key);
async fn tiktok__the_client_is_named_client_key(engine: Engine) {
    let row = |it: &Provider| format!("{}quirks = \"client-key\"\n", it.oauth("own"));
    let (app, provider) = with_row(&engine, row).await;
    sign_in(&app, &provider, &ada()).await;
    let request = provider.last_request("/token");
    assert_eq!(request.field("client_id"), None);
    assert_eq!(request.field("client_key").as_deref(), Some(CLIENT_ID));
}
