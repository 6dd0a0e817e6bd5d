//! Signing in: what a proof leads to.
//!
//! Methods (`password`, `social`) prove who it is; only this flow signs anyone in.

mod page;
#[cfg(feature = "ssr")]
pub mod server;

use std::str::FromStr;

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use crate::address::UNVERIFIED_PAGES;
use crate::error::{AppError, Problems};
use crate::form::Done;
use crate::password;
use crate::secret::Secret;
use crate::user::Email;

pub use page::SignInPage;

/// What the sign-in form sends.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct SignInForm {
    pub email: String,
    pub password: Secret,
    /// Present where the box is ticked.
    pub remember: Option<String>,
    pub next: String,
}

/// What the domain accepts.
#[derive(Clone, Debug)]
pub struct Credentials {
    pub email: Email,
    pub password: Secret,
}

impl SignInForm {
    /// Runs in the browser before sending, and on the server before anything else.
    pub fn parse(&self) -> Result<Credentials, AppError> {
        let email = self.email.parse::<Email>();
        let password = password::check_attempt(&self.password);
        match (email, password) {
            (Ok(email), Ok(())) => Ok(Credentials { email, password: self.password.clone() }),
            (email, password) => Err(AppError::Invalid(Problems {
                email: email.err(),
                password: password.err(),
                ..Problems::default()
            })),
        }
    }
}

/// Trades an address and a password for a session.
#[server(prefix = "/api", endpoint = "sign-in/password")]
pub async fn sign_in(#[server(flatten)] form: SignInForm) -> Result<Done, AppError> {
    let credentials = form.parse()?;
    let cx = crate::server::Context::of::<SignIn>().await?;
    let proven = password::server::authenticate(&cx, &credentials).await?;
    let notice = server::sign_in(&cx, &proven, form.remember.is_some()).await?;
    Ok(Done { notice, go: Some(Next::from_query(&form.next).into_string()) })
}

/// Where to go after signing in: a path of this site and nothing else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Next(String);

impl Next {
    /// In bytes.
    pub const MAX_LENGTH: usize = 2048;

    /// Anything that is no path of this site is the dashboard. One that is too long with its query is
    /// the page alone: proxies pass no header on that is longer than a page of memory.
    #[must_use]
    pub fn from_query(text: &str) -> Self {
        let page = text.split('?').next().unwrap_or_default();
        let next = text.parse().or_else(|()| match text.len() {
            0..=Self::MAX_LENGTH => Err(()),
            _ => page.parse(),
        });
        next.unwrap_or_else(|()| Self("/dashboard".to_owned()))
    }

    #[must_use]
    pub fn into_string(self) -> String {
        self.0
    }
}

impl FromStr for Next {
    type Err = ();

