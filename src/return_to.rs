//! The page to open when a flow is done.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::paths::UNVERIFIED_PAGES;

/// The page to open when a flow is done, always on this site.
///
/// Rows store it under the name of its variant. A target outside this site, such as the client of
/// an authorization request, must become a variant that holds a sealed reference: a URL of another
/// site is never read from a query.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReturnTo {
    /// A page of this site, with its query.
    Page(PagePath),
}

/// The path of a page of this site, with any query and without a fragment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PagePath(String);

impl PagePath {
    /// The maximum length in bytes.
    pub const MAX_LENGTH: usize = 2048;
}

/// The error for a text that is not a page to return to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAPage;

impl std::fmt::Display for NotAPage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("not a page of this site")
    }
}

impl ReturnTo {
    /// Returns the dashboard as the page to open.
    #[must_use]
    pub fn dashboard() -> Self {
        Self::Page(PagePath("/dashboard".to_owned()))
    }

    /// Reads the parameter `next` of a form or URL. Anything that is not a page of this site
    /// becomes the dashboard. If the path is too long with its query, only the page is kept:
    /// proxies don't pass on headers longer than a page of memory.
    #[must_use]
    pub fn from_query(text: &str) -> Self {
        let page = text.split('?').next().unwrap_or_default();
        let path = text.parse().or_else(|NotAPage| match text.len() {
            0..=PagePath::MAX_LENGTH => Err(NotAPage),
            _ => page.parse(),
        });
        path.map_or_else(|NotAPage| Self::dashboard(), Self::Page)
    }

    /// Returns the path to which to send the browser.
    #[must_use]
    pub fn path(&self) -> &str {
        let Self::Page(PagePath(path)) = self;
        path
    }
}

impl FromStr for PagePath {
    type Err = NotAPage;

    /// Accepts `/dashboard`, `/admin` and paths below them, and the pages for users whose email
    /// address is not verified, with any query and without a fragment. A browser reads `//host`,
    /// `/\host` and `/<tab>/host` as a URL of another site (WHATWG URL, section 4.4), so the
    /// characters that allow this are refused anywhere in the path. After the question mark, no
    /// character leads elsewhere.
    fn from_str(text: &str) -> Result<Self, NotAPage> {
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
            Err(NotAPage)
        }
    }
}

impl TryFrom<String> for PagePath {
    type Error = NotAPage;

    fn try_from(text: String) -> Result<Self, NotAPage> {
        text.parse()
    }
}

impl From<PagePath> for String {
    fn from(PagePath(path): PagePath) -> Self {
        path
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn address(text: &str) -> String {
        ReturnTo::from_query(text).path().to_owned()
    }

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
            assert_eq!(address(bad), "/dashboard", "{bad:?}");
        }
        for good in [
            "/dashboard/sessions",
            "/admin/audit?q=1",
            "/verify-address",
            "/reauthenticate?next=/dashboard/password",
        ] {
            assert_eq!(address(good), good);
        }
        for bad in ["/verify-address/x", "/reauthenticatex", "/verify-address//evil.example"] {
            assert_eq!(address(bad), "/dashboard", "{bad:?}");
        }
    }

    #[test]
    fn a_query_that_is_too_long_is_dropped_and_the_page_stays() {
        for (path, query, kept) in [
            ("/admin/users", PagePath::MAX_LENGTH, "/admin/users"),
            ("//evil.example", PagePath::MAX_LENGTH, "/dashboard"),
            ("/dashboard/sessions", 10, "/dashboard/sessions?qqqqqqqqqq"),
        ] {
            assert_eq!(address(&format!("{path}?{}", "q".repeat(query))), kept);
        }
    }

    #[test]
    fn v5_0_0__3_7_2__a_stored_target_is_checked_again() {
        let stored = serde_json::to_string(&ReturnTo::from_query("/admin?x=1")).unwrap();
        assert_eq!(stored, r#"{"page":"/admin?x=1"}"#);
        assert_eq!(serde_json::from_str::<ReturnTo>(&stored).unwrap().path(), "/admin?x=1");
        for bad in [r#"{"page":"//evil.example"}"#, r#"{"site":"/admin"}"#, r#""/admin""#] {
            assert!(serde_json::from_str::<ReturnTo>(bad).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn any_text_leads_to_a_page_of_this_site(text in any::<String>()) {
            prop_assert!(address(&text).starts_with("/dashboard"));
        }

        #[test]
        fn v5_0_0__3_7_2__the_query_of_a_page_is_never_changed(query in "[!\"$-~]{0,80}") {
            for path in ["/dashboard", "/dashboard/activity", "/admin/users"] {
                let whole = format!("{path}?{query}");
                let next = address(&whole);
                let base: url::Url = "https://id.example.com".parse().unwrap();
                let read = base.join(&next).unwrap();
                prop_assert_eq!(read.origin(), base.origin());
                prop_assert_eq!(read.path(), path);
                prop_assert_eq!(next, whole);
            }
        }

        #[test]
        fn reading_a_return_path_is_idempotent(text in "/dashboard[!-~]{0,40}|/[!-~]{0,20}") {
            let once = address(&text);
            prop_assert_eq!(address(&once), once);
        }
    }
}
