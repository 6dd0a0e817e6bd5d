//! Callbacks from a provider: valid in the browser that started, once, and in time.

use axum::http::Request;
use portcullis::social::SocialProblem::{Expired, Refused, Unusable};

use crate::support::social::{finish_sign_up, parameter, with_parameter};
use crate::support::{
    ADA, EVE, Engine, Fault, PASSWORD, Provider, ProviderEndpoint, ProviderUser, Social, TestApp,
};

const BEGIN: &str = "/api/sign-in/social";

fn ada() -> ProviderUser {
    ProviderUser::named("ada").with_email(ADA, true)
}

/// A person with a different email address at each provider.
fn ada_of(provider: &str) -> ProviderUser {
    ProviderUser::named("ada").with_email(&format!("ada@{provider}.example.com"), true)
}

on_both!(without_providers_the_sign_in_page_mentions_none);
async fn without_providers_the_sign_in_page_mentions_none(app: TestApp) {
    let mut browser = app.browser();
    let page = browser.visit("/sign-in").await.text();
    assert!(!page.contains(BEGIN) && !page.contains("Continue with"), "{page}");
    let answer = browser.call(BEGIN, &[("provider", "google")]).await;
    assert_eq!(answer.status, 404);
}

on_both!(each_provider_has_a_button_and_the_last_used_one_is_marked);
async fn each_provider_has_a_button_and_the_last_used_one_is_marked(site: Social) {
    let mut browser = site.app.browser();
    for path in ["/sign-in", "/sign-up"] {
        let page = browser.visit(path).await;
        assert!(page.shows("Continue with idp") && page.shows("Continue with forge"), "{path}");
    }
    let page = browser.visit("/sign-in").await;
    assert!(!page.shows("Last used"));
    let mut browser = site.signed_in_browser("forge", &ada()).await;
    browser.post_form("/api/sign-out", &[]).await;
    let page = browser.visit("/sign-in").await;
    assert!(page.shows("Opening forge… Last used"), "{}", page.text());
}

on_both!(the_first_provider_sign_in_creates_an_account_and_the_next_finds_it);
async fn the_first_provider_sign_in_creates_an_account_and_the_next_finds_it(site: Social) {
    for (users, name) in [(1, "idp"), (2, "forge")] {
        let person = ProviderUser::named(name).with_email(&format!("{name}@example.com"), true);
        let mut browser = site.app.browser();
        let page = site.sign_in(&mut browser, name, &person).await;
        assert_eq!(browser.at, "/dashboard");
        assert!(page.shows(name) && page.shows("You have 1 linked account."));
        // The name and email address at the provider may change; the subject does not.
        let renamed = ProviderUser { name: "Countess".to_owned(), ..person };
        let renamed = renamed.with_email("moved@example.com", true);
        site.signed_in_browser(name, &renamed).await;
        assert_eq!(site.app.count_users().await, users);
    }
}

on_both!(a_session_started_at_a_provider_is_like_any_other);
async fn a_session_started_at_a_provider_is_like_any_other(site: Social) {
    let mut browser = site.app.signed_in_browser(EVE).await;
    let mut before = browser.clone();
    // Signing in as another user ends the browser's earlier session.
    let authorize = browser.start_sign_in_at("idp").await;
    let callback = site.idp.consent(&authorize, &ada());
    let answer = browser.get(&callback).await;
    let cookie = answer.cookie("portcullis").unwrap();
    assert!(cookie.has("httponly") && cookie.has("samesite=lax") && cookie.max_age().is_none());
    assert!(!before.is_signed_in().await);
    assert!(browser.visit("/dashboard").await.shows(ADA));
    assert_eq!(site.app.count_sessions().await, 1);
}

on_both!(a_hydrated_form_receives_the_providers_url);
async fn a_hydrated_form_receives_the_providers_url(site: Social) {
    let mut browser = site.app.browser();
    let fields = [("provider", "idp"), ("next", "/dashboard/profile")];
    let answer = browser.call(BEGIN, &fields).await;
    let go = answer.json()["go"].as_str().unwrap().parse().unwrap();
    browser.visit(&site.idp.consent(&go, &ada())).await;
    assert_eq!(browser.at, "/dashboard/profile");
}

on_both!(v5_0_0__3_7_2__next_stays_on_this_site_after_a_provider_sign_in);
async fn v5_0_0__3_7_2__next_stays_on_this_site_after_a_provider_sign_in(site: Social) {
    for next in ["https://evil.example", "//evil.example", "/\\evil.example", "/api/sign-out"] {
        let mut browser = site.app.browser();
        let answer = browser.post(BEGIN, &[("provider", "idp"), ("next", next)]).await;
        let authorize = answer.location().unwrap().parse().unwrap();
        let back = browser.get(&site.idp.consent(&authorize, &ada())).await;
        assert_eq!(back.location().as_deref(), Some("/dashboard"), "{next}");
    }
}

