//! Administrators' actions on users.

use portcullis::role::ADMINISTRATOR;
use serde_json::json;

use crate::support::{ADA, EVE, PASSWORD, TestApp};

on_both!(v5_0_0__7_4_5__a_disabled_user_is_signed_out_at_once_and_cannot_sign_in);
async fn v5_0_0__7_4_5__a_disabled_user_is_signed_out_at_once_and_cannot_sign_in(app: TestApp) {
    let mut ada = app.administrator(ADA).await;
    let mut eve = app.signed_in_browser(EVE).await;
    let path = format!("/admin/user?id={}", app.id_of(EVE).await);
    let page = ada.visit(&path).await;
    assert!(page.shows("Disable user") && page.shows(EVE), "{}", page.text());
    // The problem is shown at its field, and the typed text stays.
    for (reason, until, problem) in [
        ("", "", "Enter a reason."),
        ("spam", "2020-01-01", "Choose a date after today, or leave this field empty."),
        ("spam", "soon", "Choose a date after today, or leave this field empty."),
    ] {
        let named = app.user_fields(EVE).await;
        let fields = [
            ("id", named[0].1.as_str()),
            ("seen", &named[1].1),
            ("reason", reason),
            ("until", until),
        ];
        let page = ada.post_form("/api/admin/user/disable", &fields).await;
        assert!(page.shows(problem), "{problem}: {}", page.text());
        assert_eq!(page.value_of("until").unwrap_or_default(), until);
        assert_eq!(ada.at, path);
    }
    let named = app.user_fields(EVE).await;
    let fields =
        [("id", named[0].1.as_str()), ("seen", &named[1].1), ("reason", "spam"), ("until", "")];
    let page = ada.post_form("/api/admin/user/disable", &fields).await;
    assert!(page.shows("User disabled and signed out everywhere."), "{}", page.text());
    assert!(page.shows("Disabled because: spam"));
    assert!(!eve.is_signed_in().await);
    let page = eve.try_sign_in(EVE, PASSWORD).await;
    assert!(
        page.shows("This account is disabled. Contact an administrator of this site."),
        "{}",
        page.text()
    );
    // A wrong password does not reveal that the user is disabled.
    assert!(eve.try_sign_in(EVE, "wrong").await.shows("That email and password don't match."));
    app.mails().await;
    eve.call("/api/recovery/ask", &[("email", EVE)]).await;
    eve.call("/api/sign-in/mail", &[("email", EVE)]).await;
    assert_eq!(app.mails().await.len(), 0, "nothing leads back in");

    // If two administrators act, the second is told that the user has changed.
    let second = ada.call("/api/admin/user/delete", &fields[..2]).await;
    assert_eq!((second.status.as_u16(), second.json()), (409, json!("changed")));
    let page = ada.post_form("/api/admin/user/delete", &fields[..2]).await;
    assert!(page.shows("Another user changed this in the meantime"), "{}", page.text());

    assert_eq!(app.act_on_user(&mut ada, "enable", EVE, &[]).await.status, 200);
    eve.sign_in(EVE).await;

    // A user disabled until a day is enabled on that day.
    let until = portcullis::text::utc(app.app.clock.now() + 3 * 86400);
    let fields = [("reason", "cool down"), ("until", &until[..10])];
    assert_eq!(app.act_on_user(&mut ada, "disable", EVE, &fields).await.status, 200);
    assert!(eve.try_sign_in(EVE, PASSWORD).await.shows("This account is disabled until"));
    app.clock.advance(3 * 86400);
    eve.sign_in(EVE).await;
    let refused = "SELECT COUNT(*) FROM audit_events WHERE kind = 'sign_in_refused' \
                   AND about = 'disabled'";
    assert_eq!(app.number(refused).await, 2);
}

