//! A browser as a server sees it: keeps cookies, sends its origin, follows redirects.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::ConnectInfo;
use axum::http::header::{
    ACCEPT, CONTENT_TYPE, COOKIE, HOST, LOCATION, ORIGIN, REFERER, SET_COOKIE, USER_AGENT,
};
use axum::http::{HeaderMap, HeaderValue, Method, Request, StatusCode};
use portcullis::server::App;
use portcullis::site::router;
use serde_json::Value;
use tower::ServiceExt as _;
use url::{Url, form_urlencoded};

use super::{PASSWORD, html};

const FORM: &str = "application/x-www-form-urlencoded";
const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";

/// The functions whose forms send the ticket that their page shows.
const TICKET_ENDPOINTS: [&str; 7] = [
    "/api/recovery/factors",
    "/api/recovery/finish",
    "/api/recovery/not-me",
    "/api/set-up",
    "/api/sign-in/link",
    "/api/verification/confirm",
    "/api/verification/finish-change",
];

pub type Fields<'a> = &'a [(&'a str, &'a str)];

/// A browser with one tab, at the page `at`.
#[derive(Clone, Debug)]
pub struct Browser {
    router: Router,
    pub origin: String,
    pub cookies: BTreeMap<String, String>,
    pub address: SocketAddr,
    pub user_agent: String,
    /// The path of the current page; empty for a browser that sends no `Referer`.
    pub at: String,
    /// The status and requested path of each navigation.
    pub history: Vec<(u16, String)>,
}

/// A response.
#[derive(Clone, Debug)]
pub struct TestResponse {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Browser {
    pub fn new(router: Router, origin: &str) -> Self {
        Self {
            router,
            origin: origin.to_owned(),
            cookies: BTreeMap::new(),
            address: ([192, 0, 2, 7], 50000).into(),
            user_agent: FIREFOX.to_owned(),
            at: "/".to_owned(),
            history: Vec::new(),
        }
    }

    /// Returns the same browser at another IP address.
    pub fn with_ip(self, ip: [u8; 4]) -> Self {
        Self { address: (ip, 50000).into(), ..self }
    }

    /// Returns the same browser, served by another app of the same site.
    pub fn with_app(self, app: &Arc<App>) -> Self {
        Self { router: router(app), ..self }
    }

    /// Sends a request as it is, with this browser's cookies, and keeps the cookies of the response.
    pub async fn send(&mut self, mut request: Request<Body>) -> TestResponse {
        let host = self.origin.split("//").nth(1).unwrap().parse().unwrap();
        let headers = request.headers_mut();
        headers.entry(HOST).or_insert(host);
        headers.entry(USER_AGENT).or_insert(self.user_agent.parse().unwrap());
        let cookies: Vec<_> =
            self.cookies.iter().map(|(name, it)| format!("{name}={it}")).collect();
        if !cookies.is_empty() {
            headers.insert(COOKIE, HeaderValue::from_bytes(cookies.join("; ").as_bytes()).unwrap());
        }
        request.extensions_mut().insert(ConnectInfo(self.address));
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, usize::MAX).await.unwrap().to_vec();
        let answer = TestResponse { status: parts.status, headers: parts.headers, body };
        for cookie in answer.set_cookies() {
            self.store_cookie(&cookie);
        }
        answer
    }

    /// Keeps or rejects a cookie as browsers do (RFC 6265bis, section 5.7).
    fn store_cookie(&mut self, cookie: &SetCookie) {
        let is_host_bound = cookie.has("secure") && cookie.has("path=/") && !cookie.has("domain=");
        if cookie.name.starts_with("__Host-") && !is_host_bound {
            return;
        }
        if cookie.has("max-age=0") {
            self.cookies.remove(&cookie.name);
        } else {
            self.cookies.insert(cookie.name.clone(), cookie.value.clone());
        }
    }

    /// Requests a page without following redirects.
    pub async fn get(&mut self, path: &str) -> TestResponse {
        let request = Request::get(path)
            .header(ACCEPT, "text/html,application/xhtml+xml,*/*;q=0.8")
            .header("sec-fetch-site", "same-origin")
            .header("sec-fetch-mode", "navigate")
            .body(Body::empty())
            .unwrap();
        let answer = self.send(request).await;
        self.history.push((answer.status.as_u16(), path.to_owned()));
        answer
    }

