//! A provider on loopback: complete OpenID Connect, and plain OAuth 2.0 with a separate endpoint for email
//! addresses. It checks requests strictly, and sends wrong responses when told to.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use portcullis::server::Clock;
use portcullis::server::digest::{digest, random_token};
use portcullis::social::SocialProblem;
use ring::hmac;
use serde_json::{Value, json};
use url::{Url, form_urlencoded};

use super::signer::Signer;

pub const CLIENT_ID: &str = "portcullis-tests";
pub const CLIENT_SECRET: &str = "a secret of the tests";

/// The ways in which an endpoint fails.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fault {
    #[default]
    None,
    // In the ID token:
    WrongNonce,
    NoNonce,
    WrongAudience,
    WrongParty,
    WrongIssuer,
    Expired,
    IssuedLater,
    ValidLater,
    BadSignature,
    OtherKey,
    AlgorithmNone,
    AlgorithmHs256,
    NoIdToken,
    WrongAccessTokenHash,
    ManyAudiences,
    // At the userinfo endpoint:
    OtherSubject,
    // Instead of a response:
    Status500,
    Garbage,
    WrongShape,
    Redirect,
    TooLong,
    Hang,
    /// Sends the right response after a delay.
    Slow,
    /// Refuses with status 200, as GitHub does.
    RefusalWith200,
}

impl Fault {
    /// The faults that replace a response.
    pub const BROKEN: [Self; 6] = [
        Self::Status500,
        Self::Garbage,
        Self::WrongShape,
        Self::Redirect,
        Self::TooLong,
        Self::Hang,
    ];

    /// Returns the problem that the visitor sees if this fault replaces a response.
    pub const fn problem(self) -> SocialProblem {
        match self {
            Self::Status500 | Self::Hang => SocialProblem::Unreachable,
            _ => SocialProblem::Unusable,
        }
    }
}

/// The endpoint at which a fault happens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ProviderEndpoint {
    Discovery,
    #[default]
    Token,
    Keys,
    Userinfo,
    Emails,
    Groups,
}

/// A person with an account at the provider.
#[derive(Clone, Debug)]
pub struct ProviderUser {
    pub subject: Value,
    pub name: String,
    pub email: Option<(String, bool)>,
    /// Email address, primary, verified; for the endpoint for email addresses.
    pub emails: Vec<(String, bool, bool)>,
    /// When the provider claims to have authenticated the person.
    pub authenticated_at: Option<i64>,
    /// How the provider claims to have authenticated the person: `acr` and `amr`.
    pub acr: Option<&'static str>,
    pub amr: Vec<&'static str>,
}

impl ProviderUser {
    pub fn named(subject: &str) -> Self {
        Self {
            subject: subject.into(),
            name: subject.to_owned(),
            email: None,
            emails: Vec::new(),
            authenticated_at: None,
            acr: None,
            amr: Vec::new(),
        }
    }

    pub fn with_auth_time(self, at: i64) -> Self {
        Self { authenticated_at: Some(at), ..self }
    }

    pub fn with_email(self, email: &str, is_verified: bool) -> Self {
        Self {
            email: Some((email.to_owned(), is_verified)),
            emails: vec![(email.to_owned(), true, is_verified)],
            ..self
        }
    }
}

/// A running provider.
#[derive(Clone, Debug)]
pub struct Provider {
    pub url: String,
    shared: Arc<Mutex<Shared>>,
}

#[derive(Debug, Default)]
struct Shared {
    url: String,
    codes: HashMap<String, Grant>,
    tokens: HashMap<String, ProviderUser>,
    fault: Fault,
    endpoint: ProviderEndpoint,
    /// Whether discovery promises the issuer in the callback (RFC 9207, section 3).
    promises_issuer: bool,
    /// The issuer that discovery names, if it is not the true one.
    claimed_issuer: Option<String>,
    /// Values that discovery adds, or returns instead of the true ones.
    metadata: HashMap<&'static str, Value>,
    /// Whether only the userinfo endpoint returns the email address.
    withholds_email: bool,
    /// The response of one endpoint to every request.
    response: Option<(ProviderEndpoint, Value)>,
    /// Claims that ID tokens have, or have instead of the true ones.
    claims: HashMap<&'static str, Value>,
    signer: Signer,
    /// The `kid` of ID tokens; none if empty.
    key_id: String,
    /// Whether requests have no code challenge.
    without_pkce: bool,
    /// The key of the client's assertions, if it must send one.
    assertions_by: Option<Signer>,
    /// Raw responses, by endpoint, in place of the true ones; `{token}` in them is an access token.
    raw: HashMap<ProviderEndpoint, RawResponse>,
    /// The requested paths, in order, and what the last request to each had.
    requests: Vec<String>,
    seen: HashMap<String, SeenRequest>,
}

