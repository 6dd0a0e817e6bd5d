//! Roles: the permissions that actions require, and that there is always an administrator.

use std::sync::Arc;

use portcullis::admin::server::manage::{self, RoleChange};
use portcullis::error::AppError;
use portcullis::role::server::{self as roles, Principal, RoleDraft, lock_administrators};
use portcullis::role::{ADMINISTRATOR, AdminProblem, Grants, Permission};
use portcullis::server::Error;
use portcullis::server::feature::AccessRule;
use portcullis::user::Disabling;
use portcullis::user::server::UserId;
use serde_json::json;

use crate::support::features::PERMISSIONS;
use crate::support::{ADA, EVE, Engine, TestApp};

const BOB: &str = "bob@example.com";

/// Returns the names of all permissions but one.
fn all_but(left_out: Permission) -> Vec<&'static str> {
    let others = Permission::ALL.into_iter().filter(|it| *it != left_out);
    others.map(Permission::as_str).collect()
}

on_both!(v5_0_0__8_2_1__a_function_requires_exactly_its_permission);
async fn v5_0_0__8_2_1__a_function_requires_exactly_its_permission(app: TestApp) {
    let mut nobody = app.signed_in_browser(EVE).await;
    app.signed_in_browser(ADA).await;
    for permission in Permission::ALL {
        let name = permission.as_str().replace('.', "-");
        app.role(&format!("all-but-{name}"), &all_but(permission)).await;
        app.role(&format!("only-{name}"), &[permission.as_str()]).await;
    }
    for (path, access) in PERMISSIONS.iter() {
        let (AccessRule::Requires(permission), true) = (access, path.starts_with("/api/admin/"))
        else {
            continue;
        };
        let before = app.comparable_rows().await;
        let refused = nobody.call(path, &[]).await;
        assert_eq!((refused.status.as_u16(), refused.json()), (403, json!("forbidden")), "{path}");
        let name = permission.as_str().replace('.', "-");
        app.assign_role(EVE, &format!("all-but-{name}")).await;
        let refused = nobody.call(path, &[]).await;
        assert_eq!((refused.status.as_u16(), refused.json()), (403, json!("forbidden")), "{path}");
        app.unassign_role(EVE, &format!("all-but-{name}")).await;
        app.assign_role(EVE, &format!("only-{name}")).await;
        let answer = nobody.call(path, &[]).await;
        assert_ne!(answer.text(), "\"forbidden\"", "{path}");
        app.unassign_role(EVE, &format!("only-{name}")).await;
        let without_revision = |it: Vec<String>| -> Vec<String> {
            it.into_iter().filter(|it| !it.starts_with("users: ")).collect()
        };
        assert_eq!(
            without_revision(app.comparable_rows().await),
            without_revision(before),
            "{path}"
        );
    }
}

on_both!(v5_0_0__8_3_2__a_role_change_takes_effect_at_the_next_request_of_every_session);
async fn v5_0_0__8_3_2__a_role_change_takes_effect_at_the_next_request_of_every_session(
    app: TestApp,
) {
    let mut browsers = [app.signed_in_browser(EVE).await, app.browser(), app.browser()];
    browsers[1].sign_in(EVE).await;
    browsers[2].sign_in(EVE).await;
    app.role("support", &["users.read", "billing:read"]).await;
    for (is_given, status) in [(false, 403), (true, 200), (false, 403)] {
        if is_given {
            app.assign_role(EVE, "support").await;
        } else {
            app.unassign_role(EVE, "support").await;
        }
        for browser in &mut browsers {
            assert_eq!(browser.get("/admin/users").await.status, status);
            assert_eq!(browser.call("/api/admin/users", &[]).await.status, status);
            let page = browser.visit("/dashboard").await;
            assert_eq!(page.shows("Administration"), is_given);
        }
    }
}

