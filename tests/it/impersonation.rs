//! Impersonating a user.

use portcullis::server::feature::AccessRule;
use serde_json::json;

use crate::support::app::run_jobs;
use crate::support::features::{IMPERSONATED, PERMISSIONS};
use crate::support::{ADA, EVE, Engine, TestApp};

on_both!(impersonation_shows_the_users_view_and_notifies_the_user);
async fn impersonation_shows_the_users_view_and_notifies_the_user(app: TestApp) {
    let mut ada = app.administrator(ADA).await;
    app.signed_in_browser(EVE).await;
    app.mails().await;
    let before = ada.session();
    let answer = app.act_on_user(&mut ada, "impersonate", EVE, &[]).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_ne!(ada.session(), before, "a change of privilege changes the id");
    let page = ada.visit("/dashboard").await;
    assert!(page.shows("You are impersonating") && page.shows(EVE), "{}", page.text());
    for path in ["/dashboard/profile", "/dashboard/security", "/dashboard/sessions"] {
        assert!(ada.visit(path).await.shows("You are impersonating"), "{path}");
    }
    let viewer = ada.call("/api/viewer", &[]).await.json();
    assert_eq!((viewer["email"].as_str(), &viewer["permissions"]), (Some(EVE), &json!(0)));
    let mail = app.mail().await;
    assert!(mail.to.contains(EVE) && mail.subject.contains("administrator"), "{mail:?}");

    // The event names both, and the user sees it in their activity.
    let (ada_id, eve_id) = (app.id_of(ADA).await, app.id_of(EVE).await);
    let begun = app
        .text("SELECT actor || ' ' || user_id FROM audit_events WHERE kind = 'impersonation_begun'")
        .await;
    assert_eq!(begun, format!("{ada_id} {eve_id}"));
    let mut eve = app.browser();
    eve.sign_in(EVE).await;
    let page = eve.visit("/dashboard/activity").await;
    assert!(page.shows("Impersonation started"), "{}", page.text());
    assert!(page.shows("by an administrator") && !page.shows(ADA));
    let list = eve.visit("/dashboard/sessions").await;
    assert!(!list.shows("You are impersonating"));

    let page = ada.post_form("/api/impersonation/end", &[]).await;
    assert!(page.shows("Impersonation ended."), "{}", page.text());
    assert_eq!(ada.call("/api/viewer", &[]).await.json()["email"], ADA);
    assert_eq!(ada.get("/admin").await.status, 200);
}

on_both!(an_impersonated_user_is_advised_by_their_own_factors);
async fn an_impersonated_user_is_advised_by_their_own_factors(app: TestApp) {
    let mut ada = app.administrator(ADA).await;
    app.signed_in_browser(EVE).await;
    ada.add_app(&app, "Phone").await;
    assert_eq!(app.act_on_user(&mut ada, "impersonate", EVE, &[]).await.status, 200);
    let page = ada.visit("/dashboard/security").await;
    assert!(page.shows("Add a passkey. Then a stolen password alone doesn't open your account."));
    assert!(page.shows("Add a second factor first."), "{}", page.text());
}

on_both!(v5_0_0__8_2_1__impersonation_allows_only_the_listed_endpoints);
async fn v5_0_0__8_2_1__impersonation_allows_only_the_listed_endpoints(app: TestApp) {
    let mut ada = app.administrator(ADA).await;
    app.signed_in_browser(EVE).await;
    assert_eq!(app.act_on_user(&mut ada, "impersonate", EVE, &[]).await.status, 200);
    let before = app.comparable_rows().await;
    for (path, access) in PERMISSIONS.iter() {
        if IMPERSONATED.contains(path) {
            continue;
        }
        let answer = ada.call(path, &[]).await;
        let expected = match access {
            AccessRule::AnyPermission | AccessRule::Requires(_) => json!("forbidden"),
            _ => json!("impersonating"),
        };
        assert_eq!((answer.status.as_u16(), answer.json()), (403, expected), "{path}");
    }
    assert_eq!(app.comparable_rows().await, before);
    for path in ["/admin", "/admin/users"] {
        assert_eq!(ada.get(path).await.status, 403, "{path}");
    }
    for path in IMPERSONATED.iter().filter(|it| !it.ends_with("/end")) {
        if !PERMISSIONS.contains(&(path, AccessRule::Anyone)) {
            assert_eq!(ada.call(path, &[]).await.status, 200, "{path}");
        }
    }
    // Signing out ends both the impersonation and the session. Each event belongs to its own user.
    ada.post("/api/sign-out", &[]).await;
    assert!(!ada.is_signed_in().await);
    for (kind, email) in [("impersonation_ended", EVE), ("signed_out", ADA)] {
        let sql = "SELECT user_id FROM audit_events WHERE kind = $1";
        let whose: String = app.app.db.scalar(sql, portcullis::args![kind]).await.unwrap();
        assert_eq!(whose, app.id_of(email).await, "{kind}");
    }
}

