//! One request: the app, who is asking and from where.

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

/// Where a request came from.
#[derive(Clone, Debug, Default)]
pub struct Client {
    /// The visitor's IP address: the peer's, or what a trusted proxy says. None outside of requests.
    pub ip: Option<IpAddr>,
    /// The same as text; empty where there is none.
    pub address: String,
    /// The `User-Agent`, cut to 256 octets.
    pub user_agent: String,
}

/// What a server function or a route works with.
#[derive(Clone, Debug)]
pub struct Context {
    pub app: Arc<App>,
    pub session: Session,
    pub client: Client,
    pub request_id: String,
    cookies: Cookies,
    user: Arc<OnceCell<Option<Arc<SignedIn>>>>,
}

/// The session cookie's name. `__Host-` makes browsers insist on Secure, this host and Path=/
/// (RFC 6265bis, section 4.1.3.2); on plain loopback they would refuse it.
#[must_use]
pub fn session_cookie_name(is_https: bool) -> &'static str {
    if is_https { "__Host-portcullis" } else { "portcullis" }
}

/// In seconds.
pub const YEAR: i64 = 365 * 86400;

impl Context {
    /// A request's beginning: nothing is read from the database yet.
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

    /// The context of the request that is being answered. Server functions use `of`, which asks
    /// whether they may be called.
    pub(crate) fn current() -> Result<Self, AppError> {
        with_context::<Parts, _>(|parts| parts.extensions.get::<Self>().cloned())
            .flatten()
            .ok_or(AppError::Server(ServerProblem::Internal))
    }

    /// The signed-in user, asked of the database once a request; `Unauthenticated` if none.
    pub async fn user(&self) -> Result<Arc<SignedIn>, Error> {
        self.find_user().await?.ok_or_else(|| AccessProblem::Unauthenticated.into())
    }

    pub async fn find_user(&self) -> Result<Option<Arc<SignedIn>>, Error> {
        self.user
            .get_or_try_init(|| async {
                let user = self.session.user().await?.map(Arc::new);
                if let Some(user) = &user {
                    self.app.sessions.touch(user, &self.client).await?;
                }
                Ok(user)
            })
            .await
            .cloned()
    }

    /// Whether the request brought a cookie of ours, or its response sets one by now.
    #[must_use]
    pub fn has_cookies(&self) -> bool {
        !self.cookies.list().is_empty()
    }

    /// What the browser sent in this cookie.
    #[must_use]
    pub fn get(&self, cookie: &AppCookie) -> Option<String> {
        let name = cookie.full_name(self.app.config.site.is_https());
        self.cookies.get(&name).map(|it| it.value().to_owned())
    }

    /// Sets a cookie for so many seconds.
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
