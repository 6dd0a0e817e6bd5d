//! Reauthentication before risky actions.

use std::borrow::Cow;

use serde_json::json;
use url::Url;

use crate::support::social::finish_sign_up;
use crate::support::{
    ADA, EVE, Engine, OTHER_PASSWORD, PASSWORD, Provider, ProviderUser, Social, TestApp,
};

const CONFIRM: &str = "/api/reauthentication/password";

/// Every action that requires reauthentication, with its fields.
const ACTIONS: [(&str, &[(&str, &str)]); 7] = [
    ("/api/verification/change", &[("email", EVE)]),
    ("/api/linked-accounts/link", &[("provider", "idp")]),
    ("/api/linked-accounts/unlink", &[("id", "x")]),
    ("/api/sessions/end", &[("id", "x")]),
    ("/api/sessions/end-others", &[]),
    ("/api/export", &[]),
    ("/api/deletion/ask", &[]),
];

on_both!(v5_0_0__7_5_1__sensitive_actions_require_reauthentication_after_ten_minutes);
async fn v5_0_0__7_5_1__sensitive_actions_require_reauthentication_after_ten_minutes(site: Social) {
    let app = &site.app;
    let mut browser = app.signed_in_browser(ADA).await;
    app.mails().await;
    app.clock.advance(601);
    let before = app.comparable_rows().await;
    for (action, fields) in ACTIONS {
        let answer = browser.call(action, fields).await;
        assert_eq!(
            (answer.status.as_u16(), answer.json()),
            (403, json!("reauthenticate")),
            "{action}"
        );
        browser.at = "/dashboard/profile".to_owned();
        browser.post_form(action, fields).await;
        assert_eq!(browser.at, "/reauthenticate?next=/dashboard/profile", "{action}");
    }
    let without_seen = |rows: Vec<String>| -> Vec<String> {
        rows.into_iter().filter(|it| !it.starts_with("sessions: ")).collect()
    };
    assert_eq!(without_seen(app.comparable_rows().await), without_seen(before));

    let cookie = browser.session();
    let fields = [("current_password", PASSWORD), ("next", "/dashboard/profile")];
    let page = browser.post_form(CONFIRM, &fields).await;
    assert_eq!(browser.at, "/dashboard/profile");
    assert!(page.shows("Identity confirmed. You can continue."), "{}", page.text());
    assert_ne!(browser.session(), cookie, "the session has a new id");
    for (action, fields) in ACTIONS {
        let answer = browser.call(action, fields).await;
        assert!(answer.status == 200, "{action}: {}", answer.text());
    }
}

on_both!(a_wrong_password_does_not_reauthenticate_and_counts_as_a_failure);
async fn a_wrong_password_does_not_reauthenticate_and_counts_as_a_failure(app: TestApp) {
    let mut browser = app.signed_in_browser(ADA).await;
    app.clock.advance(601);
    browser.at = "/reauthenticate".to_owned();
    let page = browser.post_form(CONFIRM, &[("current_password", OTHER_PASSWORD)]).await;
    let problem = page.problem_at("current_password").unwrap();
    assert_eq!(problem, "This is not your current password.");
    assert_eq!(browser.call("/api/sessions/end-others", &[]).await.status, 403);
    let refused = "SELECT COUNT(*) FROM audit_events WHERE kind = 'reauthentication_refused'";
    assert_eq!(app.number(refused).await, 1);
    // A stolen session can't be used to guess the password without limit.
    for _ in 0..99 {
        app.clock.advance(60);
        browser.call(CONFIRM, &[("current_password", OTHER_PASSWORD)]).await;
    }
    let answer = browser.call(CONFIRM, &[("current_password", PASSWORD)]).await;
    assert_eq!(answer.json(), json!("password_locked"));
    let told = app.mails().await.into_iter().filter(|it| it.subject == "Your password is locked");
    assert_eq!(told.count(), 1);
}