    /// Takes `/dashboard`, `/admin` and what lies below them, and the pages of those who have yet to
    /// prove something, with any query, without a fragment. A
    /// browser reads `//host`, `/\host` and `/<tab>/host` as another site's address (WHATWG URL,
    /// section 4.4), so the characters that make such readings possible are refused wherever they
    /// stand in the path. Behind its question mark no character leads elsewhere.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let path = text.split('?').next().unwrap_or_default();
        let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~/".contains(&b);
        let is_ours = UNVERIFIED_PAGES.contains(&path)
            || ["/dashboard", "/admin"].iter().any(|it| {
                path.strip_prefix(it).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            });
        let climbs = path.split('/').any(|part| part == "." || part == "..") || path.contains("//");
        let is_graphic = text.bytes().all(|b| b.is_ascii_graphic() && b != b'#');
        if text.len() <= Self::MAX_LENGTH
            && is_ours
            && !climbs
            && path.bytes().all(is_plain)
            && is_graphic
        {
            Ok(Self(text.to_owned()))
        } else {
            Err(())
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn v5_0_0__3_7_2__only_paths_of_this_site_are_followed() {
        for bad in [
            "",
            "dashboard",
            "//evil.example",
            "/\\evil.example",
            "https://evil.example/dashboard",
            "/dashboard/../../evil",
            "/dashboard//evil.example",
            "/\t/evil.example",
            "/dashboard\\x",
            "/dashboardx",
            "javascript:alert(1)",
            "/dashboard#x",
            "/dashboard?q=#x",
            "/dashboard?q=a b",
            "/dashboard?q=\r\nlocation:x",
            "/dashboard?q=é",
            "/dashboard/%2e%2e",
            "/api/sign-out",
        ] {
            assert_eq!(Next::from_query(bad).into_string(), "/dashboard", "{bad:?}");
        }
        for good in [
            "/dashboard/sessions",
            "/admin/audit?q=1",
            "/verify-address",
            "/reauthenticate?next=/dashboard/password",
        ] {
            assert_eq!(Next::from_query(good).into_string(), good);
        }
        for bad in ["/verify-address/x", "/reauthenticatex", "/verify-address//evil.example"] {
            assert_eq!(Next::from_query(bad).into_string(), "/dashboard", "{bad:?}");
        }
    }

    #[test]
    fn a_query_that_is_too_long_loses_no_page() {
        for (path, query, kept) in [
            ("/admin/users", Next::MAX_LENGTH, "/admin/users"),
            ("//evil.example", Next::MAX_LENGTH, "/dashboard"),
            ("/dashboard/sessions", 10, "/dashboard/sessions?qqqqqqqqqq"),
        ] {
            let next = Next::from_query(&format!("{path}?{}", "q".repeat(query)));
            assert_eq!(next.into_string(), kept);
        }
    }

    #[test]
    fn both_fields_are_named_when_both_are_wrong() {
        let error = SignInForm::default().parse().unwrap_err();
        assert!(error.at("email").is_some());
        assert!(error.at("password").is_some());
    }

    proptest! {
        #[test]
        fn next_never_panics_and_always_stays(text in any::<String>()) {
            prop_assert!(Next::from_query(&text).into_string().starts_with("/dashboard"));
        }

        #[test]
        fn v5_0_0__3_7_2__whatever_a_path_is_asked_with_it_stays_as_it_is(query in "[!\"$-~]{0,80}") {
            for path in ["/dashboard", "/dashboard/activity", "/admin/users"] {
                let whole = format!("{path}?{query}");
                let next = Next::from_query(&whole).into_string();
                let base: url::Url = "https://id.example.com".parse().unwrap();
                let read = base.join(&next).unwrap();
                prop_assert_eq!(read.origin(), base.origin());
                prop_assert_eq!(read.path(), path);
                prop_assert_eq!(next, whole);
            }
        }

        #[test]
        fn what_was_let_through_is_let_through_again(text in "/dashboard[!-~]{0,40}|/[!-~]{0,20}") {
            let once = Next::from_query(&text).into_string();
            prop_assert_eq!(Next::from_query(&once).into_string(), once);
        }

        #[test]
        fn a_form_names_each_field_that_is_wrong_and_no_other(
            email in "ada@example\\.com|\\PC{0,12}",
            password in "\\PC{0,300}|[a-z]{0,4}\0",
        ) {
            let form = SignInForm {
                email: email.clone(),
                password: password.clone().into(),
                ..SignInForm::default()
            };
            let wrong = [
                ("email", email.parse::<Email>().is_err()),
                ("password", password::check_attempt(&password.clone().into()).is_err()),
            ];
            match form.parse() {
                Ok(credentials) => {
                    prop_assert_eq!(wrong.map(|it| it.1), [false, false]);
                    prop_assert_eq!(credentials.password.expose(), password);
                    prop_assert_eq!(credentials.email, email.parse::<Email>().unwrap());
                }
                Err(error) => for (field, is_wrong) in wrong {
                    prop_assert_eq!(error.at(field).is_some(), is_wrong, "{}", field);
                },
            }
        }
    }
}
