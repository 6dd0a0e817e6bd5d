//! Sessions that are read, renewed, started and ended concurrently.

use std::sync::Arc;

use portcullis::error::{AccessProblem, AppError};
use portcullis::password::Credentials;
use portcullis::password::server::authenticate;
use portcullis::server::Error;
use portcullis::session::server::Session;
use portcullis::sign_in::server::{Attempt, Intent, advance};
use portcullis::social::SocialProblem;
use serde_json::json;
use tower_sessions::SessionStore as _;
use tower_sessions::session::Id;

use crate::sessions::change_password;
use crate::support::{ADA, Browser, EVE, Engine, OTHER_PASSWORD, PASSWORD, TestApp};

/// Returns the session as a request in flight holds it: read, and not yet written back.
fn in_flight(app: &TestApp, browser: &Browser) -> (Id, Session) {
    let id: Id = browser.session().unwrap().parse().unwrap();
    let store = app.app.sessions.clone();
    let inner = tower_sessions::Session::new(Some(id), Arc::new(store.clone()), None);
    (id, Session::new(inner, store))
}

on_both!(saving_from_a_request_in_flight_does_not_restore_an_ended_session);
async fn saving_from_a_request_in_flight_does_not_restore_an_ended_session(app: TestApp) {
    let mut browser = app.signed_in_browser(ADA).await;
    let (id, _) = in_flight(&app, &browser);
    let store = &app.app.sessions;
    let mut record = store.load(&id).await.unwrap().unwrap();
    browser.call("/api/sign-out", &[]).await;
    assert_eq!(app.count_sessions().await, 0);

    record.data.insert("more".to_owned(), json!(1));
    store.save(&record).await.unwrap();
    assert_eq!(app.count_sessions().await, 0);
    assert!(store.load(&id).await.unwrap().is_none());
    // A record that was read has no user id to insert, so it creates no row either.
    assert!(store.create(&mut record).await.is_err());
    assert_eq!(app.count_sessions().await, 0);
}

on_both!(rotating_from_a_request_in_flight_does_not_restore_an_ended_session);
async fn rotating_from_a_request_in_flight_does_not_restore_an_ended_session(app: TestApp) {
    let mut browser = app.signed_in_browser(ADA).await;
    let (_, session) = in_flight(&app, &browser);
    let user = session.user().await.unwrap().unwrap();
    browser.call("/api/sign-out", &[]).await;

    let mut tx = app.app.db.begin().await.unwrap();
    let refused = session.rotate(&mut tx, &user).await.unwrap_err();
    drop(tx);
    assert!(
        matches!(refused, Error::Refused(AppError::Access(AccessProblem::Unauthenticated))),
        "{refused}"
    );
    assert_eq!(app.count_sessions().await, 0);
}

on_both!(concurrent_rotations_of_one_session_leave_one_valid_cookie);
async fn concurrent_rotations_of_one_session_leave_one_valid_cookie(app: TestApp) {
    let browser = app.signed_in_browser(ADA).await;
    let (_, first) = in_flight(&app, &browser);
    let (_, second) = in_flight(&app, &browser);
    let user = first.user().await.unwrap().unwrap();
    second.user().await.unwrap().unwrap();
    let mut tx = app.app.db.begin().await.unwrap();
    let rotated = first.rotate(&mut tx, &user).await.unwrap();
    tx.commit().await.unwrap();
    let mut tx = app.app.db.begin().await.unwrap();
    assert!(second.rotate(&mut tx, &user).await.is_err());
    drop(tx);
    first.update_cookie(rotated, &user).await;
    assert_eq!(app.count_sessions().await, 1);
    assert!(first.user().await.unwrap().is_some());
}

on_both!(a_late_response_does_not_remove_the_session_cookie);
async fn a_late_response_does_not_remove_the_session_cookie(app: TestApp) {
    let mut browser = app.signed_in_browser(ADA).await;
    // A request of another tab is in flight while the session gets a new id.
    let mut other_tab = browser.clone();
    assert_eq!(change_password(&mut browser, PASSWORD, OTHER_PASSWORD).await, 200);
    assert_ne!(browser.session(), other_tab.session());

    let page = other_tab.get("/dashboard").await;
    assert_eq!(page.location().as_deref(), Some("/sign-in?next=/dashboard"));
    assert!(page.cookie("portcullis").is_none(), "{:?}", page.headers);
    let data = other_tab.call("/api/viewer", &[]).await;
    assert_eq!(data.status, 401);
    assert!(data.cookie("portcullis").is_none(), "{:?}", data.headers);
    // The flash of a refused form still arrives, and the session cookie stays.
    let page = other_tab.try_sign_in(ADA, "not the password at all").await;
    assert!(page.shows("That email and password don't match."), "{}", page.text());
    assert!(other_tab.session().is_some());
}