on_both!(an_unverified_user_can_be_impersonated_when_verification_is_required);
async fn an_unverified_user_can_be_impersonated_when_verification_is_required(engine: Engine) {
    let app = TestApp::with_settings(engine, "[sign_up]\nverification = \"required\"\n").await;
    app.browser().sign_up(ADA).await;
    app.browser().sign_up(EVE).await;
    app.assign_role(ADA, "administrator").await;
    let mut ada = app.browser();
    ada.sign_in(ADA).await;
    assert_eq!(app.act_on_user(&mut ada, "impersonate", EVE, &[]).await.status, 200);
    let page = ada.visit("/dashboard").await;
    assert!(page.shows("You are impersonating"), "{}", page.text());
    assert_eq!(ada.call("/api/impersonation/end", &[]).await.status, 200);
}

on_both!(impersonation_ends_after_30_minutes_or_when_it_is_no_longer_allowed);
async fn impersonation_ends_after_30_minutes_or_when_it_is_no_longer_allowed(app: TestApp) {
    let mut ada = app.administrator(ADA).await;
    app.administrator("root@example.com").await;
    app.signed_in_browser(EVE).await;
    let email = async |browser: &mut crate::support::Browser| {
        browser.call("/api/viewer", &[]).await.json()["email"].as_str().map(str::to_owned)
    };
    assert_eq!(app.act_on_user(&mut ada, "impersonate", EVE, &[]).await.status, 200);
    app.clock.advance(30 * 60 - 1);
    assert_eq!(email(&mut ada).await.as_deref(), Some(EVE));
    app.clock.advance(1);
    assert_eq!(email(&mut ada).await.as_deref(), Some(ADA), "after 30 minutes");

    // A proof that old must be renewed.
    let answer = app.act_on_user(&mut ada, "impersonate", EVE, &[]).await;
    assert_eq!(answer.json(), json!("reauthenticate"));
    let mut ada = app.browser();
    ada.sign_in(ADA).await;
    for end in ["role", "disabled", "deleted", "promoted"] {
        assert_eq!(app.act_on_user(&mut ada, "impersonate", EVE, &[]).await.status, 200, "{end}");
        assert_eq!(email(&mut ada).await.as_deref(), Some(EVE));
        let (begin, back) = match end {
            "role" => {
                app.unassign_role(ADA, "administrator").await;
                assert_eq!(email(&mut ada).await.as_deref(), Some(ADA));
                app.assign_role(ADA, "administrator").await;
                ("", "")
            }
            "disabled" => (
                "UPDATE users SET disabled_at = 1 WHERE email_key = 'eve@example.com'",
                "UPDATE users SET disabled_at = NULL",
            ),
            "deleted" => (
                "UPDATE users SET deletes_at = 9999999999 WHERE email_key = 'eve@example.com'",
                "UPDATE users SET deletes_at = NULL",
            ),
            _ => (
                "INSERT INTO user_roles (user_id, role_id, granted_at) \
                 SELECT id, 'administrator', 1 FROM users WHERE email_key = 'eve@example.com'",
                "DELETE FROM user_roles WHERE granted_at = 1",
            ),
        };
        if !begin.is_empty() {
            app.run(begin).await;
            assert_eq!(email(&mut ada).await.as_deref(), Some(ADA), "{end}");
            app.run(back).await;
        }
        ada.call("/api/impersonation/end", &[]).await;
        app.run("UPDATE sessions SET acting_as = NULL").await;
    }
}

on_both!(users_with_administrative_permissions_cannot_be_impersonated);
async fn users_with_administrative_permissions_cannot_be_impersonated(app: TestApp) {
    let mut ada = app.administrator(ADA).await;
    app.signed_in_browser(EVE).await;
    app.role("support", &["users.read"]).await;
    app.assign_role(EVE, "support").await;
    for whom in [EVE, ADA] {
        let answer = app.act_on_user(&mut ada, "impersonate", whom, &[]).await;
        assert_eq!((answer.status.as_u16(), answer.json()), (403, json!("above")), "{whom}");
    }
    let nobody = ada.call("/api/admin/user/impersonate", &[("id", "nobody")]).await;
    assert_eq!(nobody.status, 404);
}

