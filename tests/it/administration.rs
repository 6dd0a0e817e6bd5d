//! An administrator's everyday tasks without scripts, including mistakes.

use portcullis::args;
use portcullis::server::digest::digest;
use portcullis::server::limits;
use serde_json::json;

use crate::support::{ADA, EVE, Engine, TestApp};

const BOB: &str = "bob@example.com";

on_both!(users_are_searched_filtered_ordered_and_paged);
async fn users_are_searched_filtered_ordered_and_paged(app: TestApp) {
    let mut ada = app.administrator(ADA).await;
    for n in 0..60 {
        let email = format!("user{n:02}.lovelace@example.org");
        app.create_user(&email).await;
    }
    app.run(
        "UPDATE users SET disabled_at = 1, disabled_reason = 'spam' WHERE email LIKE 'user07%'",
    )
    .await;
    app.run("UPDATE users SET deletes_at = 9999999999 WHERE email LIKE 'user08%'").await;
    let rows = |page: &crate::support::TestResponse| page.text().matches("/admin/user?id=").count();

    // Returns the email address in the first row.
    let first = |page: &crate::support::TestResponse| {
        let text = page.text();
        let row = text.split("/admin/user?id=").nth(1)?;
        Some(row.split('>').nth(1)?.split('<').next()?.to_owned())
    };

    let page = ada.visit("/admin/users").await;
    assert_eq!(rows(&page), 50);
    assert_eq!(first(&page).as_deref(), Some("user59.lovelace@example.org"), "the newest first");
    let next = page.text().split("href=\"/admin/users?after=").nth(1).unwrap()[..36].to_owned();
    let page = ada.visit(&format!("/admin/users?after={next}")).await;
    assert_eq!(rows(&page), 11);
    assert_eq!(first(&page).as_deref(), Some("user09.lovelace@example.org"));
    assert!(page.shows("First") && !page.shows("Next"));

    for (query, found, shown) in [
        ("q=user07", 1, "user07"),
        ("q=LOVELACE+user1", 10, "user19"),
        ("q=ada", 1, ADA),
        ("q=nobody", 0, "No users found"),
        ("state=disabled", 1, "user07"),
        ("state=deleting", 1, "user08"),
        ("role=administrator", 1, ADA),
        ("q=example.org&sort=email", 50, "user00"),
        ("q=example&sort=-email", 50, "user59"),
        ("sort=created", 50, ADA),
        ("sort=email", 50, ADA),
        // A search text is never SQL and never a pattern.
        ("q=%25", 50, "user59"),
        ("q=user07%27+OR+1%3D1", 0, "No users found"),
    ] {
        let page = ada.visit(&format!("/admin/users?{query}")).await;
        assert_eq!((page.status.as_u16(), rows(&page)), (200, found), "{query}");
        match first(&page) {
            Some(email) => assert!(email.starts_with(shown), "{query}: {email}"),
            None => assert!(page.shows(shown), "{query}"),
        }
    }
    // Unknown values show the first page and a message.
    for (query, word) in [
        ("sort=shoe-size", "An unknown sort order was ignored"),
        ("state=asleep", "An unknown filter was ignored"),
        ("role=nobody", "An unknown filter was ignored"),
        ("after=01a21898-12ac-75d1-998d-c3619af61db9", "An unknown page was ignored"),
        ("after=%27", "An unknown page was ignored"),
    ] {
        let page = ada.visit(&format!("/admin/users?{query}")).await;
        assert_eq!((page.status.as_u16(), rows(&page)), (200, 50), "{query}");
        assert!(page.shows(word), "{query}: {}", page.text());
    }
    // Paging by email address shows each user once.
    let mut path = "/admin/users?sort=email".to_owned();
    let mut seen = Vec::new();
    loop {
        let text = ada.visit(&path).await.text();
        seen.extend(text.split("/admin/user?id=").skip(1).map(|it| it[..36].to_owned()));
        let Some(next) = text.split("href=\"/admin/users?sort=email&amp;after=").nth(1) else {
            break;
        };
        path = format!("/admin/users?sort=email&after={}", &next[..36]);
    }
    let all = seen.len();
    seen.sort();
    seen.dedup();
    assert_eq!((all, seen.len()), (61, 61));
}