on_both!(v5_0_0__8_2_2__nobody_acts_on_users_or_roles_with_more_permissions);
async fn v5_0_0__8_2_2__nobody_acts_on_users_or_roles_with_more_permissions(app: TestApp) {
    app.administrator(ADA).await;
    app.signed_in_browser(BOB).await;
    let mut support = app.signed_in_browser(EVE).await;
    app.role("support", &all_but(Permission::AuditRead)).await;
    app.assign_role(EVE, "support").await;
    let before = app.comparable_rows().await;
    for (what, more) in [
        ("disable", &[("reason", "because"), ("until", "")][..]),
        ("delete", &[]),
        ("end-sessions", &[]),
        ("password-link", &[]),
        ("impersonate", &[]),
        ("take-role", &[("part", ADMINISTRATOR)]),
        ("unlock", &[]),
    ] {
        let answer = app.act_on_user(&mut support, what, ADA, more).await;
        assert_eq!((answer.status.as_u16(), answer.json()), (403, json!("above")), "{what}");
    }
    // Nor can Eve give or create roles with permissions that she lacks.
    let answer = app.act_on_user(&mut support, "give-role", EVE, &[("part", ADMINISTRATOR)]).await;
    assert_eq!((answer.status.as_u16(), answer.json()), (403, json!("above")));
    let answer = app.act_on_user(&mut support, "give-role", BOB, &[("part", ADMINISTRATOR)]).await;
    assert_eq!(answer.json(), json!("above"));
    let role = [("id", ""), ("seen", ""), ("name", "spy"), ("about", ""), ("own[]", "audit.read")];
    let answer = support.call("/api/admin/role/save", &role).await;
    assert_eq!(answer.status, 422, "{}", answer.text());
    let mail = [("email", "new@example.com"), ("role", ADMINISTRATOR)];
    let answer = support.call("/api/admin/invitations/invite", &mail).await;
    assert_eq!(answer.json(), json!("above"));
    assert_eq!(app.comparable_rows().await, before);
    // The page offers none of these actions.
    let ada = app.id_of(ADA).await;
    let page = support.visit(&format!("/admin/user?id={ada}")).await;
    assert!(page.shows(ADA) && !page.shows("Disable user") && !page.shows("Unassign role"));
}

on_both!(there_is_always_an_administrator);
async fn there_is_always_an_administrator(app: TestApp) {
    let mut ada = app.administrator(ADA).await;
    let before = app.comparable_rows().await;
    let last = json!("last_administrator");
    for (what, more) in [
        ("disable", &[("reason", "because"), ("until", "")][..]),
        ("disable", &[("reason", "because"), ("until", "2099-01-01")]),
        ("delete", &[]),
        ("take-role", &[("part", ADMINISTRATOR)]),
    ] {
        let answer = app.act_on_user(&mut ada, what, ADA, more).await;
        assert_eq!((answer.status.as_u16(), answer.json()), (409, last.clone()), "{what}");
    }
    let answer = ada.call("/api/deletion/ask", &[]).await;
    assert_eq!((answer.status.as_u16(), answer.json()), (409, last.clone()));
    let user = UserId::from(app.id_of(ADA).await);
    assert!(manage::delete_now(&app.app, &Principal::operator(), &user).await.is_err());
    assert_eq!(app.comparable_rows().await, before);
    // The pages offer none of these actions and say why, while there is only one administrator.
    let own = format!("/admin/user?id={}", app.id_of(ADA).await);
    let why = AppError::Admin(AdminProblem::LastAdministrator).to_string();
    for (path, offers) in [(own.as_str(), "/disable"), ("/dashboard/profile", "/deletion/ask")] {
        let page = ada.visit(path).await;
        assert!(page.shows(&why) && !page.text().contains(offers), "{path}");
    }
    assert!(!ada.visit(&own).await.text().contains("/take-role"));
    // A disabled administrator does not count.
    app.administrator(EVE).await;
    for (path, offers) in [(own.as_str(), "/disable"), ("/dashboard/profile", "/deletion/ask")] {
        let page = ada.visit(path).await;
        assert!(!page.shows(&why) && page.text().contains(offers), "{path}");
    }
    assert!(ada.visit(&own).await.text().contains("/take-role"));
    let answer =
        app.act_on_user(&mut ada, "disable", EVE, &[("reason", "away"), ("until", "")]).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(
        app.act_on_user(&mut ada, "take-role", ADA, &[("part", ADMINISTRATOR)]).await.json(),
        last
    );
    let answer = app.act_on_user(&mut ada, "enable", EVE, &[]).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let answer = app.act_on_user(&mut ada, "take-role", ADA, &[("part", ADMINISTRATOR)]).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(ada.get("/admin").await.status, 403);
}

