//! Plain OAuth 2.0 with a separate endpoint for email addresses.

use portcullis::social::SocialProblem::{Refused, Unreachable, Unusable};
use serde_json::json;

use crate::support::social::{finish_sign_up, with_parameter};
use crate::support::{
    ADA, EVE, Engine, Fault, Provider, ProviderEndpoint, ProviderUser, Social, TestApp,
};

fn ada() -> ProviderUser {
    ProviderUser::named("ada").with_email(ADA, true)
}

const VERIFIED: &str = "SELECT COUNT(email_verified_at) FROM users";

on_both!(the_primary_verified_email_is_used);
async fn the_primary_verified_email_is_used(site: Social) {
    let emails = vec![
        ("spare@example.com".to_owned(), false, true),
        ("new@example.com".to_owned(), false, false),
        (ADA.to_owned(), true, true),
    ];
    let email = Some((EVE.to_owned(), true));
    let person = ProviderUser { emails, email, ..ProviderUser::named("ada") };
    site.signed_in_browser("forge", &person).await;
    assert_eq!(site.app.text("SELECT email FROM users").await, ADA);
    assert_eq!(site.app.number(VERIFIED).await, 1);
}

on_both!(an_email_that_is_not_both_primary_and_verified_is_never_used);
async fn an_email_that_is_not_both_primary_and_verified_is_never_used(site: Social) {
    for (subject, primary, verified) in
        [("1", true, false), ("2", false, true), ("3", false, false)]
    {
        let emails = vec![(ADA.to_owned(), primary, verified)];
        let email = Some((ADA.to_owned(), true));
        let person = ProviderUser { emails, email, ..ProviderUser::named(subject) };
        site.signed_in_browser("forge", &person).await;
    }
    assert_eq!(site.app.count_users().await, 3);
    assert_eq!(site.app.number("SELECT COUNT(email) FROM users").await, 0);
}

on_both!(a_numeric_subject_finds_the_same_user_again);
async fn a_numeric_subject_finds_the_same_user_again(site: Social) {
    let person = ProviderUser { subject: json!(4711), ..ada() };
    for _ in 0..2 {
        site.signed_in_browser("forge", &person).await;
    }
    assert_eq!(site.app.count_users().await, 1);
    assert_eq!(site.app.text("SELECT subject FROM linked_accounts").await, "4711");
}

on_both!(a_response_without_a_valid_subject_signs_nobody_in);
async fn a_response_without_a_valid_subject_signs_nobody_in(site: Social) {
    for subject in [json!(null), json!(""), json!({"id": 1}), json!([1]), json!(true)] {
        let person = ProviderUser { subject, ..ProviderUser::named("x") };
        let mut browser = site.app.browser();
        let page = site.sign_in(&mut browser, "forge", &person).await;
        site.assert_not_signed_in(&mut browser, &page, Unusable).await;
    }
    assert_eq!(site.app.count_users().await, 0);
}

on_both!(v5_0_0__16_5_2__a_failure_of_any_provider_endpoint_signs_nobody_in);
async fn v5_0_0__16_5_2__a_failure_of_any_provider_endpoint_signs_nobody_in(engine: Engine) {
    let site = Social::with_settings(engine, "[http]\nprovider_timeout = \"1s\"\n").await;
    for place in [ProviderEndpoint::Token, ProviderEndpoint::Userinfo] {
        for fault in Fault::BROKEN {
            site.assert_sign_in_fails("forge", place, fault, fault.problem()).await;
        }
    }
    // Without the list of a new user's email addresses, a second account could come into being.
    for fault in [Fault::Status500, Fault::Hang] {
        site.assert_sign_in_fails("forge", ProviderEndpoint::Emails, fault, fault.problem()).await;
    }
    assert_eq!(site.forge.requests("/elsewhere"), 0);
    site.signed_in_browser("forge", &ada()).await;
}

on_both!(an_error_response_with_status_200_is_a_refusal);
async fn an_error_response_with_status_200_is_a_refusal(site: Social) {
    site.assert_sign_in_fails("forge", ProviderEndpoint::Token, Fault::RefusalWith200, Refused)
        .await;
}

on_both!(provider_error_codes_suggest_a_retry_only_if_it_may_succeed);
async fn provider_error_codes_suggest_a_retry_only_if_it_may_succeed(site: Social) {
    for name in ["idp", "forge"] {
        for (code, problem) in [
            ("invalid_grant", Refused),
            ("temporarily_unavailable", Unreachable),
            ("invalid_client", Unusable),
            ("unauthorized_client", Unusable),
            ("invalid_scope", Unusable),
        ] {
            // From the token endpoint.
            let provider = site.provider(name);
            provider.set_response(ProviderEndpoint::Token, Some(json!({"error": code})));
            site.assert_sign_in_fails(name, ProviderEndpoint::Token, Fault::None, problem).await;
            provider.set_response(ProviderEndpoint::Token, None);
            // In the callback.
            let mut browser = site.app.browser();
            let said = provider.deny(&browser.start_sign_in_at(name).await);
            let page = browser.visit(&with_parameter(&said, "error", Some(code))).await;
            site.assert_not_signed_in(&mut browser, &page, problem).await;
        }
    }
}

on_both!(provider_emails_are_not_used_if_the_settings_say_never);
async fn provider_emails_are_not_used_if_the_settings_say_never(engine: Engine) {
    let (idp, forge) = (Provider::start().await, Provider::start().await);
    let settings = format!(
        "{}{}",
        idp.oidc("idp").replace("verified-claim", "never"),
        forge.oauth("forge").replace("emails-endpoint", "never")
    );
    let app = TestApp::with_settings(engine, &settings).await;
    for (name, provider) in [("idp", &idp), ("forge", &forge)] {
        let mut browser = app.browser();
        let authorize = browser.start_sign_in_at(name).await;
        browser.visit(&provider.consent(&authorize, &ada())).await;
        finish_sign_up(&mut browser, &ada()).await;
        assert_eq!(browser.at, "/dashboard");
    }
    assert_eq!(app.count_users().await, 2);
    assert_eq!(app.number("SELECT COUNT(email) FROM users").await, 0);
}

on_both!(an_oauth_sign_in_requests_the_configured_scopes);
async fn an_oauth_sign_in_requests_the_configured_scopes(site: Social) {
    let authorize = site.app.browser().start_sign_in_at("forge").await;
    let scope = authorize.query_pairs().find(|(name, _)| name == "scope").unwrap().1;
    assert_eq!(scope, "read:user user:email");
}