on_both!(search_finds_users_by_current_name_and_email_only);
async fn search_finds_users_by_current_name_and_email_only(app: TestApp) {
    let mut ada = app.administrator(ADA).await;
    let mut eve = app.signed_in_browser(EVE).await;
    eve.call("/api/profile/display-name", &[("display_name", "Évelyn Grün")]).await;
    let mut finds = async |word: &str| {
        let list = ada.call("/api/admin/users", &[("q", word)]).await.json();
        list["users"].as_array().unwrap().iter().any(|it| it["email"] == EVE)
    };
    for word in ["eve", "évelyn", "GRÜN", "grün eve", "example.com"] {
        assert!(finds(word).await, "{word}");
    }
    eve.call("/api/profile/display-name", &[("display_name", "Eva")]).await;
    assert!(!finds("grün").await && finds("eva").await);
    app.run("DELETE FROM user_words").await;
    assert!(!finds("eva").await);
    app.app.db.close().await;
    // Missing search words are created at startup.
    let again = app.reopen("").await;
    let words = "SELECT COUNT(*) FROM user_words WHERE word = 'eva'";
    let found: i64 = again.db.scalar(words, args![]).await.unwrap();
    assert_eq!(found, 1);
}

on_both!(an_invited_user_gets_the_role_of_the_invitation);
async fn an_invited_user_gets_the_role_of_the_invitation(engine: Engine) {
    let app = TestApp::with_settings(engine, "").await;
    let mut ada = app.administrator(ADA).await;
    app.mails().await;
    let support = app.role("support", &["users.read"]).await;
    ada.at = "/admin/invitations".to_owned();
    let wrong = [("email", "nobody"), ("role", support.as_str())];
    let page = ada.post_form("/api/admin/invitations/invite", &wrong).await;
    assert!(page.problem_at("email").is_some() && page.value_of("email").unwrap() == "nobody");
    for email in [EVE, BOB] {
        let fields = [("email", email), ("role", support.as_str())];
        let page = ada.post_form("/api/admin/invitations/invite", &fields).await;
        assert!(page.shows("Invitation sent.") && page.shows(email), "{}", page.text());
    }
    let mails = app.mails().await;
    assert_eq!(mails.len(), 2);
    let bobs = app.text("SELECT id FROM tickets WHERE address = 'bob@example.com'").await;
    let page = ada.post_form("/api/admin/invitations/withdraw", &[("part", &bobs)]).await;
    assert!(page.shows("Invitation withdrawn.") && !page.shows(BOB), "{}", page.text());

    let mut eve = app.browser();
    eve.visit(&mails[0].link()).await;
    eve.sign_up(EVE).await;
    eve.sign_in(EVE).await;
    assert_eq!(eve.get("/admin/users").await.status, 200);
    let given = "SELECT actor FROM audit_events WHERE kind = 'role_given' AND about = 'support'";
    assert_eq!(app.text(given).await, app.id_of(ADA).await, "who invited gave it");
    // A withdrawn invitation no longer works.
    let mut bob = app.browser();
    bob.visit(&mails[1].link()).await;
    assert_eq!(bob.visit("/ticket").await.status, 410);
}

on_both!(the_audit_log_is_filtered_and_exported);
async fn the_audit_log_is_filtered_and_exported(app: TestApp) {
    let mut ada = app.administrator(ADA).await;
    app.signed_in_browser(EVE).await;
    for _ in 0..60 {
        app.run(
            "INSERT INTO audit_events (id, at, user_id, kind, about, address, browser) \
             SELECT '00000000-0000-7000-8000-0000000' || (COUNT(*) + 10000), 1000, NULL, 'mail_given_up', '=1+1', '', '' \
             FROM audit_events",
        )
        .await;
    }
    assert_eq!(
        app.act_on_user(&mut ada, "disable", EVE, &[("reason", "spam"), ("until", "")])
            .await
            .status,
        200
    );
    let rows = |page: &crate::support::TestResponse| page.text().matches("<tr").count() - 1;
    let ada_id = app.id_of(ADA).await;
    for (query, found) in [
        (format!("user={EVE}"), 3),
        (format!("user={}", app.id_of(EVE).await), 3),
        (format!("actor={ADA}"), 1),
        (format!("actor={ada_id}&kind=disabled"), 1),
        (format!("actor={ada_id}&kind=enabled"), 0),
        ("actor=command-line".to_owned(), 1),
        ("kind=signed_up".to_owned(), 2),
        ("until=1970-01-02".to_owned(), 50),
        ("from=1970-01-02".to_owned(), 6),
        ("from=1970-01-01&until=1970-01-01".to_owned(), 0),
    ] {
        let page = ada.visit(&format!("/admin/audit?{query}")).await;
        assert_eq!(page.status, 200);
        if found == 0 {
            assert!(page.shows("No events found"), "{query}");
        } else {
            assert_eq!(rows(&page), found, "{query}");
        }
    }
    for query in ["kind=flown", "user=nobody", "from=yesterday", "before=%27"] {
        let page = ada.visit(&format!("/admin/audit?{query}")).await;
        assert_eq!((page.status.as_u16(), rows(&page)), (200, 50), "{query}");
        assert!(page.shows("was ignored"), "{query}");
    }
    // The kind is sent as its word; the page renders it as a sentence.
    let list = ada.call("/api/admin/audit", &[("kind", "disabled")]).await.json();
    assert_eq!(list["rows"][0]["kind"], "disabled", "{list}");
    let page = ada.visit("/admin/audit").await;
    let older = page
        .text()
        .split("/admin/audit?before=")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap()
        .to_owned();
    let page = ada.visit(&format!("/admin/audit?before={older}")).await;
    assert!(page.shows("Newest") && rows(&page) > 10, "{}", page.text());

    let all = app.number("SELECT COUNT(*) FROM audit_events").await;
    let file = ada.post("/api/admin/audit/export", &[("format", "jsonl")]).await;
    assert!(file.header("content-disposition").contains("audit.jsonl"));
    let lines: Vec<serde_json::Value> =
        file.text().lines().map(|it| serde_json::from_str(it).unwrap()).collect();
    // The export is recorded before the log is read.
    assert_eq!(i64::try_from(lines.len()).unwrap(), all + 1);
    assert!(
        lines.iter().any(|it| it["kind"] == "audit_exported" && it["actor"] == ada_id.as_str())
    );
    let file =
        ada.post("/api/admin/audit/export", &[("format", "csv"), ("kind", "mail_given_up")]).await;
    let text = file.text();
    assert_eq!(
        (text.lines().count(), file.header("content-type")),
        (61, "text/csv; charset=utf-8")
    );
    assert!(text.starts_with("id,at,kind,user_id,user,actor,"), "{text}");
    assert!(text.contains(",'=1+1,"), "what a spreadsheet would run is text");
    let wrong = ada.call("/api/admin/audit/export", &[("kind", "flown")]).await;
    assert_eq!(wrong.status, 400);
}