/// A response as it is sent: status, content type and body.
#[derive(Clone, Debug)]
pub struct RawResponse {
    pub status: u16,
    pub content_type: &'static str,
    pub body: String,
}

/// A request as it arrived.
#[derive(Clone, Debug, Default)]
pub struct SeenRequest {
    pub method: String,
    pub query: String,
    pub headers: HashMap<String, String>,
    pub body: String,
}

impl SeenRequest {
    /// Returns a field of a form.
    pub fn field(&self, name: &str) -> Option<String> {
        let mut form = form_urlencoded::parse(self.body.as_bytes());
        form.find(|(it, _)| it == name).map(|(_, value)| value.into_owned())
    }
}

#[derive(Clone, Debug)]
struct Grant {
    person: ProviderUser,
    nonce: Option<String>,
    challenge: String,
    redirect_uri: String,
}

impl Provider {
    /// Listens on a free loopback port.
    pub async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://127.0.0.1:{}", listener.local_addr().unwrap().port());
        let shared = Arc::new(Mutex::new(Shared {
            url: url.clone(),
            key_id: "1".to_owned(),
            ..Shared::default()
        }));
        let provider = Self { url, shared };
        let routes = Router::new()
            .route("/.well-known/openid-configuration", get(discovery))
            .route("/{tenant}/v2.0/.well-known/openid-configuration", get(discovery))
            .route("/jwks", get(keys))
            .route("/token", post(token))
            .route("/user", get(userinfo).post(userinfo))
            .route("/user/emails", get(emails))
            .route("/groups", get(groups))
            .fallback(not_found)
            .layer(axum::middleware::from_fn_with_state(provider.clone(), see))
            .with_state(provider.clone());
        tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        provider
    }

    /// Returns the settings of an OpenID Connect provider of this name.
    pub fn oidc(&self, name: &str) -> String {
        format!(
            "[social.{name}]\nlabel = \"{name}\"\nissuer = {:?}\nclient_id = {CLIENT_ID:?}\n\
             client_secret = {CLIENT_SECRET:?}\nemail = \"verified-claim\"\n",
            self.url
        )
    }

    /// Returns the settings of an OAuth 2.0 provider of this name, with the endpoint for email addresses.
    pub fn oauth(&self, name: &str) -> String {
        let url = &self.url;
        format!(
            "{}authorize_url = \"{url}/authorize\"\ntoken_url = \"{url}/token\"\n\
             userinfo_url = \"{url}/user\"\nemails_url = \"{url}/user/emails\"\n\
             scopes = \"read:user user:email\"\n",
            self.oidc(name).replace("verified-claim", "emails-endpoint")
        )
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap()
    }

    pub fn set_fault(&self, endpoint: ProviderEndpoint, fault: Fault) {
        let mut shared = self.lock();
        (shared.endpoint, shared.fault) = (endpoint, fault);
    }

    /// Makes this endpoint respond with status 200 and this JSON to every request.
    pub fn set_response(&self, endpoint: ProviderEndpoint, response: Option<Value>) {
        self.lock().response = response.map(|it| (endpoint, it));
    }

    pub fn promise_issuer(&self) {
        self.lock().promises_issuer = true;
    }

    pub fn claim_issuer(&self, issuer: &str) {
        self.lock().claimed_issuer = Some(issuer.to_owned());
    }

    /// Sets a value in the discovery document.
    pub fn set_metadata(&self, name: &'static str, value: impl Into<Value>) {
        self.lock().metadata.insert(name, value.into());
    }

    /// Sets a claim of ID tokens.
    pub fn set_claim(&self, name: &'static str, value: impl Into<Value>) {
        self.lock().claims.insert(name, value.into());
    }

    pub fn clear_claims(&self) {
        self.lock().claims.clear();
    }

    /// Signs with this key from now on, and names it by this id.
    pub fn sign_with(&self, signer: Signer, key_id: &str) {
        let mut shared = self.lock();
        (shared.signer, shared.key_id) = (signer, key_id.to_owned());
    }

    /// Makes an endpoint respond with exactly this. A token endpoint still checks the request, and `{token}`
    /// in the body is the access token, `{id_token}` the ID token.
    pub fn respond(&self, endpoint: ProviderEndpoint, status: u16, kind: &'static str, body: &str) {
        let raw = RawResponse { status, content_type: kind, body: body.to_owned() };
        self.lock().raw.insert(endpoint, raw);
    }

    /// Makes an endpoint respond with status 200 and this JSON.
    pub fn respond_json(&self, endpoint: ProviderEndpoint, body: &Value) {
        self.respond(endpoint, 200, "application/json", &body.to_string());
    }

    pub fn without_pkce(&self) {
        self.lock().without_pkce = true;
    }

    /// Requires assertions by this key of the client.
    pub fn trust_assertions_by(&self, signer: Signer) {
        self.lock().assertions_by = Some(signer);
    }

    /// Returns the claims of the client's last assertion.
    pub fn last_assertion(&self) -> Value {
        let assertion = self.last_request("/token").field("client_assertion").unwrap();
        let signer = self.lock().assertions_by.unwrap();
        signer.claims_of(&assertion).unwrap()
    }

    /// Returns the last request to a path.
    pub fn last_request(&self, path: &str) -> SeenRequest {
        self.lock().seen.get(path).cloned().unwrap_or_default()
    }

    pub fn withhold_email(&self) {
        self.lock().withholds_email = true;
    }

    /// Returns how often a path was requested.
    pub fn requests(&self, path: &str) -> usize {
        self.lock().requests.iter().filter(|it| *it == path).count()
    }

    /// Consents as this person, and returns the path of the callback to the site.
    pub fn consent(&self, authorize: &Url, person: &ProviderUser) -> String {
        let query: HashMap<_, _> = authorize.query_pairs().into_owned().collect();
        let asked = |name: &str| query.get(name).cloned().unwrap_or_default();
        assert!(authorize.as_str().starts_with(&self.url), "{authorize}");
        assert_eq!(asked("response_type"), "code");
        assert_eq!(asked("client_id"), CLIENT_ID);
        let has_pkce = !self.lock().without_pkce;
        assert_eq!(asked("code_challenge_method"), if has_pkce { "S256" } else { "" });
        // 256 bits as base64url.
        assert_eq!(asked("state").len(), 43);
        assert_eq!(asked("code_challenge").len(), if has_pkce { 43 } else { 0 });
        let redirect_uri = asked("redirect_uri");
        let code = random_token().unwrap();
        let grant = Grant {
            person: person.clone(),
            nonce: query.get("nonce").cloned(),
            challenge: asked("code_challenge"),
            redirect_uri: redirect_uri.clone(),
        };
        let mut shared = self.lock();
        shared.codes.insert(code.clone(), grant);
        let mut back: Url = redirect_uri.parse().unwrap();
        back.query_pairs_mut().append_pair("code", &code).append_pair("state", &asked("state"));
        if shared.promises_issuer {
            back.query_pairs_mut().append_pair("iss", &self.url);
        }
        path_of(&back)
    }

    /// Refuses consent, and returns the path of the callback to the site.
    pub fn deny(&self, authorize: &Url) -> String {
        let query: HashMap<_, _> = authorize.query_pairs().into_owned().collect();
        let mut back: Url = query["redirect_uri"].parse().unwrap();
        back.query_pairs_mut()
            .append_pair("error", "access_denied")
            .append_pair("error_description", "<b>Call 555-0199</b>")
            .append_pair("state", &query["state"]);
        path_of(&back)
    }

    /// Returns the response of a fault, or none to respond normally.
    async fn fault_response(&self, endpoint: ProviderEndpoint, uri: &Uri) -> Option<Response> {
        let fault = {
            let mut shared = self.lock();
            shared.requests.push(uri.path().to_owned());
            if let Some((_, response)) = shared.response.as_ref().filter(|it| it.0 == endpoint) {
                return Some(Json(response).into_response());
            }
            if shared.endpoint == endpoint { shared.fault } else { Fault::None }
        };
        match fault {
            Fault::Status500 => Some(StatusCode::INTERNAL_SERVER_ERROR.into_response()),
            Fault::Garbage => Some("<html>\u{0} not what was asked for".into_response()),
            Fault::WrongShape => Some(Json(json!([{"a": null}, 7])).into_response()),
            Fault::Redirect => Some(Redirect::temporary("/elsewhere").into_response()),
            Fault::TooLong => {
                let text = " ".repeat(2 * 1024 * 1024);
                Some(([("content-type", "application/json")], text).into_response())
            }
            Fault::Hang => {
                tokio::time::sleep(Duration::from_secs(60)).await;
                Some(StatusCode::OK.into_response())
            }
            Fault::Slow => {
                tokio::time::sleep(Duration::from_millis(500)).await;
                None
            }
            Fault::RefusalWith200 => Some(
                Json(json!({
                    "error": "bad_verification_code",
                    "error_description": "The code passed is incorrect or expired.",
                    "error_uri": "https://docs.example/",
                }))
                .into_response(),
            ),
            _ => None,
        }
    }
}