    /// Visits a page and follows its redirects.
    pub async fn visit(&mut self, path: &str) -> TestResponse {
        let answer = self.get(path).await;
        self.at = path.to_owned();
        self.follow(answer).await
    }

    /// Follows redirects while they stay on this site.
    pub async fn follow(&mut self, mut answer: TestResponse) -> TestResponse {
        for _ in 0..5 {
            match answer.location() {
                Some(path) if path.starts_with('/') => {
                    answer = self.get(&path).await;
                    self.at = path;
                }
                _ => return answer,
            }
        }
        panic!("redirected without end: {:?}", self.history);
    }

    /// Sends a form as a browser does with scripts off, and follows redirects.
    pub async fn post_form(&mut self, path: &str, fields: Fields<'_>) -> TestResponse {
        let answer = self.post(path, fields).await;
        self.follow(answer).await
    }

    /// Sends a form as [`Self::post_form`] does, without following redirects.
    pub async fn post(&mut self, path: &str, fields: Fields<'_>) -> TestResponse {
        let fields = self.with_ticket_field(path, fields).await;
        let request = self.form(path).header(ACCEPT, "text/html,*/*;q=0.8");
        let answer = self.send(request.body(encode(&fields)).unwrap()).await;
        self.history.push((answer.status.as_u16(), path.to_owned()));
        answer
    }

    /// Calls a server function as the hydrated page does.
    pub async fn call(&mut self, path: &str, fields: Fields<'_>) -> TestResponse {
        let fields = self.with_ticket_field(path, fields).await;
        let request = self.request(path, &fields);
        self.send(request).await
    }

    /// Adds the ticket id that the page of a mailed link puts into its form.
    async fn with_ticket_field<'a>(
        &mut self,
        path: &str,
        fields: Fields<'a>,
    ) -> Vec<(&'a str, Cow<'a, str>)> {
        let mut fields: Vec<_> = fields.iter().map(|it| (it.0, Cow::Borrowed(it.1))).collect();
        if TICKET_ENDPOINTS.contains(&path) && fields.iter().all(|it| it.0 != "ticket") {
            let none: Fields<'_> = &[];
            let shown = self.send(self.request("/api/ticket", none)).await;
            if let Some(id) = serde_json::from_slice::<Value>(&shown.body)
                .ok()
                .and_then(|it| Some(it.get("id")?.as_str()?.to_owned()))
            {
                fields.push(("ticket", Cow::Owned(id)));
            }
        }
        fields
    }

    /// Builds the request that [`Self::call`] sends.
    pub fn request<T: AsRef<str>>(&self, path: &str, fields: &[(&str, T)]) -> Request<Body> {
        let request = self.form(path).header(ACCEPT, "application/json");
        request.body(encode(fields)).unwrap()
    }

    fn form(&self, path: &str) -> axum::http::request::Builder {
        let form = Request::builder()
            .method(Method::POST)
            .uri(path)
            .header(CONTENT_TYPE, FORM)
            .header(ORIGIN, &self.origin)
            .header("sec-fetch-site", "same-origin");
        if self.at.is_empty() {
            return form;
        }
        form.header(REFERER, format!("{}{}", self.origin, self.at))
    }

    pub async fn sign_up(&mut self, email: &str) -> TestResponse {
        let answer = self.call("/api/sign-up", &[("email", email), ("password", PASSWORD)]).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer
    }

    /// Tries to sign in from the page, with scripts off.
    pub async fn try_sign_in(&mut self, email: &str, password: &str) -> TestResponse {
        self.at = "/sign-in".to_owned();
        self.post_form("/api/sign-in/password", &[("email", email), ("password", password)]).await
    }

    pub async fn sign_in(&mut self, email: &str) {
        let page = self.try_sign_in(email, PASSWORD).await;
        assert_eq!(self.at, "/dashboard", "{email} signs in: {}", html::visible(&page.text()));
    }

    /// Returns the session cookie, under either of its names.
    pub fn session(&self) -> Option<String> {
        ["portcullis", "__Host-portcullis"].iter().find_map(|it| self.cookies.get(*it).cloned())
    }

    /// Returns whether this browser is signed in.
    pub async fn is_signed_in(&mut self) -> bool {
        let answer = self.call("/api/viewer", &[]).await;
        assert!(matches!(answer.status.as_u16(), 200 | 401), "{}", answer.text());
        answer.status == 200
    }

    /// Presses a provider's sign-in button and returns the URL that it leads to.
    pub async fn start_sign_in_at(&mut self, provider: &str) -> Url {
        self.start_at_provider("/api/sign-in/social", provider).await
    }

    pub async fn start_linking(&mut self, provider: &str) -> Url {
        self.start_at_provider("/api/linked-accounts/link", provider).await
    }

    /// Sends a provider's button to this path, and returns the URL that it leads to.
    pub async fn start_at_provider(&mut self, path: &str, provider: &str) -> Url {
        let answer = self.post(path, &[("provider", provider)]).await;
        assert_eq!(answer.status, 303, "{}", answer.text());
        answer.location().unwrap().parse().unwrap()
    }
}