on_both!(v5_0_0__2_3_4__concurrent_departures_leave_one_administrator);
async fn v5_0_0__2_3_4__concurrent_departures_leave_one_administrator(app: TestApp) {
    let names: Vec<_> = (0..6).map(|n| format!("admin{n}@example.com")).collect();
    for name in &names {
        app.administrator(name).await;
    }
    let mut leaving = Vec::new();
    for (n, name) in names.iter().enumerate() {
        let app = Arc::clone(&app.app);
        let user = manage::find(&app, name).await.unwrap();
        leaving.push(tokio::spawn(async move {
            let by = Principal::operator();
            let away = Disabling { reason: "away".to_owned(), until: None };
            match n % 3 {
                0 => manage::disable(&app, &by, &user, None, &away).await,
                1 => manage::delete(&app, &by, &user, None).await,
                _ => {
                    let take = [ADMINISTRATOR.to_owned()];
                    let change = RoleChange { add: &[], remove: &take };
                    manage::change_roles(&app, &by, &user, None, &change).await
                }
            }
        }));
    }
    let mut gone = 0;
    for it in leaving {
        gone += usize::from(it.await.unwrap().is_ok());
    }
    assert_eq!(gone, names.len() - 1);
    let left = "SELECT COUNT(*) FROM user_roles r JOIN users u ON u.id = r.user_id \
                WHERE r.role_id = 'administrator' AND u.disabled_at IS NULL AND u.deletes_at IS NULL";
    assert_eq!(app.number(left).await, 1);
}

on_both!(v5_0_0__2_3_4__disabling_an_administrator_waits_for_a_concurrent_departure);
async fn v5_0_0__2_3_4__disabling_an_administrator_waits_for_a_concurrent_departure(app: TestApp) {
    for email in [ADA, EVE] {
        app.administrator(email).await;
    }
    let ada = manage::find(&app.app, ADA).await.unwrap();
    let mut tx = app.app.db.begin().await.unwrap();
    lock_administrators(&mut tx).await.unwrap();
    let leave = "UPDATE users SET disabled_at = 1 WHERE email_key = $1";
    tx.execute(leave, portcullis::args![EVE]).await.map(drop).unwrap();
    let server = Arc::clone(&app.app);
    let mut leaving = tokio::spawn(async move {
        let away = Disabling { reason: "away".to_owned(), until: None };
        manage::disable(&server, &Principal::operator(), &ada, None, &away).await
    });
    let soon = std::time::Duration::from_millis(300);
    assert!(tokio::time::timeout(soon, &mut leaving).await.is_err(), "it did not wait");
    tx.commit().await.unwrap();
    let refused = leaving.await.unwrap().unwrap_err();
    assert!(
        matches!(refused, Error::Refused(AppError::Admin(AdminProblem::LastAdministrator))),
        "{refused:?}"
    );
}

on_both!(a_user_without_a_verified_email_gets_no_permission);
async fn a_user_without_a_verified_email_gets_no_permission(app: TestApp) {
    let mut ada = app.administrator(ADA).await;
    app.signed_in_browser(EVE).await;
    let plain = app.role("plain", &[]).await;
    let roles =
        [app.role("billing", &["billing:read"]).await, app.role("help", &["users.read"]).await];
    for role in &roles {
        let answer = app.act_on_user(&mut ada, "give-role", EVE, &[("part", role)]).await;
        assert_eq!((answer.status.as_u16(), answer.json()), (409, json!("address_not_proven")));
    }
    // Nor later, through a role that the user already has.
    assert_eq!(app.act_on_user(&mut ada, "give-role", EVE, &[("part", &plain)]).await.status, 200);
    let grown = [("id", plain.as_str()), ("seen", "0"), ("name", "plain")];
    for more in [("permissions", "billing:read"), ("own[]", "users.read")] {
        let answer = ada.call("/api/admin/role/save", &[&grown[..], &[more]].concat()).await;
        assert_eq!(answer.status, 422, "{more:?}: {}", answer.text());
    }
    app.mark_verified(EVE).await;
    for role in &roles {
        assert_eq!(
            app.act_on_user(&mut ada, "give-role", EVE, &[("part", role)]).await.status,
            200
        );
    }
    let answer =
        ada.call("/api/admin/role/save", &[&grown[..], &[("own[]", "users.read")]].concat()).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
}