fn path_of(url: &Url) -> String {
    format!("{}?{}", url.path(), url.query().unwrap())
}

/// Notes what arrives, and responds as told.
async fn see(State(provider): State<Provider>, request: Request, next: Next) -> Response {
    let (head, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
    let text = |it: &HeaderValue| it.to_str().unwrap_or_default().to_owned();
    let seen = SeenRequest {
        method: head.method.to_string(),
        query: head.uri.query().unwrap_or_default().to_owned(),
        headers: head.headers.iter().map(|(name, it)| (name.to_string(), text(it))).collect(),
        body: String::from_utf8_lossy(&body).into_owned(),
    };
    let path = head.uri.path().to_owned();
    provider.lock().seen.insert(path.clone(), seen);
    let response = next.run(Request::from_parts(head, body.into())).await;
    let endpoint = match path.as_str() {
        "/token" => ProviderEndpoint::Token,
        "/jwks" => ProviderEndpoint::Keys,
        "/user" => ProviderEndpoint::Userinfo,
        "/user/emails" => ProviderEndpoint::Emails,
        "/groups" => ProviderEndpoint::Groups,
        _ => ProviderEndpoint::Discovery,
    };
    let raw = provider.lock().raw.get(&endpoint).cloned();
    // A refused request stays refused.
    let Some(raw) = raw.filter(|_| response.status().is_success()) else { return response };
    let body = axum::body::to_bytes(response.into_body(), 1 << 20).await.unwrap();
    let normal: Value = serde_json::from_slice(&body).unwrap_or_default();
    let part = |name: &str| normal[name].as_str().unwrap_or_default().to_owned();
    let body =
        raw.body.replace("{token}", &part("access_token")).replace("{id_token}", &part("id_token"));
    let status = StatusCode::from_u16(raw.status).unwrap();
    (status, [("content-type", raw.content_type)], body).into_response()
}

async fn not_found(State(provider): State<Provider>, uri: Uri) -> StatusCode {
    provider.lock().requests.push(uri.path().to_owned());
    StatusCode::NOT_FOUND
}

async fn discovery(State(provider): State<Provider>, uri: Uri) -> Response {
    if let Some(fault) = provider.fault_response(ProviderEndpoint::Discovery, &uri).await {
        return fault;
    }
    let shared = provider.lock();
    let url = &shared.url;
    let issuer = shared.claimed_issuer.as_ref().unwrap_or(url);
    let mut metadata = json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{url}/authorize"),
        "token_endpoint": format!("{url}/token"),
        "userinfo_endpoint": format!("{url}/user"),
        "jwks_uri": format!("{url}/jwks"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "authorization_response_iss_parameter_supported": shared.promises_issuer,
    });
    for (name, value) in &shared.metadata {
        metadata[*name] = value.clone();
    }
    Json(metadata).into_response()
}

