//! No header, URL, cookie or provider response causes an internal error or leads to another site.

use axum::body::Body;
use axum::http::header::REFERER;
use axum::http::{HeaderValue, Request};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};
use url::Url;

use crate::support::{
    ADA, Browser, Engine, Fault, ProviderEndpoint, ProviderUser, Social, TestApp,
};

const SIGN_IN: &str = "/api/sign-in/password";

/// Returns this many random values. They are not shrunk; a failure names the value that caused it.
pub fn samples<S: Strategy>(count: usize, strategy: S) -> Vec<S::Value> {
    let mut runner = TestRunner::default();
    (0..count).map(|_| strategy.new_tree(&mut runner).unwrap().current()).collect()
}

/// URLs of this site and of others, and text that is no URL.
fn any_address() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "http://localhost:3000[!-~]{0,40}",
        "http://localhost:3000/[/\\\\.%2fe5c?#@:a]{0,20}",
        "(https?:)?[/\\\\]{0,3}[a-z.@:]{0,20}[/\\\\]{0,3}[!-~]{0,20}",
        "http://[!-~]{0,20}localhost:3000[!-~]{0,20}",
    ]
}

fn is_of_this_site(browser: &Browser, location: &str) -> bool {
    let base: Url = browser.origin.parse().unwrap();
    // Resolved as a browser does.
    base.join(location).is_ok_and(|it| it.origin() == base.origin())
        && location.starts_with('/')
        && !location.starts_with("//")
}

on_both!(v5_0_0__3_7_2__no_referer_makes_a_form_redirect_to_another_site);
async fn v5_0_0__3_7_2__no_referer_makes_a_form_redirect_to_another_site(app: TestApp) {
    let mut browser = app.browser();
    for referer in samples(400, any_address()) {
        let Ok(value) = HeaderValue::from_bytes(referer.as_bytes()) else { continue };
        let request = Request::post(SIGN_IN)
            .header("content-type", "application/x-www-form-urlencoded")
            .header("sec-fetch-site", "same-origin")
            .header("accept", "text/html")
            .header(REFERER, value);
        let answer = browser.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(answer.status, 303, "{referer:?}: {}", answer.text());
        let to = answer.location().unwrap();
        assert!(is_of_this_site(&browser, &to), "{referer:?} leads to {to:?}");
    }
}

/// Query strings, with the parameter names that this site reads.
fn any_query() -> impl Strategy<Value = String> {
    let name = prop::sample::select(vec![
        "next", "__err", "__path", "%5F_err", "state", "code", "iss", "error", "provider", "",
    ]);
    let pair = (name, "[!\"$-;=-~%]{0,30}").prop_map(|(name, value)| format!("{name}={value}"));
    prop_oneof![prop::collection::vec(pair, 0..4).prop_map(|it| it.join("&")), "[!\"$-~]{0,60}",]
}

on_both!(no_query_makes_a_page_fail_or_redirect_to_another_site);
async fn no_query_makes_a_page_fail_or_redirect_to_another_site(app: TestApp) {
    let (mut stranger, mut browser) = (app.browser(), app.signed_in_browser(ADA).await);
    for query in samples(120, any_query()) {
        for (is_known, path) in [(false, "/sign-in"), (true, "/sign-in"), (true, "/dashboard")] {
            let path = format!("{path}?{query}");
            if path.parse::<axum::http::Uri>().is_err() {
                continue;
            }
            let browser = if is_known { &mut browser } else { &mut stranger };
            let answer = browser.get(&path).await;
            match answer.location() {
                Some(to) => assert!(is_of_this_site(browser, &to), "{path:?} leads to {to:?}"),
                None => assert_eq!(answer.status, 200, "{path:?}: {}", answer.text()),
            }
        }
    }
}

on_both!(an_arbitrary_callback_query_signs_nobody_in);
async fn an_arbitrary_callback_query_signs_nobody_in(site: Social) {
    let mut browser = site.app.browser();
    browser.start_sign_in_at("idp").await;
    for query in samples(120, any_query()) {
        let path = format!("/social/idp/callback?{query}");
        if path.parse::<axum::http::Uri>().is_err() {
            continue;
        }
        let answer = browser.get(&path).await;
        assert_eq!(answer.status, 303, "{path:?}: {}", answer.text());
        assert_eq!(answer.location().as_deref(), Some("/sign-in"), "{path:?}");
    }
    assert_eq!((site.app.count_sessions().await, site.app.count_users().await), (0, 0));
    assert_eq!(site.idp.requests("/token"), 0, "nor is the provider asked");
}