on_both!(ghsa_97r5__a_provider_reauthenticates_only_the_user_it_is_linked_to);
async fn ghsa_97r5__a_provider_reauthenticates_only_the_user_it_is_linked_to(site: Social) {
    let ada = ProviderUser::named("ada").with_email(ADA, true);
    let mut browser = site.signed_in_browser("idp", &ada).await;
    site.signed_in_browser("idp", &ProviderUser::named("eve")).await;
    site.app.clock.advance(601);
    let ask = [("provider", "idp"), ("next", "/dashboard/sessions")];
    for (person, is_right) in [(ProviderUser::named("eve"), false), (ada, true)] {
        browser.at = "/reauthenticate?next=/dashboard/sessions".to_owned();
        let there = browser.post("/api/reauthentication/provider", &ask).await.location().unwrap();
        let back = site.idp.consent(&there.parse().unwrap(), &person);
        let page = browser.visit(&back).await;
        if is_right {
            assert_eq!(browser.at, "/dashboard/sessions");
            assert!(page.shows("Identity confirmed. You can continue."), "{}", page.text());
        } else {
            assert_eq!(browser.at, "/reauthenticate?next=/dashboard/sessions");
            assert!(
                page.shows("That provider account is not linked to your account here."),
                "{}",
                page.text()
            );
        }
        let status = browser.call("/api/sessions/end-others", &[]).await.status;
        assert_eq!(status, if is_right { 200 } else { 403 });
    }
}

