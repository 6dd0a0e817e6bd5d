//! The export: complete according to the schema, and without secrets.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::support::app::columns;
use crate::support::{ProviderUser, Social};

/// The columns that are not exported: secrets, and those that say nothing about the user.
const WITHHELD: [(&str, &str); 38] = [
    ("users", "email_key"),
    ("users", "session_epoch"),
    ("users", "revision"),
    ("users", "notice_seq"),
    ("users", "deleted_by"),
    ("passwords", "hash"),
    ("sessions", "id_digest"),
    ("sessions", "data"),
    ("sessions", "epoch"),
    // About administrators, and about another user.
    ("sessions", "acting_as"),
    ("sessions", "acting_until"),
    ("tickets", "invited_by"),
    ("tickets", "seq"),
    ("linked_accounts", "seq"),
    ("authenticator_apps", "sealed"),
    ("authenticator_apps", "key_id"),
    ("authenticator_apps", "last_step"),
    ("authenticator_apps", "seq"),
    ("authenticator_apps", "removed_seq"),
    ("passkeys", "seq"),
    ("passkeys", "removed_seq"),
    ("trusted_browsers", "browser_digest"),
    ("recovery_codes", "digest"),
    ("recovery_codes", "seq"),
    ("recovery_codes", "removed_seq"),
    ("audit_events", "position"),
    ("audit_events", "digest"),
    ("tickets", "digest"),
    ("sign_in_attempts", "browser_digest"),
    ("sign_in_attempts", "epoch"),
    ("authorization_requests", "state_digest"),
    ("authorization_requests", "attempt_id"),
    ("authorization_requests", "sealed"),
    ("authorization_requests", "posted_digest"),
    ("authorization_requests", "posted"),
    ("mailed_sign_ins", "sealed"),
    ("mailed_sign_ins", "ticket_digest"),
    ("mails", "sealed"),
];

on_both!(an_export_contains_all_data_about_its_user_and_no_secrets);
async fn an_export_contains_all_data_about_its_user_and_no_secrets(site: Social) {
    let app = &site.app;
    let ada = "ada@example.com";
    let mut browser =
        site.signed_in_browser("idp", &ProviderUser::named("ada").with_email(ada, true)).await;
    let change = [("current_password", ""), ("new_password", "correct horse battery")];
    assert_eq!(browser.call("/api/password/change", &change).await.status, 200);
    app.browser().call("/api/sign-in/mail", &[("email", ada)]).await;
    browser.add_passkey("Laptop").await;
    let authenticator = browser.add_app(app, "Phone").await;
    let codes = browser.create_recovery_codes().await;
    app.run(
        "INSERT INTO trusted_browsers
            (id, user_id, browser_digest, address, browser, created_at, expires_at)
        SELECT 't', id, 'x', '', '', 1, 9000000000 FROM users",
    )
    .await;
    app.mails().await;
    app.signed_in_browser("eve@example.com").await;
    app.run(
        "INSERT INTO user_roles (user_id, role_id, granted_at) \
         SELECT id, 'administrator', 1 FROM users WHERE email_key = 'ada@example.com'",
    )
    .await;

    let answer = browser.post("/api/export", &[]).await;
    assert_eq!(answer.status, 200);
    assert!(answer.header("content-disposition").starts_with("attachment"), "{answer:?}");
    let export = answer.json();
    let mut named = 0;
    for (table, columns) in columns(&app.app.db).await {
        let is_withheld =
            |column: &str| WITHHELD.contains(&(&table, column)) || column == "user_id";
        let names_users = (table == "users"
            || columns.iter().any(|it| it == "user_id" || it == "attempt_id"))
            && !columns.iter().all(|it| is_withheld(it));
        let part = export.get(&table).and_then(Value::as_array);
        assert_eq!(names_users, part.is_some(), "{table}");
        let Some(part) = part else { continue };
        named += 1;
        assert!(!part.is_empty(), "{table} has something of Ada's");
        let has: BTreeSet<_> = part[0].as_object().unwrap().keys().cloned().collect();
        let wanted: BTreeSet<_> = columns.into_iter().filter(|it| !is_withheld(it)).collect();
        assert_eq!(has, wanted, "{table}");
    }
    assert!(named >= 8, "{named}");
    assert!(!answer.text().contains("eve@example.com"), "nothing of anybody else");
    for secret in codes.iter().chain([&authenticator.key]) {
        assert!(!answer.text().contains(secret.as_str()));
    }
    let secret = app.text("SELECT hash FROM passwords LIMIT 1").await;
    assert!(!answer.text().contains(&secret));
}

on_both!(an_export_omits_the_administrators_ip_address_and_browser);
async fn an_export_omits_the_administrators_ip_address_and_browser(site: Social) {
    let app = &site.app;
    let mut root = app.administrator("root@example.com").await;
    root.address = ([198, 51, 100, 9], 1).into();
    let mut eve = app.signed_in_browser("eve@example.com").await;
    let named = app.act_on_user(&mut root, "password-link", "eve@example.com", &[]).await;
    assert_eq!(named.status, 200);
    let export = eve.post("/api/export", &[]).await;
    assert!(!export.text().contains("198.51.100.9"), "{}", export.text());
    let events = export.json()["audit_events"].as_array().unwrap().clone();
    let theirs: Vec<_> = events.iter().filter(|it| it["actor"] == "administrator").collect();
    assert_eq!(theirs.len(), 1);
    assert_eq!((&theirs[0]["address"], &theirs[0]["browser"]), (&"".into(), &"".into()));
}
