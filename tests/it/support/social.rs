//! An app with two providers that can be told to misbehave.

use portcullis::social::SocialProblem;

use super::{
    ADA, Browser, Engine, Fault, Provider, ProviderEndpoint, ProviderUser, Start, TestApp,
    TestResponse,
};

/// An app whose provider `idp` uses OpenID Connect and `forge` plain OAuth 2.0.
#[derive(Debug)]
pub struct Social {
    pub app: TestApp,
    pub idp: Provider,
    pub forge: Provider,
}

impl Start<Social> for Engine {
    async fn prepare(self) -> Social {
        Social::with_settings(self, "").await
    }
}

impl Social {
    pub async fn with_settings(engine: Engine, settings: &str) -> Self {
        let (idp, forge) = (Provider::start().await, Provider::start().await);
        let settings = format!("{}{}{settings}", idp.oidc("idp"), forge.oauth("forge"));
        Self { app: TestApp::with_settings(engine, &settings).await, idp, forge }
    }

    pub fn provider(&self, name: &str) -> &Provider {
        if name == "idp" { &self.idp } else { &self.forge }
    }

    /// Presses the provider's button, consents there and returns. A new user fills in what the site asks for.
    pub async fn sign_in(
        &self,
        browser: &mut Browser,
        name: &str,
        person: &ProviderUser,
    ) -> TestResponse {
        let page = self.arrive(browser, name, person).await;
        finish_sign_up(browser, person).await.unwrap_or(page)
    }

    /// Presses the provider's button, consents there and returns.
    pub async fn arrive(
        &self,
        browser: &mut Browser,
        name: &str,
        person: &ProviderUser,
    ) -> TestResponse {
        browser.at = "/sign-in".to_owned();
        let authorize = browser.start_sign_in_at(name).await;
        browser.visit(&self.provider(name).consent(&authorize, person)).await
    }

    /// Links another account at the provider, from the dashboard.
    pub async fn link_account(
        &self,
        browser: &mut Browser,
        name: &str,
        person: &ProviderUser,
    ) -> TestResponse {
        browser.at = "/dashboard/linked-accounts".to_owned();
        let authorize = browser.start_linking(name).await;
        browser.visit(&self.provider(name).consent(&authorize, person)).await
    }

    /// Returns a browser signed in at this provider as this person.
    pub async fn signed_in_browser(&self, name: &str, person: &ProviderUser) -> Browser {
        let mut browser = self.app.browser();
        self.sign_in(&mut browser, name, person).await;
        assert_eq!(browser.at, "/dashboard");
        browser
    }

    /// Creates a user with a password and this verified email address.
    pub async fn verified_user(&self, email: &str) {
        self.app.browser().sign_up(email).await;
        self.app.run("UPDATE users SET email_verified_at = created_at").await;
    }

    pub async fn count_linked_accounts(&self) -> i64 {
        self.app.number("SELECT COUNT(*) FROM linked_accounts").await
    }

    /// Checks one fault, from the button to the page that reports it. No user is created.
    pub async fn assert_sign_in_fails(
        &self,
        name: &str,
        place: ProviderEndpoint,
        fault: Fault,
        problem: SocialProblem,
    ) {
        let provider = self.provider(name);
        let mut browser = self.app.browser();
        let authorize = browser.start_sign_in_at(name).await;
        let callback =
            provider.consent(&authorize, &ProviderUser::named("ada").with_email(ADA, true));
        provider.set_fault(place, fault);
        let page = browser.visit(&callback).await;
        provider.set_fault(place, Fault::None);
        self.assert_not_signed_in(&mut browser, &page, problem).await;
        assert_eq!(self.app.count_users().await, 0, "{place:?} {fault:?}");
    }

    /// Checks that the visitor is back on the sign-in page, sees this one problem, and is not signed in.
    pub async fn assert_not_signed_in(
        &self,
        browser: &mut Browser,
        page: &TestResponse,
        problem: SocialProblem,
    ) {
        let path = browser.at.split('?').next();
        assert_eq!(path, Some("/sign-in"), "{:?} {}", browser.history, page.text());
        assert_eq!((page.status.as_u16(), page.alerts()), (200, 1), "{}", page.text());
        assert!(page.shows(&problem.to_string()), "{problem:?}: {}", page.text());
        assert_eq!(browser.session(), None);
        assert_eq!(self.app.count_sessions().await, 0);
    }
}

/// The page that asks new users for what their provider did not say.
pub const FINISH: &str = "/finish-sign-up";

/// Types an email address and a name, if the browser was asked for them.
pub async fn finish_sign_up(browser: &mut Browser, person: &ProviderUser) -> Option<TestResponse> {
    if browser.at != FINISH {
        return None;
    }
    let typed: String =
        person.subject.to_string().chars().filter(char::is_ascii_alphanumeric).collect();
    let email = format!("{typed}@typed.example.com");
    let fields = [("email", email.as_str()), ("display_name", "Somebody"), ("terms", "on")];
    Some(browser.post_form("/api/sign-up/finish", &fields).await)
}

/// Replaces or adds a parameter of a callback's path, or removes it if there is no value.
pub fn with_parameter(callback: &str, name: &str, value: Option<&str>) -> String {
    let (path, query) = callback.split_once('?').unwrap();
    let kept = url::form_urlencoded::parse(query.as_bytes()).filter(|(it, _)| it != name);
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(kept).extend_pairs(value.map(|it| (name, it)));
    format!("{path}?{}", query.finish())
}

/// Returns a parameter of a callback.
pub fn parameter(callback: &str, name: &str) -> String {
    let query = callback.split_once('?').unwrap().1;
    let found = url::form_urlencoded::parse(query.as_bytes()).find(|(it, _)| it == name);
    found.unwrap().1.into_owned()
}