fn encode<T: AsRef<str>>(fields: &[(&str, T)]) -> Body {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish().into()
}

/// One `Set-Cookie` header.
#[derive(Clone, Debug)]
pub struct SetCookie {
    pub name: String,
    pub value: String,
    /// In lower case, in the order received.
    pub attributes: Vec<String>,
}

impl SetCookie {
    pub fn has(&self, attribute: &str) -> bool {
        self.attributes
            .iter()
            .any(|it| it == attribute || (attribute.ends_with('=') && it.starts_with(attribute)))
    }

    /// Returns the `Max-Age` in seconds.
    pub fn max_age(&self) -> Option<i64> {
        self.attributes.iter().find_map(|it| it.strip_prefix("max-age=")?.parse().ok())
    }
}

impl TestResponse {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("JSON: {}", self.text()))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |it| it.to_str().unwrap())
    }

    pub fn location(&self) -> Option<String> {
        let is_redirect = self.status.is_redirection() && self.headers.contains_key(LOCATION);
        is_redirect.then(|| self.header("location").to_owned())
    }

    pub fn set_cookies(&self) -> Vec<SetCookie> {
        let all = self.headers.get_all(SET_COOKIE).iter();
        all.map(|it| {
            let mut parts = it.to_str().unwrap().split(';').map(str::trim);
            let (name, value) = parts.next().unwrap().split_once('=').unwrap();
            SetCookie {
                name: name.to_owned(),
                value: value.to_owned(),
                attributes: parts.map(str::to_ascii_lowercase).collect(),
            }
        })
        .collect()
    }

    pub fn cookie(&self, name: &str) -> Option<SetCookie> {
        self.set_cookies().into_iter().find(|it| it.name == name)
    }

    /// Returns whether a visitor sees this sentence.
    pub fn shows(&self, sentence: &str) -> bool {
        html::visible(&self.text()).contains(sentence)
    }

    /// Returns how many alerts the page shows.
    pub fn alerts(&self) -> usize {
        html::without_scripts(&self.text()).matches("role=\"alert\"").count()
    }

    /// Returns the status, headers and visible text, without the parts that differ in every response, for
    /// comparing responses that a stranger must not be able to tell apart.
    pub fn comparable(&self, email: &str) -> (u16, BTreeMap<String, String>, String) {
        let mut headers = BTreeMap::new();
        for (name, value) in &self.headers {
            let value = match name.as_str() {
                "x-request-id" | "date" => "any".to_owned(),
                // Sealed text differs each time; its length must not.
                "set-cookie" => {
                    // They come from a set, in no fixed order.
                    let mut cookies: Vec<_> = self
                        .set_cookies()
                        .iter()
                        .map(|it| format!("{} {} {:?}", it.name, it.value.len(), it.attributes))
                        .collect();
                    cookies.sort();
                    cookies.join("; ")
                }
                "content-security-policy" => {
                    let policy = value.to_str().unwrap();
                    policy.split_whitespace().filter(|it| !it.starts_with("'nonce-")).collect()
                }
                _ => value.to_str().unwrap().to_owned(),
            };
            headers.insert(name.to_string(), value);
        }
        let text = html::visible(&self.text()).replace(email, "EMAIL");
        (self.status.as_u16(), headers, text)
    }

    pub fn problem_at(&self, field: &str) -> Option<String> {
        html::problem_at(&self.text(), field)
    }

    pub fn value_of(&self, field: &str) -> Option<String> {
        html::value_of(&self.text(), field)
    }
}
