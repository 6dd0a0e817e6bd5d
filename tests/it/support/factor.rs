//! Authenticator apps and recovery codes of test users.

use serde_json::Value;
use totp_rs::Builder;

use super::{Browser, PASSWORD, TestApp, TestResponse};

/// An authenticator app of a test user, with its key.
#[derive(Clone, Debug)]
pub struct Authenticator {
    /// In base32, with spaces.
    pub key: String,
}

impl Authenticator {
    /// Returns the code that the app shows at a time in Unix seconds.
    pub fn code(&self, now: i64) -> String {
        let key = totp_rs::Secret::try_from_base32(self.key.replace(' ', "")).unwrap();
        let totp = Builder::new().with_secret(key).build().unwrap();
        totp.generate(now.try_into().unwrap()).to_string()
    }
}

impl TestApp {
    /// Waits until the app shows another code, and returns it.
    pub fn next_code(&self, app: &Authenticator) -> String {
        self.clock.advance(30);
        app.code(self.clock.now())
    }

    /// Signs up a user with an authenticator app, and returns the browser in which they are signed in.
    pub async fn user_with_app(&self, email: &str) -> (Browser, Authenticator) {
        let mut browser = self.signed_in_browser(email).await;
        let app = browser.add_app(self, "Phone").await;
        (browser, app)
    }

    /// Returns a browser in which this user's sign-in waits for the second factor, and the attempt's id.
    pub async fn pending_browser(&self, email: &str) -> (Browser, String) {
        let mut browser = self.browser();
        browser.try_sign_in(email, PASSWORD).await;
        assert_eq!(browser.at, "/sign-in/second-factor", "{email} signs in");
        let attempt = browser.attempt().await;
        (browser, attempt)
    }
}

impl Browser {
    /// Sets up an authenticator app as the hydrated page does.
    pub async fn add_app(&mut self, app: &TestApp, name: &str) -> Authenticator {
        let offer = self.call("/api/authenticator-apps/offer", &[]).await;
        assert_eq!(offer.status, 200, "{}", offer.text());
        let text = |name: &str| offer.json()[name].as_str().unwrap().to_owned();
        let (token, added) = (text("token"), Authenticator { key: text("key") });
        let code = added.code(app.clock.now());
        let fields = [("token", token.as_str()), ("app_name", name), ("app_code", &code)];
        let answer = self.call("/api/authenticator-apps/add", &fields).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        added
    }

    /// Creates recovery codes, and returns them as the page shows them.
    pub async fn create_recovery_codes(&mut self) -> Vec<String> {
        let offer = self.call("/api/recovery-codes/offer", &[]).await.json();
        let codes: Vec<_> = offer["codes"].as_array().unwrap().clone();
        let token = offer["token"].as_str().unwrap();
        let answer = self.call("/api/recovery-codes/activate", &[("token", token)]).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        codes.iter().map(|it| it.as_str().unwrap().to_owned()).collect()
    }

    /// Returns the id of the attempt that waits in this browser; empty if none does.
    pub async fn attempt(&mut self) -> String {
        let view = self.call("/api/sign-in/second-factor", &[]).await;
        serde_json::from_slice::<Value>(&view.body)
            .ok()
            .and_then(|it| Some(it.get("attempt")?.as_str()?.to_owned()))
            .unwrap_or_default()
    }

    pub async fn enter_app_code(&mut self, attempt: &str, code: &str) -> TestResponse {
        let fields = [("attempt", attempt), ("app_code", code)];
        self.call("/api/sign-in/second-factor/code", &fields).await
    }

    pub async fn enter_recovery_code(&mut self, attempt: &str, code: &str) -> TestResponse {
        let fields = [("attempt", attempt), ("recovery_code", code)];
        self.call("/api/sign-in/second-factor/recovery-code", &fields).await
    }
}
