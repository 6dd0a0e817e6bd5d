//! Permissions: the tables match what the server really serves.

use std::collections::BTreeSet;

use axum::http::Method;
use leptos::server_fn::axum::server_fn_paths;
use portcullis::admin::log::EXPORT_PATH;
use portcullis::cli::COMMANDS;
use portcullis::export;
use portcullis::paths::{RECOVERY_CODES_PAGE, SECOND_FACTOR_PAGE};
use portcullis::return_to::ReturnTo;
use portcullis::role::Permission;
use portcullis::server::feature::{AccessRule, Audience};
use portcullis::site::FEATURES;
use portcullis::site::pages;
use serde_json::json;

use crate::support::features::{
    ADMIN_PAGES, OPEN_PAGES, PERMISSIONS, PUBLIC_PAGES, UNVERIFIED_PAGES,
};
use crate::support::social::FINISH;
use crate::support::{ADA, TestApp};

on_both!(v5_0_0__8_2_1__every_server_function_is_in_the_permissions_table);
async fn v5_0_0__8_2_1__every_server_function_is_in_the_permissions_table(_: TestApp) {
    let mut registered: BTreeSet<_> = server_fn_paths().map(|(path, _)| path).collect();
    // Downloads are not server functions.
    registered.insert(export::PATH);
    registered.insert(EXPORT_PATH);
    let listed: BTreeSet<_> = PERMISSIONS.iter().map(|(path, _)| *path).collect();
    assert_eq!(registered, listed);
    assert_eq!(listed.len(), PERMISSIONS.len(), "each once");
    assert!(registered.len() >= 15, "they are linked in");
    for (path, method) in server_fn_paths() {
        assert_eq!(method, Method::POST, "{path}");
        assert!(path.starts_with("/api/"), "{path}");
    }
}

on_both!(v5_0_0__8_3_1__functions_that_require_a_user_refuse_signed_out_visitors);
async fn v5_0_0__8_3_1__functions_that_require_a_user_refuse_signed_out_visitors(app: TestApp) {
    let before = app.comparable_rows().await;
    for (path, access) in PERMISSIONS.iter() {
        let answer = app.browser().call(path, &[]).await;
        let is_refused = answer.status == 401 && answer.json() == json!("unauthenticated");
        assert_eq!(is_refused, *access != AccessRule::Anyone, "{path}: {}", answer.text());
        let mut browser = app.browser();
        browser.at = String::new();
        let posted = browser.post(path, &[]).await;
        let to = posted.location().unwrap_or_default();
        assert_eq!(
            to.starts_with("/sign-in?next=/"),
            *access != AccessRule::Anyone,
            "{path}: {to}"
        );
    }
    assert_eq!(app.comparable_rows().await, before);
}

on_both!(functions_for_signed_in_users_accept_them);
async fn functions_for_signed_in_users_accept_them(app: TestApp) {
    app.browser().sign_up(ADA).await;
    let is_for_all =
        |access: &AccessRule| matches!(access, AccessRule::SignedIn | AccessRule::MaybeUnverified);
    for (path, _) in PERMISSIONS.iter().filter(|(_, access)| is_for_all(access)) {
        let mut browser = app.browser();
        browser.sign_in(ADA).await;
        let answer = browser.call(path, &[]).await;
        assert!(!matches!(answer.status.as_u16(), 401 | 403 | 500..), "{path}: {}", answer.text());
    }
}

/// Returns every path behind the guard, as the router prints itself. Asking Leptos would compile every page a
/// second time.
fn paths() -> BTreeSet<String> {
    let text = format!("{:?}", pages());
    let quoted = text.split('"').skip(1).step_by(2);
    quoted
        .filter(|it| it.starts_with('/') && !it.contains("__private"))
        // Leptos also routes each path with a slash at its end, which is not found (`page::not_found`).
        .filter(|it| *it == "/" || !it.ends_with('/'))
        .map(str::to_owned)
        .collect()
}