async fn keys(State(provider): State<Provider>, uri: Uri) -> Response {
    if let Some(fault) = provider.fault_response(ProviderEndpoint::Keys, &uri).await {
        return fault;
    }
    let shared = provider.lock();
    Json(json!({ "keys": shared.signer.public_keys(&shared.key_id) })).into_response()
}

/// Exchanges a code for tokens (RFC 6749, section 4.1.3, and RFC 7636, section 4.6).
async fn token(
    State(provider): State<Provider>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if let Some(fault) = provider.fault_response(ProviderEndpoint::Token, &uri).await {
        return fault;
    }
    let form: HashMap<_, _> = form_urlencoded::parse(&body).into_owned().collect();
    let sent = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
    let refuse =
        |error: &str| (StatusCode::BAD_REQUEST, Json(json!({"error": error}))).into_response();
    let basic =
        |secret: &str| Some(format!("Basic {}", STANDARD.encode(format!("{CLIENT_ID}:{secret}"))));
    let authorization = headers.get(AUTHORIZATION).map(|it| it.to_str().unwrap().to_owned());
    let is_client = match provider.lock().assertions_by {
        Some(signer) => {
            // Apple's client has its assertion for a secret.
            let is_secret = !sent("client_secret").is_empty();
            let token = if is_secret { sent("client_secret") } else { sent("client_assertion") };
            let claims = signer.claims_of(token).unwrap_or_default();
            let says_id = claims["iss"] == CLIENT_ID && claims["jti"].is_string();
            claims["sub"] == CLIENT_ID && (is_secret || says_id)
        }
        None if authorization.is_some() => {
            authorization == basic(&CLIENT_SECRET.replace(' ', "+"))
                || authorization == basic(CLIENT_SECRET)
        }
        None => sent("client_id") == CLIENT_ID && sent("client_secret") == CLIENT_SECRET,
    };
    if !is_client {
        return refuse("invalid_client");
    }
    let mut shared = provider.lock();
    // A code works once, even if the rest of the request is wrong.
    let Some(grant) = shared.codes.remove(sent("code")) else { return refuse("invalid_grant") };
    let is_right = sent("grant_type") == "authorization_code"
        && sent("redirect_uri") == grant.redirect_uri
        && (shared.without_pkce || digest(sent("code_verifier")) == grant.challenge);
    if !is_right {
        return refuse("invalid_grant");
    }
    let access_token = random_token().unwrap();
    let mut response = json!({"access_token": access_token, "token_type": "bearer"});
    if shared.fault != Fault::NoIdToken && grant.nonce.is_some() {
        response["id_token"] = id_token(&shared, &grant, &access_token).into();
    }
    shared.tokens.insert(access_token, grant.person);
    Json(response).into_response()
}