on_both!(v5_0_0__8_2_2__only_users_with_an_app_permission_can_grant_it);
async fn v5_0_0__8_2_2__only_users_with_an_app_permission_can_grant_it(app: TestApp) {
    let mut ada = app.administrator(ADA).await;
    let mut bob = app.signed_in_browser(BOB).await;
    app.create_user(EVE).await;
    app.role(
        "keeper",
        &["roles.manage", "roles.assign", "users.read", "users.invite", "billing:read"],
    )
    .await;
    app.assign_role(BOB, "keeper").await;
    let refund = app.role("refund", &["billing:refund"]).await;
    let read = app.role("read", &["billing:read"]).await;
    let before = app.comparable_rows().await;
    let new = [("id", ""), ("name", "mine"), ("permissions", "billing:read billing:refund")];
    let answer = bob.call("/api/admin/role/save", &new).await;
    assert_eq!(answer.status, 422, "{}", answer.text());
    let keeper = app.text("SELECT id FROM roles WHERE name = 'keeper'").await;
    for (id, words) in [(&keeper, "billing:refund"), (&read, "billing:refund"), (&refund, "")] {
        let fields =
            [("id", id.as_str()), ("seen", "0"), ("name", "other"), ("permissions", words)];
        let answer = bob.call("/api/admin/role/save", &fields).await;
        assert!(matches!(answer.status.as_u16(), 403 | 422), "{words}: {}", answer.text());
    }
    let above = json!("above");
    for email in [BOB, EVE] {
        let answer = app.act_on_user(&mut bob, "give-role", email, &[("part", &refund)]).await;
        assert_eq!((answer.status.as_u16(), answer.json()), (403, above.clone()), "{email}");
    }
    let answer = bob.call("/api/admin/role/remove", &[("id", &refund)]).await;
    assert_eq!(answer.json(), above);
    let mail = [("email", "new@example.com"), ("role", refund.as_str())];
    assert_eq!(bob.call("/api/admin/invitations/invite", &mail).await.json(), above);
    assert_eq!(app.comparable_rows().await, before);
    // Nor does the page offer it.
    let page = bob.visit("/admin/invitations").await;
    assert!(page.shows("read") && !page.shows("refund"), "{}", page.text());
    // Users can give the permissions that they hold, and an administrator can give all.
    let read = [("part", read.as_str())];
    assert_eq!(app.act_on_user(&mut bob, "give-role", EVE, &read).await.status, 200);
    let refund = [("part", refund.as_str())];
    assert_eq!(app.act_on_user(&mut ada, "give-role", EVE, &refund).await.status, 200);
    let answer = app.act_on_user(&mut bob, "take-role", EVE, &refund).await;
    assert_eq!(answer.json(), above);
    // An app's permissions limit which roles can be given, not which users can be helped.
    let shown = bob.visit(&format!("/admin/user?id={}", app.id_of(EVE).await)).await;
    assert_eq!(shown.status, 200);
}

on_both!(an_invitation_gives_no_role_that_its_inviter_may_no_longer_give);
async fn an_invitation_gives_no_role_that_its_inviter_may_no_longer_give(app: TestApp) {
    app.administrator(ADA).await;
    let mut bob = app.administrator(BOB).await;
    app.mails().await;
    let mail = [("email", EVE), ("role", ADMINISTRATOR)];
    assert_eq!(bob.call("/api/admin/invitations/invite", &mail).await.status, 200);
    let about = "SELECT about FROM audit_events WHERE kind = 'invited'";
    assert_eq!(app.text(about).await, "e…@example.com administrator");
    let link = app.mail().await.link();
    app.unassign_role(BOB, ADMINISTRATOR).await;
    let mut eve = app.browser();
    eve.visit(&link).await;
    eve.sign_up(EVE).await;
    eve.sign_in(EVE).await;
    assert_eq!(eve.get("/admin").await.status, 403);
    assert_eq!(app.number("SELECT COUNT(*) FROM user_roles").await, 1, "Ada's own");
}

