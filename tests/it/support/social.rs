//! An app with two providers that can be told to misbehave.

use portcullis::social::SocialProblem;

use super::{ADA, Answer, Browser, Engine, Fault, Person, Place, Provider, Start, TestApp};

/// An app whose provider `idp` uses OpenID Connect and `forge` plain OAuth 2.0.
#[derive(Debug)]
pub struct Social {
    pub app: TestApp,
    pub idp: Provider,
    pub forge: Provider,
}

impl Start<Social> for Engine {
    async fn prepare(self) -> Social {
        Social::with(self, "").await
    }
}

impl Social {
    pub async fn with(engine: Engine, settings: &str) -> Self {
        let (idp, forge) = (Provider::start().await, Provider::start().await);
        let settings = format!("{}{}{settings}", idp.oidc("idp"), forge.oauth("forge"));
        Self { app: TestApp::with(engine, &settings).await, idp, forge }
    }

    pub fn provider(&self, name: &str) -> &Provider {
        if name == "idp" { &self.idp } else { &self.forge }
    }

    /// Presses the provider's button, consents there and returns.
    pub async fn signs_in(&self, browser: &mut Browser, name: &str, person: &Person) -> Answer {
        browser.at = "/sign-in".to_owned();
        let authorize = browser.begins_at(name).await;
        browser.visit(&self.provider(name).says_yes(&authorize, person)).await
    }

    /// Links another account at the provider, from the dashboard.
    pub async fn links(&self, browser: &mut Browser, name: &str, person: &Person) -> Answer {
        browser.at = "/dashboard/linked-accounts".to_owned();
        let authorize = browser.begins_linking(name).await;
        browser.visit(&self.provider(name).says_yes(&authorize, person)).await
    }

    /// Returns a browser signed in at this provider as this person.
    pub async fn browser_of(&self, name: &str, person: &Person) -> Browser {
        let mut browser = self.app.browser();
        self.signs_in(&mut browser, name, person).await;
        assert_eq!(browser.at, "/dashboard");
        browser
    }

    pub async fn links_kept(&self) -> i64 {
        self.app.number("SELECT COUNT(*) FROM linked_accounts").await
    }

    /// Checks one fault, from the button to the page that reports it. No user is created.
    pub async fn comes_to_nothing(
        &self,
        name: &str,
        place: Place,
        fault: Fault,
        problem: SocialProblem,
    ) {
        let provider = self.provider(name);
        let mut browser = self.app.browser();
        let authorize = browser.begins_at(name).await;
        let callback = provider.says_yes(&authorize, &Person::named("ada").with_email(ADA, true));
        provider.misbehaves(place, fault);
        let page = browser.visit(&callback).await;
        provider.misbehaves(place, Fault::None);
        self.nothing_came_of_it(&mut browser, &page, problem).await;
        assert_eq!(self.app.users().await, 0, "{place:?} {fault:?}");
    }

    /// Checks that the visitor is back on the sign-in page, sees this one problem, and is not signed in.
    pub async fn nothing_came_of_it(
        &self,
        browser: &mut Browser,
        page: &Answer,
        problem: SocialProblem,
    ) {
        let path = browser.at.split('?').next();
        assert_eq!(path, Some("/sign-in"), "{:?} {}", browser.history, page.text());
        assert_eq!((page.status.as_u16(), page.alerts()), (200, 1), "{}", page.text());
        assert!(page.says(&problem.to_string()), "{problem:?}: {}", page.text());
        assert_eq!(browser.session(), None);
        assert_eq!(self.app.sessions().await, 0);
    }
}

/// Replaces or adds a parameter of a callback's path, or removes it if there is no value.
pub fn altered(callback: &str, name: &str, value: Option<&str>) -> String {
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