on_both!(the_redirect_uri_comes_from_the_settings_and_not_from_a_header);
async fn the_redirect_uri_comes_from_the_settings_and_not_from_a_header(site: Social) {
    let mut browser = site.app.browser();
    for name in ["idp", "forge"] {
        let request = Request::post(BEGIN)
            .header("content-type", "application/x-www-form-urlencoded")
            .header("accept", "text/html")
            .header("sec-fetch-site", "same-origin")
            .header("host", "evil.example")
            .header("x-forwarded-host", "evil.example")
            .header("forwarded", "host=evil.example;proto=https");
        let body = format!("provider={name}").into();
        let answer = browser.send(request.body(body).unwrap()).await;
        let location = answer.location().unwrap();
        assert!(!location.contains("evil.example"), "{location}");
        let redirect = parameter(&location, "redirect_uri");
        assert_eq!(redirect, format!("http://localhost:3000/social/{name}/callback"));
    }
}

on_both!(v5_0_0__3_5_3__only_a_post_starts_a_provider_sign_in);
async fn v5_0_0__3_5_3__only_a_post_starts_a_provider_sign_in(site: Social) {
    let mut browser = site.app.browser();
    for path in [BEGIN, "/api/sign-in/social?provider=idp", "/social/idp", "/social/idp/begin"] {
        let answer = browser.get(path).await;
        assert!(matches!(answer.status.as_u16(), 404 | 405), "{path}: {}", answer.status);
    }
    let rows = "SELECT COUNT(*) FROM authorization_requests";
    assert_eq!(site.app.number(rows).await, 0);
    let answer = browser
        .send(
            Request::post("/social/idp/callback")
                .header("sec-fetch-site", "same-origin")
                .header("content-type", "application/x-www-form-urlencoded")
                .body("state=x&code=y".into())
                .unwrap(),
        )
        .await;
    assert_eq!(answer.status, 405);
}

on_both!(v5_0_0__10_2_1__each_sign_in_has_secrets_of_its_own);
async fn v5_0_0__10_2_1__each_sign_in_has_secrets_of_its_own(site: Social) {
    let mut browser = site.app.browser();
    let mut seen = std::collections::HashSet::new();
    for _ in 0..3 {
        let location = browser.start_sign_in_at("idp").await.to_string();
        for name in ["state", "nonce", "code_challenge"] {
            assert!(seen.insert(parameter(&location, name)), "{name} twice");
        }
    }
    // The database contains only sealed copies or digests of them.
    let rows = site.app.all_rows().await.join("\n");
    assert!(rows.contains("authorization_requests"));
    assert!(seen.iter().all(|it| !rows.contains(it.as_str())));
    let cookie = &browser.cookies["portcullis-authorization"];
    assert!(!rows.contains(cookie.as_str()));
}

on_both!(a_missing_or_unknown_state_is_refused);
async fn a_missing_or_unknown_state_is_refused(site: Social) {
    for name in ["idp", "forge"] {
        let provider = site.provider(name);
        let mut browser = site.app.browser();
        let authorize = browser.start_sign_in_at(name).await;
        let callback = provider.consent(&authorize, &ada_of(name));
        for state in [None, Some(""), Some("x"), Some("a\0b"), Some("'; --")] {
            let mut browser = browser.clone();
            let page = browser.visit(&with_parameter(&callback, "state", state)).await;
            site.assert_not_signed_in(&mut browser, &page, Expired).await;
        }
        assert_eq!(provider.requests("/token"), 0, "the code was not even tried");
        // The right state still works.
        browser.visit(&callback).await;
        assert_eq!(browser.at, "/dashboard");
        browser.post_form("/api/sign-out", &[]).await;
    }
}

on_both!(cve_2025_68481__state_is_bound_to_the_browser);
async fn cve_2025_68481__state_is_bound_to_the_browser(site: Social) {
    let mut eve = site.app.browser();
    let authorize = eve.start_sign_in_at("idp").await;
    let person = ProviderUser::named("eve").with_email(EVE, true);
    let callback = site.idp.consent(&authorize, &person);
    // A browser that started no sign-in, and one that started its own.
    let mut fresh = site.app.browser();
    let page = fresh.visit(&callback).await;
    site.assert_not_signed_in(&mut fresh, &page, Expired).await;
    let mut busy = site.app.browser();
    busy.start_sign_in_at("idp").await;
    let page = busy.visit(&callback).await;
    site.assert_not_signed_in(&mut busy, &page, Expired).await;
    // Nor did that use up the state of the browser that started it.
    eve.visit(&callback).await;
    assert_eq!(eve.at, "/dashboard");
}

