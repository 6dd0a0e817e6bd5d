//! What a feature adds to the site, in one value. The kernel folds the values of all features and names
//! none of them.

use std::pin::Pin;

use axum::Router;

use super::config::Config;
use super::digest::is_token;
use super::jobs::Job;
use super::{App, Error};
use crate::role::Permission;

/// A feature, as it registers: `FEATURE` in its `feature.rs`. What it leaves out it does not have.
#[derive(Debug)]
pub struct Feature {
    /// Its server functions, and its files that are no pages.
    pub endpoints: &'static [Endpoint],
    pub pages: &'static [Page],
    pub cookies: &'static [&'static AppCookie],
    /// Does what requests have left to do.
    pub jobs: &'static [Job],
    /// Deletes what has expired.
    pub sweeps: &'static [Job],
    /// Its axum routes.
    pub routes: fn() -> Router,
    /// Whether any of it is there.
    pub is_on: fn(&Config) -> bool,
}

impl Feature {
    /// A feature that adds nothing.
    pub const NONE: Self = Self {
        endpoints: &[],
        pages: &[],
        cookies: &[],
        jobs: &[],
        sweeps: &[],
        routes: Router::new,
        is_on: |_| true,
    };
}

/// Who may call a server function or see a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    Anyone,
    /// Signed in, with a verified email address if the site asks for one.
    SignedIn,
    /// Signed in, whether or not the email address is verified.
    Unverified,
    /// The same as signed in, with any permission.
    Administers,
    /// The same as signed in, with this permission.
    May(Permission),
}

/// An address under `/api/`. One that no feature registers is refused to all.
#[derive(Clone, Copy, Debug)]
pub struct Endpoint {
    pub path: &'static str,
    pub who: Who,
    /// The page of its form, for browsers that send no `Referer`.
    pub page: &'static str,
    /// The fields that come back as they were typed when a form is refused. Never a secret.
    pub refilled: &'static [&'static str],
    /// Whether an administrator may call it during an impersonation: what shows, what harms no user, and
    /// what ends it. Nothing that touches a way in is among them.
    pub impersonated: bool,
}

impl Endpoint {
    #[must_use]
    pub const fn new(path: &'static str, who: Who, page: &'static str) -> Self {
        Self { path, who, page, refilled: &[], impersonated: false }
    }

    #[must_use]
    pub const fn refilling(self, refilled: &'static [&'static str]) -> Self {
        Self { refilled, ..self }
    }

    #[must_use]
    pub const fn impersonated(self) -> Self {
        Self { impersonated: true, ..self }
    }
}

/// A page. One that no feature registers is for users who are signed in.
#[derive(Clone, Copy, Debug)]
pub struct Page {
    pub path: &'static str,
    pub visitors: Visitors,
}

/// For whom a page is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Visitors {
    /// Those who are not signed in; all others are led on.
    Strangers,
    /// Whoever comes: a mailed link leads there.
    Everybody,
    Users(Who),
}

impl Page {
    #[must_use]
    pub const fn new(path: &'static str, visitors: Visitors) -> Self {
        Self { path, visitors }
    }

    /// A page for users who are signed in.
    #[must_use]
    pub const fn of_users(path: &'static str) -> Self {
        Self::new(path, Visitors::Users(Who::SignedIn))
    }
}

/// The answer of [`AppCookie::is_ours`].
pub type IsOurs<'a> = Pin<Box<dyn Future<Output = Result<bool, Error>> + Send + 'a>>;

/// A cookie that is not the session's.
#[derive(Debug)]
pub struct AppCookie {
    /// Its name, without the prefix that https brings.
    pub name: &'static str,
    /// Whether a value may be ours by its looks, which asks the database nothing.
    pub has_form: fn(&str) -> bool,
    /// Whether a value was given out by us, as far as that can be told.
    pub is_ours: for<'a> fn(&'a App, &'a str) -> IsOurs<'a>,
    /// Whether it goes when the session ends: whoever uses the browser next could finish something with
    /// it.
    pub ends_with_session: bool,
}

impl AppCookie {
    /// A cookie that holds a random token of which a row has the digest.
    #[must_use]
    pub const fn of_token(
        name: &'static str,
        is_ours: for<'a> fn(&'a App, &'a str) -> IsOurs<'a>,
    ) -> Self {
        Self { name, has_form: is_token, is_ours, ends_with_session: true }
    }

    /// Its name in the browser (RFC 6265bis, section 4.1.3.2).
    #[must_use]
    pub fn full_name(&self, is_https: bool) -> String {
        format!("{}{}", if is_https { "__Host-" } else { "" }, self.name)
    }
}

/// All features of the site.
#[derive(Clone, Copy, Debug)]
pub struct Features(pub &'static [&'static Feature]);

impl Features {
    pub fn iter(self) -> impl Iterator<Item = &'static Feature> {
        self.0.iter().copied()
    }

    pub fn endpoints(self) -> impl Iterator<Item = &'static Endpoint> {
        self.iter().flat_map(|it| it.endpoints)
    }

    pub fn pages(self) -> impl Iterator<Item = &'static Page> {
        self.iter().flat_map(|it| it.pages)
    }

    pub fn cookies(self) -> impl Iterator<Item = &'static AppCookie> {
        self.iter().flat_map(|it| it.cookies).copied()
    }

    pub fn sweeps(self) -> impl Iterator<Item = &'static Job> {
        self.iter().flat_map(|it| it.sweeps)
    }

    #[must_use]
    pub fn endpoint(self, path: &str) -> Option<&'static Endpoint> {
        self.endpoints().find(|it| it.path == path)
    }

    #[must_use]
    pub fn page(self, path: &str) -> Option<&'static Page> {
        self.pages().find(|it| it.path == path)
    }

    /// Whether the feature of this path is there; true for a path of none.
    #[must_use]
    pub fn is_on(self, config: &Config, path: &str) -> bool {
        let owns = |it: &&Feature| {
            it.endpoints.iter().any(|it| it.path == path)
                || it.pages.iter().any(|it| it.path == path)
        };
        self.iter().find(owns).is_none_or(|it| (it.is_on)(config))
    }
}
