//! Pages: the right status, one URL each, and URLs that are redirected or refused.

use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use leptos::prelude::{ArcResource, Owner};
use portcullis::site::pages;
use tokio::time::timeout;

use crate::support::features::{ADMIN_PAGES, OPEN_PAGES, PUBLIC_PAGES};
use crate::support::{ADA, TestApp};

on_both!(a_page_whose_data_fails_to_load_has_an_error_status);
async fn a_page_whose_data_fails_to_load_has_an_error_status(app: TestApp) {
    let mut browser = app.signed_in_browser(ADA).await;
    // Finding the session doesn't read this column; only the list of sessions does.
    app.run("ALTER TABLE sessions RENAME COLUMN browser TO something_else").await;
    let page = browser.get("/dashboard/sessions").await;
    assert_eq!(page.status, 500, "{}", page.text());
    assert!(page.shows("Something went wrong on our side."), "{}", page.text());
    assert!(page.shows(page.header("x-request-id")), "{}", page.text());
    assert_eq!(page.alerts(), 1);
    // The rest of the dashboard still works.
    assert!(page.shows("Overview") && page.shows("Sign out"));
    assert_eq!(browser.get("/dashboard/profile").await.status, 200);
}

/// While an app lists its routes, Leptos loads no resource in the whole process. A resource created then is
/// never loaded, and its page never completes.
#[tokio::test(flavor = "multi_thread")]
async fn v5_0_0__15_4_1__a_starting_app_does_not_block_the_resources_of_running_apps() {
    // Run the one-time initialization before any page is requested.
    drop(pages());
    let others = std::thread::spawn(|| {
        for _ in 0..1000 {
            drop(pages());
        }
    });
    let owner = Owner::new();
    while !others.is_finished() {
        let resource = owner.with(|| ArcResource::new(|| (), |()| async {}));
        timeout(Duration::from_secs(5), resource).await.expect("a resource is never loaded");
    }
    others.join().unwrap();
}

// A page rendered while it is sent would be dropped when the client disconnects, while tasks use it.
on_both!(v5_0_0__15_4_3__every_page_is_fully_rendered_before_it_is_sent);
async fn v5_0_0__15_4_3__every_page_is_fully_rendered_before_it_is_sent(app: TestApp) {
    let mut ada = app.administrator(ADA).await;
    let id = app.id_of(ADA).await;
    let mut stranger = app.browser();
    for path in PUBLIC_PAGES.iter().chain(OPEN_PAGES.iter()).copied() {
        let page = stranger.get(path).await;
        assert_eq!(page.header("content-length"), page.body.len().to_string(), "{path}");
    }
    let own = ["", "/profile", "/security", "/linked-accounts", "/sessions", "/activity"];
    let own = own.map(|it| format!("/dashboard{it}"));
    let others = ADMIN_PAGES.iter().map(|it| format!("{}?id={id}", it.0));
    for path in own.into_iter().chain(others) {
        let page = ada.get(&path).await;
        assert_eq!(page.header("content-length"), page.body.len().to_string(), "{path}");
    }
}

on_both!(query_parameters_reserved_by_leptos_are_dropped);
async fn query_parameters_reserved_by_leptos_are_dropped(app: TestApp) {
    let long = ":".repeat(12_000);
    for (asked, kept) in [
        ("/sign-in?__err=x", "/sign-in".to_owned()),
        ("/sign-in?__path=%2Fapi%2Fsign-in%2Fpassword&__err=eA", "/sign-in".to_owned()),
        ("/sign-in?next=%2Fdashboard&%5F_err=x", "/sign-in?next=%2Fdashboard".to_owned()),
        (&format!("/sign-in?a={long}&__err=x"), format!("/sign-in?a={long}")),
    ] {
        let answer = app.browser().get(asked).await;
        assert_eq!(answer.status, 303, "{asked}");
        assert_eq!(answer.location(), Some(kept));
    }
    assert_eq!(app.browser().get("/sign-in?next=%2Fdashboard&err=x").await.status, 200);
}

on_both!(v5_0_0__8_3_1__a_page_is_served_at_its_own_url_only);
async fn v5_0_0__8_3_1__a_page_is_served_at_its_own_url_only(app: TestApp) {
    let mut browser = app.signed_in_browser(ADA).await;
    for (asked, expected) in [
        ("/dashboard/", Some("/dashboard")),
        ("/dashboard/sessions//", Some("/dashboard/sessions")),
        ("/sign-in/", Some("/sign-in")),
        ("//evil.example/", None),
        ("/\\evil.example/", None),
        ("/x/../dashboard", None),
        ("/./dashboard", None),
        ("//dashboard", None),
        ("/dashboard/%73essions", None),
        ("/dashboard/sessions/x", None),
        ("/DASHBOARD", None),
    ] {
        let Ok(uri) = asked.parse::<axum::http::Uri>() else { continue };
        for browser in [&mut browser, &mut app.browser()] {
            let request = Request::get(uri.clone()).header("accept", "text/html");
            let answer = browser.send(request.body(Body::empty()).unwrap()).await;
            let status = if expected.is_some() { 308 } else { 404 };
            assert_eq!(answer.status, status, "{asked}");
            assert_eq!(answer.location().as_deref(), expected, "{asked}");
            assert!(!answer.shows("Sign out"), "no page of the app at {asked}");
        }
    }
}

on_both!(a_request_target_without_a_path_is_refused);
async fn a_request_target_without_a_path_is_refused(app: TestApp) {
    let request = Request::get("evil.example:443").header("accept", "text/html");
    let answer = app.browser().send(request.body(Body::empty()).unwrap()).await;
    assert_eq!(answer.status, 404, "{}", answer.text());
}

on_both!(an_error_page_uses_the_appearance_chosen_in_this_browser);
async fn an_error_page_uses_the_appearance_chosen_in_this_browser(app: TestApp) {
    let mut browser = app.browser();
    for (kept, shown) in [("dark", "dark"), ("light", "light"), ("\"><b>", "system")] {
        browser.cookies.insert("portcullis-appearance".to_owned(), kept.to_owned());
        let page = browser.get("/nowhere").await;
        assert_eq!(page.status, 404);
        assert!(page.text().contains(&format!("data-appearance=\"{shown}\"")), "{}", page.text());
    }
}