on_both!(limits_in_force_are_shown_and_lifted);
async fn limits_in_force_are_shown_and_lifted(engine: Engine) {
    let app = TestApp::with_settings(engine, "[limit]\nrecovery_address = \"2/1h\"\n").await;
    let mut ada = app.administrator(ADA).await;
    let page = ada.visit("/admin/limits").await;
    assert!(page.shows("No active limits"), "{}", page.text());
    let mut eve = app.signed_in_browser(EVE).await;
    eve.address = ([198, 51, 100, 9], 1).into();
    let ask = [("email", EVE)];
    for status in [200, 200, 429] {
        assert_eq!(eve.call("/api/recovery/ask", &ask).await.status, status);
    }
    for _ in 0..8 {
        app.browser().try_sign_in(EVE, "wrong").await;
    }
    let page = ada.visit("/admin/limits").await;
    assert!(page.shows("recovery_address") && page.shows("198.51.100.9"), "{}", page.text());
    assert!(page.shows("password"));
    let lift = [("part", "recovery_address 198.51.100.9")];
    let page = ada.post_form("/api/admin/limits/lift", &lift).await;
    assert!(page.shows("Limit lifted.") && !page.shows("recovery_address"), "{}", page.text());
    assert_eq!(eve.call("/api/recovery/ask", &ask).await.status, 200);
    // A limit on a user is lifted on the user's page.
    let path = format!("/admin/user?id={}", app.id_of(EVE).await);
    assert!(ada.visit(&path).await.shows("Unlock sign-in"));
    assert_eq!(app.act_on_user(&mut ada, "unlock", EVE, &[]).await.status, 200);
    assert!(!ada.visit(&path).await.shows("Unlock sign-in"));
    assert!(ada.visit("/admin/limits").await.shows("No active limits"));
}

