//! One value with everything that a feature adds to the site. The kernel combines the values of all features
//! and names no feature.

use std::pin::Pin;

use axum::Router;

use super::config::Config;
use super::digest::is_token;
use super::jobs::Job;
use super::{App, Error};
use crate::role::Permission;

/// A feature's registration: `FEATURE` in its `feature.rs`. A field that it leaves out adds nothing.
#[derive(Debug)]
pub struct Feature {
    /// Its server functions, and its files that are not pages.
    pub endpoints: &'static [Endpoint],
    pub pages: &'static [Page],
    pub cookies: &'static [&'static AppCookie],
    /// Jobs that finish work left by requests.
    pub jobs: &'static [Job],
    /// Jobs that delete what has expired.
    pub sweeps: &'static [Job],
    /// Its axum routes.
    pub routes: fn() -> Router,
    /// Whether the configuration enables the feature.
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

/// The users who may call a server function or see a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccessRule {
    Anyone,
    /// Signed in, with a verified email address if the site requires one.
    SignedIn,
    /// Signed in, whether or not the email address is verified.
    MaybeUnverified,
    /// Like `SignedIn`, with any permission.
    AnyPermission,
    /// Like `SignedIn`, with this permission.
    Requires(Permission),
}

/// An endpoint under `/api/`. A path that no feature registers is refused to all.
#[derive(Clone, Copy, Debug)]
pub struct Endpoint {
    pub path: &'static str,
    pub access: AccessRule,
    /// The page with its form, for browsers that send no `Referer`.
    pub page: &'static str,
    /// The fields that keep their values when a form is refused. Never a secret.
    pub refilled: &'static [&'static str],
    /// Whether an administrator may call it during an impersonation. True only if it shows data, harms no
    /// user or ends the impersonation, and never if it changes a way to sign in.
    pub during_impersonation: bool,
}

impl Endpoint {
    #[must_use]
    pub const fn new(path: &'static str, access: AccessRule, page: &'static str) -> Self {
        Self { path, access, page, refilled: &[], during_impersonation: false }
    }

    #[must_use]
    pub const fn refilling(self, refilled: &'static [&'static str]) -> Self {
        Self { refilled, ..self }
    }

    #[must_use]
    pub const fn during_impersonation(self) -> Self {
        Self { during_impersonation: true, ..self }
    }
}

/// A page. A page that no feature registers is for signed-in users.
#[derive(Clone, Copy, Debug)]
pub struct Page {
    pub path: &'static str,
    pub audience: Audience,
    /// Whether users must have confirmed their identity recently to see it.
    pub needs_confirmation: bool,
}

/// The audience of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// Visitors only. Signed-in users are redirected.
    SignedOut,
    /// Everyone: a mailed link leads there.
    Anyone,
    /// Visitors whose sign-in waits for a second factor.
    SignInPending,
    Users(AccessRule),
}

impl Page {
    #[must_use]
    pub const fn new(path: &'static str, audience: Audience) -> Self {
        Self { path, audience, needs_confirmation: false }
    }

    /// Creates a page for signed-in users.
    #[must_use]
    pub const fn for_users(path: &'static str) -> Self {
        Self::new(path, Audience::Users(AccessRule::SignedIn))
    }

    /// Requires a recent confirmation of identity before the page is shown, so that its form is not interrupted.
    #[must_use]
    pub const fn needs_recent_confirmation(self) -> Self {
        Self { needs_confirmation: true, ..self }
    }
}

/// The result of [`AppCookie::is_ours`].
pub type IsOursFuture<'a> = Pin<Box<dyn Future<Output = Result<bool, Error>> + Send + 'a>>;

/// A cookie other than the session cookie.
#[derive(Debug)]
pub struct AppCookie {
    /// Its name, without the prefix that https adds.
    pub name: &'static str,
    /// Whether a value has the right form. Does not query the database.
    pub is_well_formed: fn(&str) -> bool,
    /// Whether we issued a value, as far as that can be told.
    pub is_ours: for<'a> fn(&'a App, &'a str) -> IsOursFuture<'a>,
    /// Whether it is cleared when the session ends. Otherwise the next user of the browser could finish
    /// something with it.
    pub ends_with_session: bool,
}

impl AppCookie {
    /// Creates a cookie that holds a random token. The database stores the token's digest.
    #[must_use]
    pub const fn for_token(
        name: &'static str,
        is_ours: for<'a> fn(&'a App, &'a str) -> IsOursFuture<'a>,
    ) -> Self {
        Self { name, is_well_formed: is_token, is_ours, ends_with_session: true }
    }

    /// Returns its name in the browser (RFC 6265bis, section 4.1.3.2).
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

    /// Returns whether the feature with this path is enabled; true if no feature has the path.
    #[must_use]
    pub fn is_on(self, config: &Config, path: &str) -> bool {
        let owns = |it: &&Feature| {
            it.endpoints.iter().any(|it| it.path == path)
                || it.pages.iter().any(|it| it.path == path)
        };
        self.iter().find(owns).is_none_or(|it| (it.is_on)(config))
    }
}
