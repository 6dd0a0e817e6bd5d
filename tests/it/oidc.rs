//! OpenID Connect: every check of the ID token, with a provider that fails each in turn.

use std::time::Duration;

use portcullis::server::Clock;
use portcullis::social::SocialProblem::{self, Refused, Unusable};
use portcullis::social::server::ProviderCheck;

use crate::support::social::finish_sign_up;
use crate::support::{
    ADA, Engine, Fault, Provider, ProviderEndpoint, ProviderUser, Social, TestApp,
};

fn ada() -> ProviderUser {
    ProviderUser::named("ada").with_email(ADA, true)
}

on_both!(v5_0_0__6_8_2__an_invalid_id_token_signs_nobody_in);
async fn v5_0_0__6_8_2__an_invalid_id_token_signs_nobody_in(site: Social) {
    // Another attempt may bring a valid ID token, so these are `Refused`.
    for fault in [Fault::WrongNonce, Fault::NoNonce, Fault::Expired] {
        site.assert_sign_in_fails("idp", ProviderEndpoint::Token, fault, Refused).await;
    }
    for fault in [
        Fault::WrongAudience,
        Fault::WrongParty,
        Fault::WrongIssuer,
        Fault::IssuedLater,
        Fault::ValidLater,
        Fault::BadSignature,
        Fault::OtherKey,
        Fault::AlgorithmNone,
        Fault::AlgorithmHs256,
        Fault::WrongAccessTokenHash,
        Fault::ManyAudiences,
    ] {
        site.assert_sign_in_fails("idp", ProviderEndpoint::Token, fault, Unusable).await;
    }
    // The same provider works without a fault.
    site.signed_in_browser("idp", &ada()).await;
}

on_both!(a_response_without_an_id_token_signs_nobody_in);
async fn a_response_without_an_id_token_signs_nobody_in(site: Social) {
    site.assert_sign_in_fails("idp", ProviderEndpoint::Token, Fault::NoIdToken, Unusable).await;
}

on_both!(v5_0_0__16_5_2__a_failing_token_endpoint_signs_nobody_in);
async fn v5_0_0__16_5_2__a_failing_token_endpoint_signs_nobody_in(engine: Engine) {
    let site = Social::with_settings(engine, "[http]\nprovider_timeout = \"1s\"\n").await;
    let began = Clock::System.now();
    for fault in Fault::BROKEN {
        site.assert_sign_in_fails("idp", ProviderEndpoint::Token, fault, fault.problem()).await;
    }
    assert!(Clock::System.now() - began < 15, "a hanging provider is given up");
    assert_eq!(site.idp.requests("/elsewhere"), 0, "no redirect is followed (ASVS 15.3.2)");
}

on_both!(a_failed_discovery_starts_no_sign_in);
async fn a_failed_discovery_starts_no_sign_in(engine: Engine) {
    for fault in Fault::BROKEN {
        // A new site each time, because a site backs off after a failed discovery.
        let site =
            Social::with_settings(engine.clone(), "[http]\nprovider_timeout = \"1s\"\n").await;
        site.idp.set_fault(ProviderEndpoint::Discovery, fault);
        // The second attempt is within the back-off and reports the same problem.
        assert_start_fails(&site, fault.problem()).await;
        assert_start_fails(&site, fault.problem()).await;
        assert_eq!(site.idp.requests("/elsewhere"), 0);
        assert_eq!(site.app.number("SELECT COUNT(*) FROM authorization_requests").await, 0);
    }
}

async fn assert_start_fails(site: &Social, problem: SocialProblem) {
    let mut browser = site.app.browser();
    browser.at = "/sign-in".to_owned();
    let page = browser.post_form("/api/sign-in/social", &[("provider", "idp")]).await;
    site.assert_not_signed_in(&mut browser, &page, problem).await;
}