on_both!(every_page_except_the_public_ones_requires_signing_in);
async fn every_page_except_the_public_ones_requires_signing_in(app: TestApp) {
    let mut pages = paths();
    for (path, _) in PERMISSIONS.iter() {
        assert!(pages.remove(*path), "{path} is served");
    }
    assert!(pages.remove("/social/{provider}/callback"));
    assert!(pages.remove("/tickets/{ticket}"));
    assert!(pages.len() >= 8, "{pages:?}");
    let mut browser = app.signed_in_browser(ADA).await;
    for path in &pages {
        let answer = app.browser().get(path).await;
        if OPEN_PAGES.contains(&path.as_str()) {
            // The browser has no ticket.
            assert_eq!((answer.status.as_u16(), answer.alerts()), (410, 0), "{path}");
        } else if path == FINISH {
            assert_eq!((answer.status.as_u16(), answer.alerts()), (422, 1), "no sign-up waits");
            assert_eq!(browser.get(path).await.location().as_deref(), Some("/dashboard"));
        } else if PUBLIC_PAGES.contains(&path.as_str()) {
            assert_eq!(answer.status, 200, "{path}");
        } else if path == SECOND_FACTOR_PAGE {
            assert_eq!(answer.location().as_deref(), Some("/sign-in"), "no sign-in waits");
            assert_eq!(browser.get(path).await.location().as_deref(), Some("/dashboard"));
        } else {
            let expected = format!("/sign-in?next={path}");
            assert_eq!(answer.location(), Some(expected), "{path}");
            assert_eq!(answer.status, 303);
            let page = browser.get(path).await;
            if ADMIN_PAGES.iter().any(|(page, _)| page == path) {
                assert_eq!(page.status, 403, "{path}");
                continue;
            }
            // A user without a second factor needs no recovery codes.
            let expected = if path == RECOVERY_CODES_PAGE { (409, 1) } else { (200, 0) };
            assert_eq!((page.status.as_u16(), page.alerts()), expected, "{path}");
            assert!(page.text().contains("<h1"), "{path}");
        }
    }
    for path in PUBLIC_PAGES.iter().chain(OPEN_PAGES.iter()).chain(UNVERIFIED_PAGES.iter()) {
        assert!(pages.contains(*path), "{path} is a page");
    }
    // Every administration page is registered with its permission, and is served.
    let listed: BTreeSet<_> = ADMIN_PAGES.iter().map(|(page, _)| (*page).to_owned()).collect();
    let served: BTreeSet<_> = pages.iter().filter(|it| it.starts_with("/admin")).cloned().collect();
    assert_eq!(listed, served);
    let mut root = app.administrator("root@example.com").await;
    for (path, _) in ADMIN_PAGES.iter().filter(|(path, _)| *path != "/admin/user") {
        let page = root.get(path).await;
        assert_eq!((page.status.as_u16(), page.alerts()), (200, 0), "{path}: {}", page.text());
    }
    let path = format!("/admin/user?id={}", app.id_of(ADA).await);
    assert_eq!(root.get(&path).await.status, 200);
    assert_eq!(root.get("/admin/user").await.status, 404);
}

on_both!(v5_0_0__15_3_1__a_response_contains_only_what_its_page_shows);
async fn v5_0_0__15_3_1__a_response_contains_only_what_its_page_shows(app: TestApp) {
    let mut browser = app.signed_in_browser(ADA).await;
    for (path, expected) in [
        (
            "/api/viewer",
            &[
                "display_name",
                "email",
                "email_verified",
                "has_password",
                "impersonated_until",
                "is_only_administrator",
                "permissions",
            ][..],
        ),
        (
            "/api/overview",
            &[
                "email",
                "linked_accounts",
                "name",
                "now",
                "password_changed_at",
                "sessions",
                "signed_in_at",
            ],
        ),
        ("/api/linked-accounts", &["linked", "now", "providers", "removable"]),
        ("/api/sessions", &["now", "sessions", "trusted"]),
    ] {
        let answer = browser.call(path, &[]).await.json();
        let mut keys: Vec<_> = answer.as_object().unwrap().keys().map(String::as_str).collect();
        keys.sort_unstable();
        assert_eq!(keys, expected, "{path}");
    }
    let sessions = browser.call("/api/sessions", &[]).await.json();
    let mut keys: Vec<_> = sessions["sessions"][0].as_object().unwrap().keys().collect();
    keys.sort();
    let expected = [
        "address",
        "browser",
        "created_at",
        "id",
        "is_this_browser",
        "methods",
        "seen_at",
        "system",
    ];
    assert_eq!(keys, expected);
}

fn rule_label(access: AccessRule) -> String {
    match access {
        AccessRule::Anyone => "anybody".to_owned(),
        AccessRule::SignedIn => "signed in".to_owned(),
        AccessRule::MaybeUnverified => "signed in, email verified or not".to_owned(),
        AccessRule::AnyPermission => "any permission".to_owned(),
        AccessRule::Requires(permission) => format!("`{}`", permission.as_str()),
    }
}

#[test]
fn v5_0_0__8_1_1__the_permissions_document_matches_the_tables() {
    let document = std::fs::read_to_string("docs/permissions.md").unwrap();
    let mut wanted: Vec<String> =
        Permission::ALL.iter().map(|it| format!("| `{}` | {it} |", it.as_str())).collect();
    wanted.extend(ADMIN_PAGES.iter().map(|(page, permission)| {
        let access = permission.map_or(AccessRule::AnyPermission, AccessRule::Requires);
        format!("| `{page}` | {} |", rule_label(access))
    }));
    wanted.extend(
        PERMISSIONS.iter().map(|(path, access)| format!("| `{path}` | {} |", rule_label(*access))),
    );
    let rows: Vec<_> = document.lines().filter(|it| it.starts_with("| `")).collect();
    assert_eq!(rows, wanted);
    let commands: Vec<_> =
        document.lines().filter_map(|it| it.strip_prefix("- `portcullis ")).collect();
    let listed: Vec<_> = COMMANDS.iter().map(|it| format!("{it}`")).collect();
    assert_eq!(commands, listed);
}

#[test]
fn v5_0_0__3_7_2__every_page_for_users_is_a_return_target_and_no_other_page_is() {
    for page in FEATURES.pages() {
        let is_of_users = matches!(page.audience, Audience::Users(_));
        let led_to = ReturnTo::from_query(page.path).path().to_owned();
        assert_eq!(led_to == page.path, is_of_users, "{}", page.path);
    }
}
