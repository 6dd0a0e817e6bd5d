//! Callbacks that the provider's own page posts, as Apple's does: without our cookies, so they decide nothing.

use axum::body::Body;
use axum::http::Request;
use portcullis::social::SocialProblem::{Expired, Refused};
use serde_json::json;
use url::form_urlencoded::Serializer;

use crate::support::provider::CLIENT_ID;
use crate::support::social::FINISH;
use crate::support::social::parameter;
use crate::support::{
    ADA, Browser, Engine, Provider, ProviderUser, Signer, Start, TestApp, TestResponse,
};

/// An app whose provider `apple` posts its callbacks.
#[derive(Debug)]
struct Site {
    app: TestApp,
    apple: Provider,
    _folder: tempfile::TempDir,
}

impl Start<Site> for Engine {
    async fn prepare(self) -> Site {
        let folder = tempfile::tempdir().unwrap();
        let key = folder.path().join("key.p8");
        std::fs::write(&key, Signer::P256.pem()).unwrap();
        let apple = Provider::start().await;
        apple.trust_assertions_by(Signer::P256);
        let settings = format!(
            "[social.apple]\npreset = \"apple\"\nissuer = {:?}\nclient_id = {CLIENT_ID:?}\nteam_id = \"TEAM\"\n\
             client_key_id = \"KEY\"\nclient_key_file = \"{}\"\n\
             [limit]\nposted_callback_address = \"3/10m\"\n",
            apple.url,
            key.display()
        );
        Site { app: TestApp::with_settings(self, &settings).await, apple, _folder: folder }
    }
}

const PATH: &str = "/social/apple/callback";

fn ada() -> ProviderUser {
    ProviderUser { name: String::new(), ..ProviderUser::named("ada").with_email(ADA, true) }
}

/// Returns a form as the provider's page posts it: from another site, so without cookies.
fn form(path: &str, fields: &[(&str, &str)]) -> Request<Body> {
    Request::post(path)
        .header("origin", "https://appleid.apple.com")
        .header("sec-fetch-site", "cross-site")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(Serializer::new(String::new()).extend_pairs(fields).finish().into())
        .unwrap()
}

impl Site {
    /// Posts as the browser does it: a new one has no cookies.
    async fn post(&self, fields: &[(&str, &str)]) -> TestResponse {
        self.app.browser().send(form(PATH, fields)).await
    }

    /// Starts a sign-in and consents; returns the browser, the state and the code.
    async fn consent(&self) -> (Browser, String, String) {
        let mut browser = self.app.browser();
        let authorize = browser.start_sign_in_at("apple").await;
        assert!(
            authorize.query_pairs().any(|it| it == ("response_mode".into(), "form_post".into()))
        );
        let callback = self.apple.consent(&authorize, &ada());
        (browser, parameter(&callback, "state"), parameter(&callback, "code"))
    }

    async fn count_kept(&self) -> i64 {
        self.app.number("SELECT COUNT(posted) FROM authorization_requests").await
    }
}

on_both!(a_posted_callback_signs_in_the_browser_that_began);
async fn a_posted_callback_signs_in_the_browser_that_began(site: Site) {
    let (mut browser, state, code) = site.consent().await;
    let user =
        json!({"name": {"firstName": "Ada", "lastName": "Lovelace"}, "email": "eve@example.com"});
    let posted =
        site.post(&[("state", &state), ("code", &code), ("user", &user.to_string())]).await;
    assert_eq!(posted.status, 303);
    assert!(posted.set_cookies().is_empty() && site.app.count_sessions().await == 0);
    assert_eq!(site.apple.requests("/token"), 0, "nothing is decided yet");
    let back = posted.location().unwrap();
    assert!(back.starts_with("/social/apple/callback?state=") && !back.contains(&code), "{back}");
    // What was posted is sealed.
    assert!(!site.app.all_rows().await.join("\n").contains(&code));
    browser.visit(&back).await;
    assert_eq!(browser.at, "/dashboard");
    // The name comes from the form, the email address never.
    assert_eq!(site.app.text("SELECT display_name FROM users").await, "Ada Lovelace");
    assert_eq!(site.app.text("SELECT email FROM users").await, ADA);
    // The secret is a token, signed for this request.
    let secret = site.apple.last_request("/token").field("client_secret").unwrap();
    let claims = Signer::P256.claims_of(&secret).unwrap();
    assert_eq!((&claims["iss"], &claims["sub"]), (&json!("TEAM"), &json!(CLIENT_ID)));
    assert_eq!(claims["aud"], site.apple.url);
    assert!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap() <= 300);
    // A reload of the posted page leads to where it led.
    let again = site.post(&[("state", &state), ("code", &code)]).await.location().unwrap();
    let page = browser.visit(&again).await;
    assert_eq!((browser.at.as_str(), page.alerts()), ("/dashboard", 0));
}