on_both!(cve_2025_46815__a_state_works_once);
async fn cve_2025_46815__a_state_works_once(site: Social) {
    for name in ["idp", "forge"] {
        let mut browser = site.app.browser();
        let authorize = browser.start_sign_in_at(name).await;
        let callback = site.provider(name).consent(&authorize, &ada_of(name));
        let mut again = browser.clone();
        browser.visit(&callback).await;
        browser.post_form("/api/sign-out", &[]).await;
        let page = again.visit(&callback).await;
        site.assert_not_signed_in(&mut again, &page, Expired).await;
        assert_eq!(site.provider(name).requests("/token"), 1);
    }
}

on_both!(concurrent_callbacks_with_one_state_sign_in_once);
async fn concurrent_callbacks_with_one_state_sign_in_once(site: Social) {
    let mut browser = site.app.browser();
    let authorize = browser.start_sign_in_at("idp").await;
    let callback = site.idp.consent(&authorize, &ada());
    let arrivals: Vec<_> = (0..6)
        .map(|_| {
            let (mut browser, callback) = (browser.clone(), callback.clone());
            tokio::spawn(async move { browser.get(&callback).await.location() })
        })
        .collect();
    let mut arrived = 0;
    for arrival in arrivals {
        arrived += usize::from(arrival.await.unwrap().as_deref() == Some("/dashboard"));
    }
    assert_eq!(arrived, 1);
    assert_eq!(site.idp.requests("/token"), 1);
    assert_eq!(site.app.count_sessions().await, 1);
}

on_both!(a_sign_in_at_a_provider_expires_after_ten_minutes);
async fn a_sign_in_at_a_provider_expires_after_ten_minutes(site: Social) {
    for (seconds, arrives) in [(599, true), (600, false), (601, false)] {
        let mut browser = site.app.browser();
        let authorize = browser.start_sign_in_at("idp").await;
        let callback = site.idp.consent(&authorize, &ada());
        site.app.clock.advance(seconds);
        let page = browser.visit(&callback).await;
        if arrives {
            assert_eq!(browser.at, "/dashboard", "{seconds} s");
            browser.post_form("/api/sign-out", &[]).await;
        } else {
            site.assert_not_signed_in(&mut browser, &page, Expired).await;
        }
    }
    // A sign-in without a callback is swept.
    site.app.browser().start_sign_in_at("idp").await;
    site.app.clock.advance(601);
    portcullis::server::jobs::run_sweeps(&site.app.app).await;
    let rows = "SELECT COUNT(*) FROM authorization_requests";
    assert_eq!(site.app.number(rows).await, 0);
}

on_both!(concurrent_provider_sign_ins_in_several_tabs_all_succeed);
async fn concurrent_provider_sign_ins_in_several_tabs_all_succeed(site: Social) {
    let mut browser = site.app.browser();
    let first = browser.start_sign_in_at("idp").await;
    let second = browser.start_sign_in_at("idp").await;
    let third = browser.start_sign_in_at("forge").await;
    for callback in [
        site.idp.consent(&second, &ada()),
        site.forge.consent(&third, &ProviderUser::named("ada-of-the-forge")),
        site.idp.consent(&first, &ada()),
    ] {
        browser.visit(&callback).await;
        assert_eq!(browser.at, "/dashboard");
    }
}

on_both!(v5_0_0__10_2_2__a_callback_of_one_provider_is_refused_at_another);
async fn v5_0_0__10_2_2__a_callback_of_one_provider_is_refused_at_another(site: Social) {
    for (began, came_back) in [("idp", "forge"), ("forge", "idp")] {
        let mut browser = site.app.browser();
        let authorize = browser.start_sign_in_at(began).await;
        let callback = site.provider(began).consent(&authorize, &ada());
        let elsewhere =
            callback.replace(&format!("/social/{began}/"), &format!("/social/{came_back}/"));
        let page = browser.visit(&elsewhere).await;
        site.assert_not_signed_in(&mut browser, &page, Expired).await;
        assert_eq!(site.idp.requests("/token") + site.forge.requests("/token"), 0);
    }
}