on_both!(v5_0_0__6_8_4__reauthentication_requests_and_checks_a_fresh_sign_in_at_the_provider);
async fn v5_0_0__6_8_4__reauthentication_requests_and_checks_a_fresh_sign_in_at_the_provider(
    site: Social,
) {
    let ada = ProviderUser::named("ada").with_email(ADA, true);
    let mut browser = site.signed_in_browser("idp", &ada).await;
    let asks = |it: &Url| -> Vec<String> {
        let of = |it: (_, Cow<'_, str>)| it.1.into_owned();
        it.query_pairs().filter(|(name, _)| name == "max_age" || name == "prompt").map(of).collect()
    };
    assert!(asks(&site.app.browser().start_sign_in_at("idp").await).is_empty(), "not to sign in");
    site.app.clock.advance(601);
    let now = site.app.clock.now();
    let ask = [("provider", "idp"), ("next", "/dashboard/sessions")];
    for (authenticated_at, is_fresh) in
        [(now - 601, false), (now + 61, false), (now - 600, true), (now + 60, true)]
    {
        browser.at = "/reauthenticate?next=/dashboard/sessions".to_owned();
        let answer = browser.post("/api/reauthentication/provider", &ask).await;
        let there: Url = answer.location().unwrap().parse().unwrap();
        assert_eq!(asks(&there), ["0", "login"]);
        let person = ada.clone().with_auth_time(authenticated_at);
        let page = browser.visit(&site.idp.consent(&there, &person)).await;
        let says = if is_fresh {
            "Identity confirmed. You can continue."
        } else {
            "The provider didn't ask you to sign in again."
        };
        assert!(page.shows(says), "{authenticated_at}: {}", page.text());
        let status = browser.call("/api/sessions/end-others", &[]).await.status;
        assert_eq!(status, if is_fresh { 200 } else { 403 }, "{authenticated_at}");
    }
}

on_both!(v5_0_0__7_6_1__a_new_session_is_only_as_fresh_as_the_sign_in_at_the_provider);
async fn v5_0_0__7_6_1__a_new_session_is_only_as_fresh_as_the_sign_in_at_the_provider(
    site: Social,
) {
    let ada = ProviderUser::named("ada").with_email(ADA, true);
    let now = site.app.clock.now();
    // Signing out and in again in an unlocked browser doesn't make the session fresh.
    for (authenticated_at, status) in
        [(now - 601, 403), (now - 600, 200), (now + 60, 200), (now + 61, 403)]
    {
        let person = ada.clone().with_auth_time(authenticated_at);
        let mut browser = site.signed_in_browser("idp", &person).await;
        let answer = browser.call("/api/sessions/end-others", &[]).await;
        assert_eq!(answer.status, status, "{authenticated_at}");
    }
}

on_both!(v5_0_0__6_8_4__reauthentication_counts_from_the_providers_auth_time);
async fn v5_0_0__6_8_4__reauthentication_counts_from_the_providers_auth_time(site: Social) {
    let ada = ProviderUser::named("ada").with_email(ADA, true);
    let mut browser = site.signed_in_browser("idp", &ada).await;
    site.app.clock.advance(601);
    let began = site.app.clock.now();
    browser.at = "/reauthenticate?next=/dashboard/sessions".to_owned();
    let ask = [("provider", "idp"), ("next", "/dashboard/sessions")];
    let there = browser.post("/api/reauthentication/provider", &ask).await.location().unwrap();
    // The provider authenticated the user 500 seconds before the callback.
    let back = site.idp.consent(&there.parse().unwrap(), &ada.with_auth_time(began));
    site.app.clock.advance(500);
    assert!(browser.visit(&back).await.shows("Identity confirmed. You can continue."));
    for (later, status) in [(100, 200), (1, 403)] {
        site.app.clock.advance(later);
        assert_eq!(browser.call("/api/sessions/end-others", &[]).await.status, status);
    }
}

on_both!(v5_0_0__6_8_4__without_a_required_auth_time_a_sign_in_does_not_count_as_recent);
async fn v5_0_0__6_8_4__without_a_required_auth_time_a_sign_in_does_not_count_as_recent(
    engine: Engine,
) {
    let (plain, promising) = (Provider::start().await, Provider::start().await);
    promising.set_metadata("claims_supported", json!(["sub", "auth_time"]));
    let cases = [
        ("a", &plain, "promised", false),
        ("b", &plain, "required", true),
        ("c", &plain, "optional", false),
        ("d", &promising, "promised", true),
        ("e", &promising, "optional", false),
        ("f", &promising, "ignored", false),
    ];
    let row = |(name, idp, rule, _): (&str, &Provider, &str, bool)| {
        format!("{}auth_time = {rule:?}\n", idp.oidc(name))
    };
    let app = TestApp::with_settings(engine, &cases.map(row).concat()).await;
    // An ID token without `auth_time`: none was requested, or the visitor removed that from the URL.
    let silent = ProviderUser::named("ada");
    for (name, idp, rule, must_say) in cases {
        let mut browser = app.browser();
        let there = browser.start_sign_in_at(name).await;
        let asks = |what: &str| there.as_str().contains(what);
        assert_eq!(asks("&max_age=31536000"), must_say, "{name} {rule}");
        assert_eq!(asks("&claims=%7B%22id_token"), rule == "required", "{name} {rule}");
        browser.visit(&idp.consent(&there, &silent)).await;
        finish_sign_up(&mut browser, &silent).await;
        let status = browser.call("/api/sessions/end-others", &[]).await.status;
        assert_eq!(status, if must_say { 403 } else { 200 }, "{name} {rule}");

        app.clock.advance(601);
        browser.at = "/reauthenticate?next=/dashboard/sessions".to_owned();
        let ask = [("provider", name), ("next", "/dashboard/sessions")];
        let there = browser.post("/api/reauthentication/provider", &ask).await.location().unwrap();
        let page = browser.visit(&idp.consent(&there.parse().unwrap(), &silent)).await;
        let says = if must_say {
            "The provider didn't ask you to sign in again."
        } else {
            "Identity confirmed. You can continue."
        };
        assert!(page.shows(says), "{name} {rule}: {}", page.text());
    }
}

on_both!(an_account_wide_auth_time_does_not_count_for_this_browser);
async fn an_account_wide_auth_time_does_not_count_for_this_browser(engine: Engine) {
    let idp = Provider::start().await;
    let row = format!("{}auth_time = \"ignored\"\n", idp.oidc("idp"));
    let app = TestApp::with_settings(engine, &row).await;
    let site = Social { app, forge: idp.clone(), idp };
    let person = ProviderUser::named("ada").with_auth_time(site.app.clock.now() - 3600);
    let mut browser = site.signed_in_browser("idp", &person).await;
    assert_eq!(browser.call("/api/sessions/end-others", &[]).await.status, 200);
}