/// JSON with the field names of provider responses and flashes.
fn any_json() -> impl Strategy<Value = Value> {
    let names = vec![
        "id",
        "sub",
        "login",
        "name",
        "email",
        "email_verified",
        "primary",
        "verified",
        "access_token",
        "token_type",
        "expires_in",
        "id_token",
        "error",
        "issuer",
        "endpoint",
        "outcome",
        "typed",
        "Ok",
        "Err",
        "invalid",
        "social",
        "busy",
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        prop::sample::select(vec![ADA, "bearer", "Bearer", SIGN_IN, "expired", "internal", ""])
            .prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 6, move |inner| {
        let name = prop::sample::select(names.clone()).prop_map(str::to_owned);
        prop_oneof![
            1 => prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            3 => prop::collection::btree_map(name, inner, 0..8)
                .prop_map(|it| Value::Object(it.into_iter().collect())),
        ]
    })
}

on_both!(no_cookie_value_breaks_a_page_or_signs_anybody_in);
async fn no_cookie_value_breaks_a_page_or_signs_anybody_in(app: TestApp) {
    let texts = samples(60, any_json()).into_iter().map(|it| it.to_string().into_bytes());
    for text in texts.chain(samples(30, any::<Vec<u8>>())) {
        // Sealed with our key, because anything else is not even parsed.
        for (name, purpose) in [("portcullis-flash", "flash"), ("portcullis-authorization", "x")] {
            let mut browser = app.browser();
            let sealed = app.app.seal.seal(purpose, &text).unwrap();
            browser.cookies.insert(name.to_owned(), sealed);
            let page = browser.get("/sign-in").await;
            assert_eq!(page.status, 200, "{name} {:?}", String::from_utf8_lossy(&text));
        }
    }
    for value in samples(60, "[!#-+\\--:<-\\[\\]-~]{0,60}") {
        let mut browser = app.browser();
        for name in
            ["portcullis", "portcullis-flash", "portcullis-appearance", "portcullis-provider"]
        {
            browser.cookies.insert(name.to_owned(), value.clone());
        }
        assert_eq!(browser.get("/sign-in").await.status, 200, "{value:?}");
        assert_eq!(browser.call("/api/viewer", &[]).await.status, 401, "{value:?}");
    }
}

/// Returns from a provider, and either signs in or shows one error message.
async fn assert_signed_in_or_error(
    site: &Social,
    name: &str,
    place: ProviderEndpoint,
    answer: &Value,
) {
    let mut browser = site.app.browser();
    let person = ProviderUser::named("ada").with_email(ADA, true);
    let page = site.sign_in(&mut browser, name, &person).await;
    assert_eq!(page.status, 200, "{name} {place:?} {answer}: {}", page.text());
    if browser.at == "/dashboard" {
        return;
    }
    assert!(browser.at.starts_with("/sign-in"), "{name} {place:?} {answer}: {}", browser.at);
    assert_eq!((page.alerts(), browser.session()), (1, None), "{name} {place:?} {answer}");
}

on_both!(no_provider_response_causes_a_server_error);
async fn no_provider_response_causes_a_server_error(engine: Engine) {
    let site = Social::with_settings(engine, "[limit]\nsign_in_address = \"none\"\n").await;
    site.idp.withhold_email();
    for (name, place, count) in [
        ("forge", ProviderEndpoint::Userinfo, 60),
        ("forge", ProviderEndpoint::Emails, 60),
        ("forge", ProviderEndpoint::Token, 30),
        ("idp", ProviderEndpoint::Userinfo, 30),
        ("idp", ProviderEndpoint::Token, 30),
    ] {
        let provider = site.provider(name);
        for answer in samples(count, any_json()) {
            provider.set_response(place, Some(answer.clone()));
            assert_signed_in_or_error(&site, name, place, &answer).await;
        }
        provider.set_response(place, None);
    }
    // The earlier responses don't affect later visitors.
    site.idp.set_fault(ProviderEndpoint::Userinfo, Fault::None);
    let mut browser = site.app.browser();
    site.sign_in(
        &mut browser,
        "forge",
        &ProviderUser { subject: json!(1), ..ProviderUser::named("x") },
    )
    .await;
    assert_eq!(browser.at, "/dashboard");
}