on_both!(rfc_9207__a_callback_must_name_the_expected_issuer_if_one_was_promised);
async fn rfc_9207__a_callback_must_name_the_expected_issuer_if_one_was_promised(engine: Engine) {
    let site = Social::with_settings(engine, "").await;
    site.idp.promise_issuer();
    for (issuer, arrives) in [
        (Some(site.idp.url.clone()), true),
        (Some("https://evil.example".to_owned()), false),
        (Some(format!("{}/", site.idp.url)), false),
        (Some(String::new()), false),
        (None, false),
    ] {
        let mut browser = site.app.browser();
        let authorize = browser.start_sign_in_at("idp").await;
        let callback = site.idp.consent(&authorize, &ada());
        let asked = site.idp.requests("/token");
        let page = browser.visit(&with_parameter(&callback, "iss", issuer.as_deref())).await;
        if arrives {
            assert_eq!(browser.at, "/dashboard");
            browser.post_form("/api/sign-out", &[]).await;
        } else {
            site.assert_not_signed_in(&mut browser, &page, Unusable).await;
            assert_eq!(site.idp.requests("/token"), asked, "{issuer:?}");
        }
    }
}

on_both!(rfc_9207__a_wrong_issuer_is_refused_even_if_none_was_promised);
async fn rfc_9207__a_wrong_issuer_is_refused_even_if_none_was_promised(site: Social) {
    for name in ["idp", "forge"] {
        let mut browser = site.app.browser();
        let authorize = browser.start_sign_in_at(name).await;
        let callback = site.provider(name).consent(&authorize, &ada_of(name));
        let page =
            browser.visit(&with_parameter(&callback, "iss", Some("https://evil.example"))).await;
        site.assert_not_signed_in(&mut browser, &page, Unusable).await;
    }
}

on_both!(a_failed_provider_sign_in_keeps_the_page_to_return_to);
async fn a_failed_provider_sign_in_keeps_the_page_to_return_to(site: Social) {
    let mut browser = site.app.browser();
    let fields = [("provider", "idp"), ("next", "/dashboard/sessions")];
    let answer = browser.post(BEGIN, &fields).await;
    let authorize = answer.location().unwrap().parse().unwrap();
    let page = browser.visit(&site.idp.deny(&authorize)).await;
    site.assert_not_signed_in(&mut browser, &page, Refused).await;
    assert_eq!(browser.at, "/sign-in?next=/dashboard/sessions");
    assert_eq!(page.value_of("next").as_deref(), Some("/dashboard/sessions"));
}

on_both!(declining_at_the_provider_shows_our_own_message);
async fn declining_at_the_provider_shows_our_own_message(site: Social) {
    for name in ["idp", "forge"] {
        let mut browser = site.app.browser();
        browser.at = "/sign-in".to_owned();
        let authorize = browser.start_sign_in_at(name).await;
        let callback = site.provider(name).deny(&authorize);
        let page = browser.visit(&callback).await;
        site.assert_not_signed_in(&mut browser, &page, Refused).await;
        assert!(!page.text().contains("555-0199"));
        assert_eq!(site.provider(name).requests("/token"), 0);
        // The state is used up.
        let page = browser.visit(&callback).await;
        site.assert_not_signed_in(&mut browser, &page, Expired).await;
    }
}

on_both!(an_unknown_provider_has_no_callback);
async fn an_unknown_provider_has_no_callback(site: Social) {
    for path in ["/social/x/callback", "/social/x/callback?state=a&code=b", "/social/IDP/callback"]
    {
        let answer = site.app.browser().get(path).await;
        assert_eq!(answer.status, 404, "{path}");
    }
}

on_both!(a_callback_without_a_started_sign_in_is_refused);
async fn a_callback_without_a_started_sign_in_is_refused(site: Social) {
    for query in
        ["", "?error=access_denied", "?code=x", "?state=x", "?%ff", "?state=a&state=b&code=c"]
    {
        let mut browser = site.app.browser();
        let page = browser.visit(&format!("/social/idp/callback{query}")).await;
        site.assert_not_signed_in(&mut browser, &page, Expired).await;
    }
}

on_both!(v5_0_0__10_4_2__a_code_works_once);
async fn v5_0_0__10_4_2__a_code_works_once(site: Social) {
    for name in ["idp", "forge"] {
        let provider = site.provider(name);
        let mut browser = site.app.browser();
        let used = provider.consent(&browser.start_sign_in_at(name).await, &ada_of(name));
        browser.visit(&used).await;
        browser.post_form("/api/sign-out", &[]).await;
        // The used code with a valid state.
        let fresh = provider.consent(&browser.start_sign_in_at(name).await, &ada_of(name));
        let mixed = with_parameter(&fresh, "code", Some(&parameter(&used, "code")));
        let page = browser.visit(&mixed).await;
        site.assert_not_signed_in(&mut browser, &page, Refused).await;
    }
}