fn id_token(shared: &Shared, grant: &Grant, access_token: &str) -> String {
    let now = Clock::System.now();
    let mut claims = json!({
        "iss": shared.url,
        "sub": grant.person.subject,
        "aud": [CLIENT_ID],
        // Tests turn the clock forward.
        "exp": now + 365 * 24 * 3600,
        "iat": now,
        "nonce": grant.nonce,
        "name": grant.person.name,
        "at_hash": shared.signer.half_hash(access_token),
    });
    if let Some((email, is_verified)) = &grant.person.email
        && !shared.withholds_email
    {
        claims["email"] = email.as_str().into();
        claims["email_verified"] = (*is_verified).into();
    }
    if let Some(at) = grant.person.authenticated_at {
        claims["auth_time"] = at.into();
    }
    if let Some(class) = grant.person.acr {
        claims["acr"] = class.into();
    }
    if !grant.person.amr.is_empty() {
        claims["amr"] = grant.person.amr.clone().into();
    }
    match shared.fault {
        Fault::WrongNonce => claims["nonce"] = "another".into(),
        Fault::NoNonce => drop(claims.as_object_mut().unwrap().remove("nonce")),
        Fault::WrongParty => claims["azp"] = "another-client".into(),
        Fault::WrongAudience => claims["aud"] = "another-client".into(),
        // The audience names this client and one that it doesn't know.
        Fault::ManyAudiences => {
            claims["aud"] = json!([CLIENT_ID, "another-client"]);
            claims["azp"] = CLIENT_ID.into();
        }
        Fault::WrongIssuer => claims["iss"] = "http://127.0.0.1:1".into(),
        Fault::Expired => {
            claims["iat"] = (now - 7200).into();
            claims["exp"] = (now - 3600).into();
        }
        Fault::IssuedLater => claims["iat"] = (now + 120).into(),
        Fault::ValidLater => claims["nbf"] = (now + 120).into(),
        Fault::WrongAccessTokenHash => claims["at_hash"] = URL_SAFE_NO_PAD.encode([7; 16]).into(),
        _ => {}
    }
    for (name, value) in &shared.claims {
        claims[*name] = value.clone();
    }
    sign(shared, &claims)
}