on_both!(v5_0_0__8_2_2__a_limit_of_a_user_who_outranks_the_actor_cannot_be_lifted);
async fn v5_0_0__8_2_2__a_limit_of_a_user_who_outranks_the_actor_cannot_be_lifted(app: TestApp) {
    app.administrator(ADA).await;
    let mut eve = app.signed_in_browser(EVE).await;
    app.role("lifter", &["limits.lift"]).await;
    app.assign_role(EVE, "lifter").await;
    app.create_user("bob@example.com").await;
    let (ada, bob) = (app.id_of(ADA).await, app.id_of("bob@example.com").await);
    let account = |email: &str| limits::account_subject(&email.parse().unwrap());
    let subjects = |id: &str, email| {
        [account(email), id.to_owned(), digest(id), format!("{} x", account(email))]
    };
    // A limit on a mailbox covers every spelling of its email address.
    app.administrator("r.oot@example.com").await;
    let mailbox = limits::mailbox_subject(&"root+x@example.com".parse().unwrap());
    let others = [account("nobody@example.com"), "192.0.2.9".to_owned()];
    let all = [&subjects(&ada, ADA)[..], &subjects(&bob, "bob@example.com"), &others].concat();
    // A user of lower rank shares the mailbox.
    app.create_user("r.o.o.t@example.com").await;
    app.run("DELETE FROM limits").await;
    for subject in all.iter().chain([&mailbox]) {
        let sql = "INSERT INTO password_failures VALUES ($1, 100, 0, 0)";
        app.app.db.execute(sql, args![subject]).await.map(drop).unwrap();
        let sql = "INSERT INTO limits VALUES ('resend_account', $1, 9000000000000)";
        app.app.db.execute(sql, args![subject]).await.map(drop).unwrap();
        let sql = "INSERT INTO limits VALUES ('mail_recipient', $1, 9000000000000)";
        app.app.db.execute(sql, args![subject]).await.map(drop).unwrap();
    }
    let part = format!("mail_recipient {mailbox}");
    let refused = eve.call("/api/admin/limits/lift", &[("part", &part)]).await;
    assert_eq!((refused.status.as_u16(), refused.json()), (403, json!("above")));
    let count = "SELECT (SELECT COUNT(*) FROM password_failures) + (SELECT COUNT(*) FROM limits)";
    let mut left = app.number(count).await;
    for subject in &all {
        for name in ["password", "resend_account"] {
            let part = format!("{name} {subject}");
            let answer = eve.call("/api/admin/limits/lift", &[("part", &part)]).await;
            if subjects(&ada, ADA).contains(subject) {
                assert_eq!(
                    (answer.status.as_u16(), answer.json()),
                    (403, json!("above")),
                    "{part}"
                );
            } else {
                assert_eq!(answer.status, 200, "{part}: {}", answer.text());
                left -= 1;
            }
            assert_eq!(app.number(count).await, left, "{part}");
        }
    }
    // Each event names the user whose limit was lifted.
    let events = "SELECT COUNT(*) FROM audit_events e JOIN users u ON u.id = e.user_id
        WHERE e.kind = 'limit_lifted' AND u.email = 'bob@example.com'";
    assert_eq!(app.number(events).await, 8);
    let events =
        "SELECT COUNT(*) FROM audit_events WHERE kind = 'limit_lifted' AND user_id IS NULL";
    assert_eq!(app.number(events).await, 4);
}

on_both!(v5_0_0__8_2_2__another_spelling_of_an_email_does_not_bypass_the_rank_check);
async fn v5_0_0__8_2_2__another_spelling_of_an_email_does_not_bypass_the_rank_check(app: TestApp) {
    // Created first, so that it is found first.
    app.create_user("ro.ot+x@example.com").await;
    app.administrator("root@example.com").await;
    let mut eve = app.signed_in_browser(EVE).await;
    app.role("lifter", &["limits.lift"]).await;
    app.assign_role(EVE, "lifter").await;
    app.browser().try_sign_in("root@example.com", "wrong").await;
    let part =
        format!("password {}", limits::account_subject(&"root@example.com".parse().unwrap()));
    let refused = eve.call("/api/admin/limits/lift", &[("part", &part)]).await;
    assert_eq!((refused.status.as_u16(), refused.json()), (403, json!("above")));
    assert_eq!(app.number("SELECT COUNT(*) FROM password_failures").await, 1);
}

on_both!(administration_pages_reveal_no_secrets_of_a_user);
async fn administration_pages_reveal_no_secrets_of_a_user(app: TestApp) {
    let mut ada = app.administrator(ADA).await;
    let mut eve = app.signed_in_browser(EVE).await;
    eve.call("/api/recovery/ask", &[("email", EVE)]).await;
    app.mails().await;
    let hash = app.text("SELECT hash FROM passwords LIMIT 1").await;
    let session = eve.session().unwrap();
    let id = app.id_of(EVE).await;
    for path in
        [&format!("/admin/user?id={id}"), "/admin/users", "/admin/audit", "/admin/mail", "/admin"]
    {
        let text = ada.visit(path).await.text();
        assert!(!text.contains(&hash) && !text.contains(&session), "{path}");
        assert!(!text.contains("/tickets/"), "{path}");
    }
    let person = ada.call("/api/admin/user", &[("id", &id)]).await.json();
    let mut keys: Vec<_> = person.as_object().unwrap().keys().map(String::as_str).collect();
    keys.sort_unstable();
    assert_eq!(
        keys,
        [
            "can",
            "can_be_impersonated",
            "created_at",
            "disabled_reason",
            "email",
            "events",
            "factors",
            "id",
            "is_delayed_or_locked",
            "is_only_administrator",
            "linked",
            "name",
            "now",
            "password_changed_at",
            "revision",
            "roles",
            "sessions",
            "status",
            "unused_codes",
            "verified_at"
        ]
    );
}