on_both!(roles_can_be_created_changed_and_removed);
async fn roles_can_be_created_changed_and_removed(app: TestApp) {
    let mut ada = app.administrator(ADA).await;
    app.signed_in_browser(EVE).await;
    ada.at = "/admin/role".to_owned();
    let fields = [
        ("id", ""),
        ("seen", "0"),
        ("name", "support"),
        ("about", "Looks after people"),
        ("own[]", "users.read"),
        ("own[]", "users.recover"),
        ("permissions", "billing:read\r\nbilling:refund"),
    ];
    let page = ada.post_form("/api/admin/role/save", &fields).await;
    assert!(page.shows("Role created."), "{}", page.text());
    assert!(page.shows("billing:read billing:refund") || page.shows("users.read users.recover"));
    let id = app.text("SELECT id FROM roles WHERE name = 'support'").await;
    assert_eq!(app.number("SELECT COUNT(*) FROM role_permissions").await, 5);
    app.assign_role(EVE, "support").await;

    // Each problem is shown at its field, and nothing is lost.
    for (field, value, problem) in [
        ("name", "Support!", "Use 2 to 40 lowercase letters"),
        ("name", "administrator", "A role with this name already exists"),
        ("permissions", "billing", "Enter one app permission per line"),
        ("about", &"x".repeat(201), "Use one line of 200 characters"),
    ] {
        let mut wrong = fields.to_vec();
        wrong[0].1 = &id;
        wrong.retain(|it| it.0 != field);
        wrong.push((field, value));
        ada.at = format!("/admin/role?id={id}");
        let page = ada.post_form("/api/admin/role/save", &wrong).await;
        assert!(page.shows(problem), "{field} {value}: {}", page.text());
    }
    // Of two concurrent changes, the second is told that the role has changed.
    let mut first = fields.to_vec();
    first[0].1 = &id;
    assert_eq!(ada.call("/api/admin/role/save", &first).await.status, 200);
    let second = ada.call("/api/admin/role/save", &first).await;
    assert_eq!((second.status.as_u16(), second.json()), (409, json!("changed")));

    let built_in = [("id", ADMINISTRATOR), ("seen", "0"), ("name", "x-ray"), ("about", "")];
    assert_eq!(ada.call("/api/admin/role/save", &built_in).await.json(), json!("built_in_role"));
    let removed = ada.call("/api/admin/role/remove", &[("id", ADMINISTRATOR)]).await;
    assert_eq!(removed.json(), json!("built_in_role"));
    assert_eq!(ada.call("/api/admin/role/remove", &[("id", &id)]).await.status, 200);
    assert_eq!(app.number("SELECT COUNT(*) FROM user_roles").await, 1, "Ada's own");
}

on_both!(a_role_whose_users_need_a_second_factor_keeps_its_name);
async fn a_role_whose_users_need_a_second_factor_keeps_its_name(engine: Engine) {
    let settings = "[second_factor]\nrequire = \"roles\"\nroles = \"support\"\n";
    let site = TestApp::with_settings(engine, settings).await;
    let (support, other) = (site.role("support", &[]).await, site.role("other", &[]).await);
    let (app, by) = (&site.app, Principal::operator());
    let draft = |name: &str| RoleDraft {
        name: name.parse().unwrap(),
        about: "About".to_owned(),
        grants: Grants::parse(std::iter::empty()).unwrap(),
    };
    let is_refused = |it: Result<(), Error>| {
        let problem = AppError::Admin(AdminProblem::NamedBySetting);
        matches!(it, Err(Error::Refused(found)) if found == problem)
    };
    let renamed = roles::change(app, &by, &support, None, &draft("helpdesk")).await;
    assert!(is_refused(renamed));
    assert!(is_refused(roles::remove(app, &by, &support).await));
    // Its description may change, and so may other roles.
    roles::change(app, &by, &support, None, &draft("support")).await.unwrap();
    roles::change(app, &by, &other, None, &draft("helpdesk")).await.unwrap();
    roles::remove(app, &by, &other).await.unwrap();
}