on_both!(v5_0_0__7_4_3__an_earlier_recovery_link_does_not_sign_a_disabled_user_in);
async fn v5_0_0__7_4_3__an_earlier_recovery_link_does_not_sign_a_disabled_user_in(app: TestApp) {
    let mut ada = app.administrator(ADA).await;
    let mut eve = app.signed_in_browser(EVE).await;
    eve.call("/api/recovery/ask", &[("email", EVE)]).await;
    let link = app.mails().await.pop().unwrap().link();
    assert_eq!(
        app.act_on_user(&mut ada, "disable", EVE, &[("reason", "spam"), ("until", "")])
            .await
            .status,
        200
    );
    // An earlier link still resets the password but does not sign in.
    eve.visit(&link).await;
    eve.call("/api/recovery/finish", &[("new_password", "another long enough one")]).await;
    let page = eve.try_sign_in(EVE, "another long enough one").await;
    assert!(page.shows("This account is disabled"), "{}", page.text());
    assert!(!eve.is_signed_in().await);
}

on_both!(a_deletion_by_an_administrator_can_be_cancelled_only_by_an_administrator);
async fn a_deletion_by_an_administrator_can_be_cancelled_only_by_an_administrator(app: TestApp) {
    let mut ada = app.administrator(ADA).await;
    let mut eve = app.signed_in_browser(EVE).await;
    app.mails().await;
    assert_eq!(app.act_on_user(&mut ada, "delete", EVE, &[]).await.status, 200);
    assert!(!eve.is_signed_in().await);
    let mail = app.mail().await;
    assert!(
        mail.text.contains("An administrator of Portcullis scheduled your account for deletion"),
        "{mail:?}"
    );
    // A second deletion changes nothing.
    assert_eq!(app.act_on_user(&mut ada, "delete", EVE, &[]).await.status, 200);
    let told = "SELECT COUNT(*) FROM mails WHERE name = 'deleted-by-administrator'";
    assert_eq!(app.number(told).await, 1);
    assert!(eve.try_sign_in(EVE, PASSWORD).await.shows("This account is disabled"));
    assert_eq!(app.number("SELECT COUNT(*) FROM users WHERE deletes_at IS NOT NULL").await, 1);
    assert_eq!(app.act_on_user(&mut ada, "restore", EVE, &[]).await.status, 200);
    eve.sign_in(EVE).await;
    // A deletion that the user asked for can be cancelled by signing in or by an administrator.
    eve.call("/api/deletion/ask", &[]).await;
    assert_eq!(app.act_on_user(&mut ada, "restore", EVE, &[]).await.status, 200);
    eve.sign_in(EVE).await;
    // When the time is over, the user is deleted for good.
    assert_eq!(app.act_on_user(&mut ada, "delete", EVE, &[]).await.status, 200);
    app.clock.advance(14 * 86400);
    portcullis::server::jobs::run_sweeps(&app.app).await;
    assert_eq!(
        app.number("SELECT COUNT(*) FROM users WHERE email_key = 'eve@example.com'").await,
        0
    );
    assert_eq!(app.number("SELECT COUNT(*) FROM audit_events WHERE kind = 'deleted'").await, 1);
}

on_both!(v5_0_0__6_4_6__an_administrator_can_send_a_password_link_without_seeing_it);
async fn v5_0_0__6_4_6__an_administrator_can_send_a_password_link_without_seeing_it(app: TestApp) {
    let mut ada = app.administrator(ADA).await;
    let mut eve = app.signed_in_browser(EVE).await;
    app.mails().await;
    let answer = app.act_on_user(&mut ada, "password-link", EVE, &[]).await;
    assert_eq!(answer.status, 200);
    assert!(!answer.text().contains("/tickets/"), "{}", answer.text());
    let mail = app.mail().await;
    assert!(mail.to.contains(EVE) && mail.text.contains("asks you to reset the password"));
    assert!(eve.is_signed_in().await, "nothing changes until it is used");
    eve.visit(&mail.link()).await;
    let answer =
        eve.call("/api/recovery/finish", &[("new_password", "another long enough one")]).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let mut again = app.browser();
    again.try_sign_in(EVE, "another long enough one").await;
    assert!(again.is_signed_in().await);
    // For a user without an email address, the administrator gets an error.
    app.run("UPDATE users SET email = NULL, email_key = NULL WHERE email_key = 'eve@example.com'")
        .await;
    let id = app.text("SELECT id FROM users WHERE email IS NULL").await;
    let answer = ada.call("/api/admin/user/password-link", &[("id", &id)]).await;
    assert_eq!((answer.status.as_u16(), answer.json()), (409, json!("no_address")));
}