on_both!(v5_0_0__7_4_3__a_proof_made_with_an_old_password_starts_no_session_after_its_change);
async fn v5_0_0__7_4_3__a_proof_made_with_an_old_password_starts_no_session_after_its_change(
    app: TestApp,
) {
    let mut owner = app.signed_in_browser(ADA).await;
    let credentials =
        Credentials { email: ADA.parse().unwrap(), password: PASSWORD.to_owned().into() };
    // The thief has passed the password check when the owner changes the password.
    let thief = app.context();
    let proof = authenticate(&thief, &credentials).await.unwrap();
    assert_eq!(change_password(&mut owner, PASSWORD, OTHER_PASSWORD).await, 200);
    let refused =
        advance(&thief, Attempt::new(Intent::sign_in("", true)), proof).await.unwrap_err();
    assert!(
        matches!(refused, Error::Refused(AppError::Social(SocialProblem::Expired))),
        "{refused}"
    );
    assert_eq!(app.count_sessions().await, 1);
    assert!(thief.find_user().await.unwrap().is_none());
    assert!(owner.is_signed_in().await);
    let page = owner.visit("/dashboard/sessions").await;
    assert!(page.shows("No other browser is signed in"), "{}", page.text());
}

on_both!(v5_0_0__7_4_3__ending_all_other_sessions_also_stops_sign_ins_in_progress);
async fn v5_0_0__7_4_3__ending_all_other_sessions_also_stops_sign_ins_in_progress(app: TestApp) {
    let mut owner = app.signed_in_browser(ADA).await;
    let credentials =
        Credentials { email: ADA.parse().unwrap(), password: PASSWORD.to_owned().into() };
    let thief = app.context();
    let proof = authenticate(&thief, &credentials).await.unwrap();
    assert_eq!(owner.call("/api/sessions/end-others", &[]).await.status, 200);
    advance(&thief, Attempt::new(Intent::sign_in("", false)), proof).await.unwrap_err();
    assert!(thief.find_user().await.unwrap().is_none());
    // A new sign-in works.
    assert!(app.signed_in_browser(EVE).await.is_signed_in().await);
    app.browser().sign_in(ADA).await;
}

on_both!(v5_0_0__15_4_2__only_one_of_two_concurrent_password_changes_succeeds);
async fn v5_0_0__15_4_2__only_one_of_two_concurrent_password_changes_succeeds(engine: Engine) {
    // Hashing takes long enough for both to pass the check of the current password.
    let app = TestApp::with_settings(engine, "[password]\nmemory_kib = 32768\n").await;
    for round in 0..3 {
        let email = format!("ada{round}@example.com");
        let mut owner = app.signed_in_browser(&email).await;
        let mut thief = app.browser();
        thief.sign_in(&email).await;
        let (first, second) = tokio::join!(
            change_password(&mut owner, PASSWORD, OTHER_PASSWORD),
            change_password(&mut thief, PASSWORD, "another staple of the thief"),
        );
        let mut statuses = [first, second];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 401], "{first} {second}");
        // The first one stays signed in, and the second one is signed out.
        assert_eq!(owner.is_signed_in().await, first == 200);
        assert_eq!(thief.is_signed_in().await, second == 200);
    }
}

on_both!(concurrent_requests_each_find_their_own_session);
async fn concurrent_requests_each_find_their_own_session(engine: Engine) {
    let app = TestApp::with_settings(engine, "[limit]\nsign_up_address = \"none\"\n").await;
    let mut browsers = Vec::new();
    for n in 0..40 {
        browsers.push((n, app.signed_in_browser(&format!("user{n}@example.com")).await));
    }
    // More at once than one query looks up, with ended sessions and other users' sessions among them.
    let asking: Vec<_> = browsers
        .into_iter()
        .map(|(n, mut browser)| {
            tokio::spawn(async move {
                if n % 5 == 0 {
                    browser.call("/api/sign-out", &[]).await;
                }
                (n, browser.call("/api/viewer", &[]).await)
            })
        })
        .collect();
    for asked in asking {
        let (n, answer) = asked.await.unwrap();
        if n % 5 == 0 {
            assert_eq!(answer.status, 401);
        } else {
            assert_eq!(answer.json()["email"], format!("user{n}@example.com"));
        }
    }
}

on_both!(a_session_that_ends_during_a_password_change_stops_the_change);
async fn a_session_that_ends_during_a_password_change_stops_the_change(engine: Engine) {
    // Hashing takes long enough for the sign-out to finish first.
    let app =
        TestApp::with_settings(engine, "[password]\nmemory_kib = 131072\niterations = 2\n").await;
    let mut browser = app.signed_in_browser(ADA).await;
    let before = app.text("SELECT hash FROM passwords").await;
    let changing = {
        let mut browser = browser.clone();
        tokio::spawn(async move { change_password(&mut browser, PASSWORD, OTHER_PASSWORD).await })
    };
    tokio::time::sleep(std::time::Duration::from_millis(60)).await;
    browser.call("/api/sign-out", &[]).await;
    assert_eq!(changing.await.unwrap(), 401);
    assert_eq!(app.count_sessions().await, 0);
    assert_eq!(app.text("SELECT hash FROM passwords").await, before);
}