on_both!(v5_0_0__10_2_1__a_posted_callback_works_only_in_the_browser_that_began);
async fn v5_0_0__10_2_1__a_posted_callback_works_only_in_the_browser_that_began(site: Site) {
    let (mut browser, state, code) = site.consent().await;
    let back = site.post(&[("state", &state), ("code", &code)]).await.location().unwrap();
    let mut eve = site.app.browser();
    let page = eve.visit(&back).await;
    assert!(page.shows(&Expired.to_string()) && eve.session().is_none());
    // Nor does it help to know the state without the key, or to post once more.
    let other = site.post(&[("state", &state), ("code", "evil")]).await.location().unwrap();
    assert!(other.ends_with("&posted="), "the first one counts: {other}");
    browser.visit(&back).await;
    assert_eq!(browser.at, FINISH, "Apple said no name");
}

on_both!(a_wrong_key_gives_nothing_that_was_posted);
async fn a_wrong_key_gives_nothing_that_was_posted(site: Site) {
    let (mut browser, state, code) = site.consent().await;
    site.post(&[("state", &state), ("code", &code)]).await;
    let page = browser.visit(&format!("{PATH}?state={state}&posted=wrong")).await;
    assert!(page.shows(&Refused.to_string()) && browser.session().is_none());
}

on_both!(v5_0_0__3_5_1__a_posted_callback_decides_and_stores_nothing_without_a_state);
async fn v5_0_0__3_5_1__a_posted_callback_decides_and_stores_nothing_without_a_state(site: Site) {
    let (mut browser, state, code) = site.consent().await;
    for fields in [
        &[][..],
        &[("state", "unknown"), ("code", "x")],
        &[("state", "a\0b&evil=1#x"), ("code", "x"), ("user", "{")],
        &[("code", &code)],
        &[("state", &state), ("state", &state)],
    ] {
        let posted = site.post(fields).await;
        assert_eq!(posted.status, 303, "{fields:?}");
        let back = posted.location().unwrap();
        assert!(back.starts_with("/social/apple/callback?state="), "{back}");
        assert!(back.ends_with("&posted=") && !back.contains("evil=1"), "{back}");
        let page = site.app.browser().visit(&back).await;
        assert!(page.shows(&Expired.to_string()), "{}", page.text());
    }
    assert_eq!(site.count_kept().await, 0);
    // Too large, or not a form.
    let large = "x".repeat(20 * 1024);
    let posted = site.post(&[("state", &state), ("code", &large)]).await;
    assert!(posted.location().unwrap().ends_with("&posted="));
    let mut request = form(PATH, &[("state", &state)]);
    request.headers_mut().insert("content-type", "text/plain".parse().unwrap());
    assert_eq!(site.app.browser().send(request).await.status, 405);
    assert_eq!(site.count_kept().await, 0);
    // A session's cookie that comes with it is of no use.
    let back = browser.send(form(PATH, &[("state", &state), ("code", &code)])).await;
    assert!(back.set_cookies().is_empty());
    browser.visit(&back.location().unwrap()).await;
    assert_eq!(browser.at, FINISH, "Apple said no name");
}

on_both!(v5_0_0__3_5_1__only_a_provider_that_posts_is_exempt_from_the_origin_check);
async fn v5_0_0__3_5_1__only_a_provider_that_posts_is_exempt_from_the_origin_check(engine: Engine) {
    let plain = Provider::start().await;
    let posting = Provider::start().await;
    let settings = format!(
        "{}{}client_auth = \"post\"\n",
        plain.oidc("plain"),
        posting.oidc("apple") + "preset = \"apple\"\n"
    );
    let app = TestApp::with_settings(engine, &settings).await;
    for (path, status) in [
        (PATH, 303),
        ("/social/plain/callback", 405),
        ("/social/nobody/callback", 405),
        ("/social/apple/callback/", 405),
        ("/social/apple", 405),
        ("/social/apple/x/callback", 405),
        ("/api/sign-out", 403),
        ("/api/sign-in/social", 403),
    ] {
        let answer = app.browser().send(form(path, &[("state", "x"), ("provider", "apple")])).await;
        assert_eq!(answer.status, status, "{path}");
    }
    let mut put = form(PATH, &[]);
    *put.method_mut() = axum::http::Method::PUT;
    assert_eq!(app.browser().send(put).await.status, 405);
}

on_both!(v5_0_0__6_3_1__posted_callbacks_are_limited);
async fn v5_0_0__6_3_1__posted_callbacks_are_limited(site: Site) {
    // Any page can make a browser post: what belongs to no sign-in is not counted.
    for n in 0..50 {
        let state = format!("{n:043}");
        for state in ["x", &state] {
            assert_eq!(site.post(&[("state", state)]).await.status, 303);
        }
    }
    let mut statuses = Vec::new();
    for _ in 0..4 {
        let (_, state, code) = site.consent().await;
        statuses.push(site.post(&[("state", &state), ("code", &code)]).await.status.as_u16());
    }
    assert_eq!(statuses, [303, 303, 303, 429]);
    assert_eq!(site.count_kept().await, 3);
}