on_both!(v5_0_0__8_2_1__a_page_that_needs_an_unlisted_endpoint_is_refused_during_impersonation);
async fn v5_0_0__8_2_1__a_page_that_needs_an_unlisted_endpoint_is_refused_during_impersonation(
    app: TestApp,
) {
    const FIELD: &str = "name=\"current_password\"";
    let mut ada = app.administrator(ADA).await;
    let mut eve = app.signed_in_browser(EVE).await;
    let own = eve.visit("/reauthenticate").await;
    assert!(own.status == 200 && own.text().contains(FIELD), "{}", own.text());
    assert_eq!(app.act_on_user(&mut ada, "impersonate", EVE, &[]).await.status, 200);
    let page = ada.visit("/reauthenticate").await;
    assert_eq!(page.status, 403);
    assert!(page.shows("You can't do this while you impersonate a user."));
    assert!(!page.text().contains(FIELD), "{}", page.text());
}

const ENDS: &str = "SELECT COUNT(*) FROM audit_events WHERE kind = 'impersonation_ended'";

/// A cause that ends an impersonation without a request from the administrator.
enum End {
    Time,
    Session,
    Permission,
    User,
}

on_both!(an_impersonation_that_ends_without_a_request_is_recorded_once);
async fn an_impersonation_that_ends_without_a_request_is_recorded_once(engine: Engine) {
    let app = TestApp::with_settings(engine, "[session]\nidle = \"20m\"\n").await;
    let mut ada = app.administrator(ADA).await;
    app.administrator("root@example.com").await;
    app.signed_in_browser(EVE).await;
    let ends = [End::Time, End::Session, End::Permission, End::User];
    for (n, end) in (1..).zip(ends) {
        ada.sign_in(ADA).await;
        assert_eq!(app.act_on_user(&mut ada, "impersonate", EVE, &[]).await.status, 200, "{n}");
        run_jobs(&app.app).await.unwrap();
        assert_eq!(app.number(ENDS).await, n - 1, "{n}: it goes on");
        match end {
            End::Time => {
                app.clock.advance(15 * 60);
                assert!(ada.is_signed_in().await);
                app.clock.advance(15 * 60);
            }
            End::Session => app.clock.advance(20 * 60),
            End::Permission => {
                app.run(
                    "UPDATE role_permissions SET permission = 'users.read' WHERE permission = '*'",
                )
                .await;
            }
            End::User => {
                app.run("DELETE FROM users WHERE email_key = 'eve@example.com'").await;
            }
        }
        run_jobs(&app.app).await.unwrap();
        assert_eq!(app.number(ENDS).await, n, "{n}: written once");
        run_jobs(&app.app).await.unwrap();
        assert_eq!(app.number(ENDS).await, n, "{n}: and not again");
        app.run("UPDATE role_permissions SET permission = '*'").await;
    }
    assert_eq!(app.number("SELECT COUNT(*) FROM impersonations").await, 0);
}

on_both!(signing_in_during_an_impersonation_ends_it_at_once);
async fn signing_in_during_an_impersonation_ends_it_at_once(app: TestApp) {
    let mut ada = app.administrator(ADA).await;
    app.signed_in_browser(EVE).await;
    assert_eq!(app.act_on_user(&mut ada, "impersonate", EVE, &[]).await.status, 200);
    ada.sign_in(EVE).await;
    assert_eq!(app.number(ENDS).await, 1);
    let named = "SELECT actor || ' ' || user_id FROM audit_events \
        WHERE kind = 'impersonation_ended'";
    let (ada_id, eve_id) = (app.id_of(ADA).await, app.id_of(EVE).await);
    assert_eq!(app.text(named).await, format!("{ada_id} {eve_id}"));
}

on_both!(v5_0_0__8_2_1__an_impersonating_administrator_cannot_verify_the_users_email);
async fn v5_0_0__8_2_1__an_impersonating_administrator_cannot_verify_the_users_email(app: TestApp) {
    let mut ada = app.administrator(ADA).await;
    app.mails().await;
    app.signed_in_browser(EVE).await;
    let link = app.mail().await.link();
    assert_eq!(app.act_on_user(&mut ada, "impersonate", EVE, &[]).await.status, 200);
    ada.visit(&link).await;
    assert_eq!(ada.call("/api/ticket", &[]).await.json()["is_owner"], false);
    let answer = ada.call("/api/verification/confirm", &[]).await;
    assert_eq!((answer.status.as_u16(), answer.json()), (403, json!("impersonating")));
    let verified = "SELECT COUNT(email_verified_at) FROM users WHERE email_key = 'eve@example.com'";
    assert_eq!(app.number(verified).await, 0);
}