on_both!(v5_0_0__15_2_2__concurrent_sign_ins_share_one_discovery_request);
async fn v5_0_0__15_2_2__concurrent_sign_ins_share_one_discovery_request(engine: Engine) {
    const DISCOVERY: &str = "/.well-known/openid-configuration";
    let site = Social::with_settings(engine, "[http]\nprovider_timeout = \"1s\"\n").await;
    site.idp.set_fault(ProviderEndpoint::Discovery, Fault::Hang);
    let all: Vec<_> = (0..8)
        .map(|_| {
            let mut browser = site.app.browser();
            tokio::spawn(async move {
                browser.call("/api/sign-in/social", &[("provider", "idp")]).await.status
            })
        })
        .collect();
    for one in all {
        assert_eq!(one.await.unwrap(), 422);
    }
    assert_eq!(site.idp.requests(DISCOVERY), 1, "in vain, and not again at once");

    // The provider has recovered, and is asked again after the back-off.
    site.idp.set_fault(ProviderEndpoint::Discovery, Fault::None);
    tokio::time::sleep(Duration::from_millis(1100)).await;
    site.signed_in_browser("idp", &ada()).await;
    assert_eq!(site.idp.requests(DISCOVERY), 2);
}

on_both!(v5_0_0__13_2_4__an_unsafe_authorization_endpoint_from_discovery_is_refused);
async fn v5_0_0__13_2_4__an_unsafe_authorization_endpoint_from_discovery_is_refused(
    engine: Engine,
) {
    for address in ["javascript:alert(1)", "http://example.com/authorize", "https://a;sandbox/x"] {
        let site = Social::with_settings(engine.clone(), "").await;
        site.idp.set_metadata("authorization_endpoint", address);
        assert_start_fails(&site, Unusable).await;
        let policy = site.app.browser().get("/sign-in").await;
        assert!(!policy.header("content-security-policy").contains("sandbox"), "{address}");
    }
}

on_both!(v5_0_0__10_5_3__discovery_with_another_issuer_is_refused);
async fn v5_0_0__10_5_3__discovery_with_another_issuer_is_refused(site: Social) {
    site.idp.claim_issuer("https://accounts.google.com");
    assert_start_fails(&site, Unusable).await;
}

on_both!(an_email_missing_from_the_id_token_is_fetched_from_userinfo);
async fn an_email_missing_from_the_id_token_is_fetched_from_userinfo(site: Social) {
    site.idp.withhold_email();
    let mut browser = site.signed_in_browser("idp", &ada()).await;
    assert!(browser.visit("/dashboard").await.shows(ADA));
}

on_both!(only_a_userinfo_endpoint_that_may_recover_signs_nobody_in);
async fn only_a_userinfo_endpoint_that_may_recover_signs_nobody_in(engine: Engine) {
    let site = Social::with_settings(engine, "[http]\nprovider_timeout = \"1s\"\n").await;
    site.idp.withhold_email();
    // If the subject differs, the email address is another user's (OpenID Connect Core 1.0, 5.3.2).
    for fault in [Fault::Status500, Fault::Hang, Fault::OtherSubject] {
        site.assert_sign_in_fails("idp", ProviderEndpoint::Userinfo, fault, fault.problem()).await;
    }
    // What will never come is not waited for.
    for fault in [Fault::Garbage, Fault::WrongShape, Fault::Redirect, Fault::TooLong] {
        let mut browser = site.app.browser();
        let authorize = browser.start_sign_in_at("idp").await;
        let callback = site.idp.consent(&authorize, &ada());
        site.idp.set_fault(ProviderEndpoint::Userinfo, fault);
        browser.visit(&callback).await;
        finish_sign_up(&mut browser, &ada()).await;
        assert_eq!(browser.at, "/dashboard", "{fault:?}");
    }
    assert_eq!(site.app.number("SELECT COUNT(email) FROM users").await, 0);
    assert_eq!(site.app.number("SELECT COUNT(*) FROM users").await, 1);
}

on_both!(v5_0_0__10_2_3__only_the_configured_scopes_are_requested);
async fn v5_0_0__10_2_3__only_the_configured_scopes_are_requested(engine: Engine) {
    let idp = Provider::start().await;
    let settings = format!("{}scopes = \"openid email\"\n", idp.oidc("idp"));
    let app = TestApp::with_settings(engine, &settings).await;
    let authorize = app.browser().start_sign_in_at("idp").await;
    let scope = authorize.query_pairs().find(|(name, _)| name == "scope").unwrap().1;
    assert_eq!(scope, "openid email");
}