on_both!(v5_0_0__10_2_1__a_code_of_another_sign_in_does_not_match_the_verifier);
async fn v5_0_0__10_2_1__a_code_of_another_sign_in_does_not_match_the_verifier(site: Social) {
    for name in ["idp", "forge"] {
        let provider = site.provider(name);
        let mut eve = site.app.browser();
        let stolen = provider.consent(&eve.start_sign_in_at(name).await, &ada_of(name));
        // Eve uses a code from one sign-in in another of her own.
        let own = provider.consent(&eve.start_sign_in_at(name).await, &ProviderUser::named("eve"));
        let mixed = with_parameter(&own, "code", Some(&parameter(&stolen, "code")));
        let page = eve.visit(&mixed).await;
        site.assert_not_signed_in(&mut eve, &page, Refused).await;
    }
}

on_both!(a_provider_that_is_down_is_reported_as_unreachable);
async fn a_provider_that_is_down_is_reported_as_unreachable(engine: Engine) {
    let nowhere = "[social.gone]\nissuer = \"http://127.0.0.1:9\"\nclient_id = \"x\"\nclient_secret = \"y\"\n";
    let app = TestApp::with_settings(engine, nowhere).await;
    let mut browser = app.browser();
    browser.at = "/sign-in?next=/dashboard/profile".to_owned();
    let page = browser.post_form(BEGIN, &[("provider", "gone")]).await;
    assert_eq!(browser.at, "/sign-in?next=/dashboard/profile");
    assert_eq!(page.alerts(), 1);
    assert!(page.shows("The provider can't be reached right now."));
    let answer = browser.call(BEGIN, &[("provider", "gone")]).await;
    assert_eq!(answer.status, 422);
    assert_eq!(answer.json()["social"], "unreachable");
    // Signing in with a password still works.
    browser.sign_up(ADA).await;
    browser.try_sign_in(ADA, PASSWORD).await;
    assert_eq!(browser.at, "/dashboard");
}

on_both!(a_provider_that_recovers_is_used_again);
async fn a_provider_that_recovers_is_used_again(site: Social) {
    site.idp.set_fault(ProviderEndpoint::Discovery, Fault::Status500);
    let mut browser = site.app.browser();
    assert_eq!(browser.call(BEGIN, &[("provider", "idp")]).await.status, 422);
    site.idp.set_fault(ProviderEndpoint::Discovery, Fault::None);
    // After a failure, the site backs off for a second.
    tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
    site.sign_in(&mut browser, "idp", &ada()).await;
    assert_eq!(browser.at, "/dashboard");
}

on_both!(v5_0_0__6_8_1__the_same_subject_at_another_provider_is_another_user);
async fn v5_0_0__6_8_1__the_same_subject_at_another_provider_is_another_user(engine: Engine) {
    let other = Provider::start().await;
    let site = Social::with_settings(engine, &other.oidc("other")).await;
    let person = ProviderUser::named("1");
    site.signed_in_browser("idp", &person).await;
    let mut browser = site.app.browser();
    let authorize = browser.start_sign_in_at("other").await;
    browser.visit(&other.consent(&authorize, &person)).await;
    finish_sign_up(&mut browser, &person).await;
    assert_eq!(browser.at, "/dashboard");
    assert_eq!(site.app.count_users().await, 2);
}

on_both!(reloading_a_callback_leads_to_the_same_page);
async fn reloading_a_callback_leads_to_the_same_page(site: Social) {
    let mut browser = site.app.browser();
    browser.at = "/sign-in".to_owned();
    let fields = [("provider", "idp"), ("next", "/dashboard/sessions")];
    let authorize = browser.post(BEGIN, &fields).await.location().unwrap().parse().unwrap();
    let callback = site.idp.consent(&authorize, &ada());
    browser.visit(&callback).await;
    for _ in 0..2 {
        let page = browser.visit(&callback).await;
        assert_eq!((browser.at.as_str(), page.alerts()), ("/dashboard/sessions", 0));
        assert!(!page.shows(&Expired.to_string()), "{}", page.text());
    }
    // A callback with another state is refused.
    let page = browser.visit(&with_parameter(&callback, "state", Some("x"))).await;
    assert!(page.shows(&Expired.to_string()), "{}", page.text());
    // The callback doesn't sign in again.
    browser.post("/api/sign-out", &[]).await;
    let page = browser.visit(&callback).await;
    site.assert_not_signed_in(&mut browser, &page, Expired).await;
}
