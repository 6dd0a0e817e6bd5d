//! The context of one request: the app, the user and the client.

use std::net::IpAddr;
use std::sync::Arc;

use axum::http::request::Parts;
use leptos::prelude::with_context;
use tokio::sync::OnceCell;
use tower_cookies::cookie::SameSite;
use tower_cookies::cookie::time::Duration;
use tower_cookies::{Cookie, Cookies};

use super::feature::AppCookie;
use super::{App, Error};
use crate::error::{AccessProblem, AppError, ServerProblem};
use crate::session::server::{Session, SignedIn};

/// The source of a request.
#[derive(Clone, Debug, Default)]
pub struct Client {
    /// The client's IP address: the peer's, or the one that a trusted proxy names. `None` outside requests.
    pub ip: Option<IpAddr>,
    /// The IP address as text; empty if there is none.
    pub ip_text: String,
    /// The `User-Agent`, cut to 256 characters.
    pub user_agent: String,
}

/// The context of a server function or a route.
#[derive(Clone, Debug)]
pub struct Context {
    pub app: Arc<App>,
    pub session: Session,
    pub client: Client,
    pub request_id: String,
    cookies: Cookies,
    user: Arc<OnceCell<Option<Arc<SignedIn>>>>,
}

/// Returns the session cookie's name. With `__Host-`, browsers require Secure, this host and Path=/
/// (RFC 6265bis, section 4.1.3.2). On plain loopback they would refuse it.
#[must_use]
pub fn session_cookie_name(is_https: bool) -> &'static str {
    if is_https { "__Host-portcullis" } else { "portcullis" }
}

/// In seconds.
pub const YEAR: i64 = 365 * 86400;

impl Context {
    /// Creates the context of a request. Reads nothing from the database.
    #[must_use]
    pub fn new(
        app: Arc<App>,
        session: tower_sessions::Session,
        client: Client,
        cookies: Cookies,
        request_id: String,
    ) -> Self {
        let session = Session::new(session, app.sessions.clone());
        Self { app, session, client, request_id, cookies, user: Arc::default() }
    }

    /// Returns the context of the current request. Server functions use `of`, which checks whether
    /// they may be called.
    pub(crate) fn current() -> Result<Self, AppError> {
        with_context::<Parts, _>(|parts| parts.extensions.get::<Self>().cloned())
            .flatten()
            .ok_or(AppError::Server(ServerProblem::Internal))
    }

    /// Returns the signed-in user, queried once a request; `Unauthenticated` if there is none.
    pub async fn user(&self) -> Result<Arc<SignedIn>, Error> {
        self.find_user().await?.ok_or_else(|| AccessProblem::Unauthenticated.into())
    }

    pub async fn find_user(&self) -> Result<Option<Arc<SignedIn>>, Error> {
        self.user
            .get_or_try_init(|| async {
                let user = self.session.user().await?;
                let user = user.filter(|it| !it.lacks_due_second_factor(&self.app)).map(Arc::new);
                if let Some(user) = &user {
                    self.app.sessions.touch(user, &self.client).await?;
                }
                Ok(user)
            })
            .await
            .cloned()
    }

    /// Returns whether the request has a cookie of ours or its response already sets one.
    #[must_use]
    pub fn has_cookies(&self) -> bool {
        !self.cookies.list().is_empty()
    }

    /// Returns the value that the browser sent in this cookie.
    #[must_use]
    pub fn get(&self, cookie: &AppCookie) -> Option<String> {
        let name = cookie.full_name(self.app.config.site.is_https());
        self.cookies.get(&name).map(|it| it.value().to_owned())
    }

    /// Sets a cookie for this many seconds.
    pub fn set(&self, cookie: &AppCookie, value: String, seconds: i64) {
        let is_https = self.app.config.site.is_https();
        let cookie = Cookie::build((cookie.full_name(is_https), value))
            .path("/")
            .http_only(true)
            .secure(is_https)
            .same_site(SameSite::Lax)
            .max_age(Duration::seconds(seconds));
        self.cookies.add(cookie.build());
    }

    /// Deletes a cookie.
    pub fn clear(&self, cookie: &AppCookie) {
        self.set(cookie, String::new(), 0);
    }
}