on_both!(discovery_is_cached_across_sign_ins);
async fn discovery_is_cached_across_sign_ins(site: Social) {
    for _ in 0..3 {
        site.signed_in_browser("idp", &ada()).await;
    }
    assert_eq!(site.idp.requests("/.well-known/openid-configuration"), 1);
}

on_both!(tokens_with_an_unknown_key_do_not_repeat_discovery);
async fn tokens_with_an_unknown_key_do_not_repeat_discovery(site: Social) {
    for _ in 0..3 {
        site.assert_sign_in_fails("idp", ProviderEndpoint::Token, Fault::OtherKey, Unusable).await;
    }
    assert_eq!(site.idp.requests("/.well-known/openid-configuration"), 1);
}

on_both!(a_malformed_subject_causes_no_server_error);
async fn a_malformed_subject_causes_no_server_error(site: Social) {
    for subject in ["a\0b", "", &"x".repeat(300)] {
        let person = ProviderUser { subject: subject.into(), ..ProviderUser::named("x") };
        let mut browser = site.app.browser();
        let page = site.sign_in(&mut browser, "idp", &person).await;
        assert!(page.status.as_u16() < 500, "{subject:?}: {}", page.text());
        if browser.at != "/dashboard" {
            site.assert_not_signed_in(&mut browser, &page, Unusable).await;
        }
    }
}

on_both!(a_name_from_a_provider_is_shown_as_text_or_left_out);
async fn a_name_from_a_provider_is_shown_as_text_or_left_out(site: Social) {
    for (subject, name, shown) in [
        ("1", "<b>Ada</b>", true),
        ("2", "Ada\u{202e}ecalevoL", false),
        ("3", "Ada\r\nLovelace", false),
    ] {
        let person = ProviderUser { name: name.to_owned(), ..ProviderUser::named(subject) };
        let mut browser = site.app.browser();
        let page = site.sign_in(&mut browser, "idp", &person).await;
        assert_eq!(page.status, 200);
        assert_eq!(page.shows(name), shown, "{name:?}");
        assert!(!page.text().contains("<b>Ada"));
    }
}

on_both!(a_check_of_a_provider_names_what_is_wrong);
async fn a_check_of_a_provider_names_what_is_wrong(engine: Engine) {
    let check = async |site: &Social, name: &str| {
        let checks = portcullis::social::server::check_provider(&site.app.app, name).await.unwrap();
        let row = |it: &ProviderCheck| (it.what, it.is_ok, it.about.clone());
        checks.iter().map(row).collect::<Vec<_>>()
    };
    let site = Social::with_settings(engine.clone(), "").await;
    for name in ["idp", "forge"] {
        let rows = check(&site, name).await;
        let registered = format!("{}social/{name}/callback", site.app.app.config.site.url);
        assert!(rows[0].2.ends_with(&registered), "{rows:?}");
        assert!(rows.iter().all(|it| it.1), "{rows:?}");
        assert!(rows.iter().any(|it| it.0 == "clock"), "{rows:?}");
        assert_eq!(rows.iter().any(|it| it.0 == "keys"), name == "idp");
    }
    let failing = async |endpoint: ProviderEndpoint, body: &str, what: &str| {
        let site = Social::with_settings(engine.clone(), "").await;
        site.idp.respond(endpoint, 200, "application/json", body);
        let rows = check(&site, "idp").await;
        let failed: Vec<_> = rows.iter().filter(|it| !it.1).collect();
        assert_eq!((failed.len(), failed[0].0), (1, what), "{rows:?}");
    };
    failing(ProviderEndpoint::Keys, r#"{"keys": []}"#, "keys").await;
    failing(ProviderEndpoint::Keys, "<html>", "keys").await;
    failing(ProviderEndpoint::Discovery, r#"{"issuer": "https://evil.example"}"#, "discovery")
        .await;
    let unknown = portcullis::social::server::check_provider(&site.app.app, "x\ny").await;
    assert!(!unknown.unwrap_err().to_string().contains('\n'));
}