on_both!(sessions_of_a_user_are_ended_one_by_one_or_all_at_once);
async fn sessions_of_a_user_are_ended_one_by_one_or_all_at_once(app: TestApp) {
    let mut ada = app.administrator(ADA).await;
    let (mut one, mut two) = (app.signed_in_browser(EVE).await, app.browser());
    two.sign_in(EVE).await;
    let person = [("id", app.id_of(EVE).await)];
    let person: Vec<_> = person.iter().map(|it| (it.0, it.1.as_str())).collect();
    let shown = ada.call("/api/admin/user", &person).await.json();
    assert_eq!(shown["sessions"].as_array().unwrap().len(), 2);
    let newest = shown["sessions"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(
        app.act_on_user(&mut ada, "end-session", EVE, &[("part", &newest)]).await.status,
        200
    );
    assert_eq!([one.is_signed_in().await, two.is_signed_in().await], [true, false]);
    // It ends no session of another user.
    let own =
        app.text("SELECT s.id FROM sessions s JOIN user_roles r ON r.user_id = s.user_id").await;
    assert_eq!(app.act_on_user(&mut ada, "end-session", EVE, &[("part", &own)]).await.status, 200);
    assert!(ada.is_signed_in().await);
    assert_eq!(app.act_on_user(&mut ada, "end-sessions", EVE, &[]).await.status, 200);
    assert!(!one.is_signed_in().await);
}

on_both!(v5_0_0__7_5_1__every_administrative_action_requires_recent_authentication);
async fn v5_0_0__7_5_1__every_administrative_action_requires_recent_authentication(app: TestApp) {
    let mut ada = app.administrator(ADA).await;
    app.signed_in_browser(EVE).await;
    app.clock.advance(601);
    let before = app.comparable_rows().await;
    for what in [
        "disable",
        "enable",
        "delete",
        "restore",
        "end-session",
        "end-sessions",
        "password-link",
        "unlink",
        "give-role",
        "take-role",
        "unlock",
        "impersonate",
    ] {
        let fields = [("reason", "x"), ("until", ""), ("part", ADMINISTRATOR)];
        let answer = app.act_on_user(&mut ada, what, EVE, &fields).await;
        assert_eq!(answer.json(), json!("reauthenticate"), "{what}");
    }
    for (path, fields) in [
        ("/api/admin/role/save", &[("id", ""), ("seen", "0"), ("name", "support")][..]),
        ("/api/admin/role/remove", &[("id", "support")]),
        ("/api/admin/invitations/invite", &[("email", "new@example.com")]),
        ("/api/admin/invitations/withdraw", &[("part", "x")]),
        ("/api/admin/limits/lift", &[("part", "password x")]),
        ("/api/admin/audit/export", &[]),
    ] {
        assert_eq!(ada.call(path, fields).await.json(), json!("reauthenticate"), "{path}");
    }
    let without_seen = |rows: Vec<String>| -> Vec<String> {
        rows.into_iter().filter(|it| !it.starts_with("sessions: ")).collect()
    };
    assert_eq!(without_seen(app.comparable_rows().await), without_seen(before));
    // Without scripts it leads to the reauthentication page, and from there back to the user.
    let path = format!("/admin/user?id={}", app.id_of(EVE).await);
    ada.visit(&path).await;
    let answer = ada.post("/api/admin/user/delete", &[("id", &path[15..])]).await;
    let to = answer.location().unwrap();
    assert!(to.starts_with("/reauthenticate?next=/admin/user"), "{to}");
    ada.visit(&to).await;
    let next = path.clone();
    let fields = [("current_password", PASSWORD), ("next", next.as_str())];
    ada.post_form("/api/reauthentication/password", &fields).await;
    assert_eq!(ada.at, path);
}