fn sign(shared: &Shared, claims: &Value) -> String {
    let algorithm = match shared.fault {
        Fault::AlgorithmNone => "none",
        Fault::AlgorithmHs256 => "HS256",
        _ => shared.signer.algorithm(),
    };
    let mut header = json!({"alg": algorithm, "kid": shared.key_id, "typ": "JWT"});
    if shared.key_id.is_empty() {
        header.as_object_mut().unwrap().remove("kid");
    }
    let part = |it: &Value| URL_SAFE_NO_PAD.encode(it.to_string());
    let message = format!("{}.{}", part(&header), part(claims));
    let signature = match shared.fault {
        Fault::AlgorithmNone => Vec::new(),
        // Signed with the one secret that a client knows, and that every public client reveals.
        Fault::AlgorithmHs256 => {
            let key = hmac::Key::new(hmac::HMAC_SHA256, CLIENT_SECRET.as_bytes());
            hmac::sign(&key, message.as_bytes()).as_ref().to_vec()
        }
        Fault::BadSignature => {
            let mut signature = shared.signer.sign(&message);
            signature[50] ^= 1;
            signature
        }
        Fault::OtherKey => Signer::OtherRsa.sign(&message),
        _ => shared.signer.sign(&message),
    };
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
}

async fn userinfo(State(provider): State<Provider>, uri: Uri, headers: HeaderMap) -> Response {
    if let Some(fault) = provider.fault_response(ProviderEndpoint::Userinfo, &uri).await {
        return fault;
    }
    let Some(person) = bearer(&provider, &headers) else {
        return StatusCode::UNAUTHORIZED.into_response();
    };
    let mut response = json!({"name": person.name, "login": person.name});
    // OAuth 2.0 providers call it `id`, and often use a number.
    response[if person.subject.is_number() { "id" } else { "sub" }] = person.subject.clone();
    if provider.lock().fault == Fault::OtherSubject {
        response["sub"] = "somebody-else".into();
    }
    if let Some((email, is_verified)) = &person.email {
        response["email"] = email.as_str().into();
        response["email_verified"] = (*is_verified).into();
    }
    Json(response).into_response()
}

async fn emails(State(provider): State<Provider>, uri: Uri, headers: HeaderMap) -> Response {
    if let Some(fault) = provider.fault_response(ProviderEndpoint::Emails, &uri).await {
        return fault;
    }
    let Some(person) = bearer(&provider, &headers) else {
        return StatusCode::UNAUTHORIZED.into_response();
    };
    let row = |(email, primary, verified): &(String, bool, bool)| json!({"email": email, "primary": primary, "verified": verified});
    Json(person.emails.iter().map(row).collect::<Vec<_>>()).into_response()
}

async fn groups(State(provider): State<Provider>, uri: Uri, headers: HeaderMap) -> Response {
    if let Some(fault) = provider.fault_response(ProviderEndpoint::Groups, &uri).await {
        return fault;
    }
    match bearer(&provider, &headers) {
        Some(_) => Json(json!([])).into_response(),
        None => StatusCode::UNAUTHORIZED.into_response(),
    }
}

fn bearer(provider: &Provider, headers: &HeaderMap) -> Option<ProviderUser> {
    let token = headers.get(AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ")?;
    provider.lock().tokens.get(token).cloned()
}
