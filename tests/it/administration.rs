//! An administrator's day, with scripts off, and what goes wrong in it.

use portcullis::role::ADMINISTRATOR;
use serde_json::json;

use crate::support::{ADA, EVE, Engine, PASSWORD, TestApp};

const BOB: &str = "bob@example.com";

on_both!(users_are_searched_filtered_ordered_and_paged);
async fn users_are_searched_filtered_ordered_and_paged(app: TestApp) {
    let mut ada = app.administrator(ADA).await;
    for n in 0..60 {
        let email = format!("user{n:02}.lovelace@example.org");
        app.make(&email).await;
    }
    app.run(
        "UPDATE users SET disabled_at = 1, disabled_reason = 'spam' WHERE email LIKE 'user07%'",
    )
    .await;
    app.run("UPDATE users SET deletes_at = 9999999999 WHERE email LIKE 'user08%'").await;
    let rows = |page: &crate::support::Answer| page.text().matches("/admin/user?id=").count();

    // The address in the first row.
    let first = |page: &crate::support::Answer| {
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
    assert!(page.says("First") && !page.says("Next"));

    for (query, found, shown) in [
        ("q=user07", 1, "user07"),
        ("q=LOVELACE+user1", 10, "user19"),
        ("q=ada", 1, ADA),
        ("q=nobody", 0, "Nobody is found"),
        ("state=disabled", 1, "user07"),
        ("state=deleting", 1, "user08"),
        ("role=administrator", 1, ADA),
        ("q=example.org&sort=email", 50, "user00"),
        ("q=example&sort=-email", 50, "user59"),
        ("sort=created", 50, ADA),
        ("sort=email", 50, ADA),
        // What is no SQL and no pattern finds nothing.
        ("q=%25", 50, "user59"),
        ("q=user07%27+OR+1%3D1", 0, "Nobody is found"),
    ] {
        let page = ada.visit(&format!("/admin/users?{query}")).await;
        assert_eq!((page.status.as_u16(), rows(&page)), (200, found), "{query}");
        match first(&page) {
            Some(email) => assert!(email.starts_with(shown), "{query}: {email}"),
            None => assert!(page.says(shown), "{query}"),
        }
    }
    // Unknown words: the first page, and a word about it.
    for (query, word) in [
        ("sort=shoe-size", "There is no such order"),
        ("state=asleep", "There is no such filter"),
        ("role=nobody", "There is no such filter"),
        ("after=01a21898-12ac-75d1-998d-c3619af61db9", "There is no such place"),
        ("after=%27", "There is no such place"),
    ] {
        let page = ada.visit(&format!("/admin/users?{query}")).await;
        assert_eq!((page.status.as_u16(), rows(&page)), (200, 50), "{query}");
        assert!(page.says(word), "{query}: {}", page.text());
    }
    // Keyset by address: all of them, each once.
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

on_both!(a_user_is_found_by_a_new_name_and_address_and_not_by_the_old);
async fn a_user_is_found_by_a_new_name_and_address_and_not_by_the_old(app: TestApp) {
    let mut ada = app.administrator(ADA).await;
    let mut eve = app.browser_of(EVE).await;
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
    // Words that are not there are made at the start.
    let again = app.again("").await;
    let words = "SELECT COUNT(*) FROM user_words WHERE word = 'eva'";
    let found: i64 =
        portcullis::on!(&again.db, db => sqlx::query_scalar(words).fetch_one(db).await).unwrap();
    assert_eq!(found, 1);
}

on_both!(v5_0_0__7_4_5__who_is_disabled_is_out_at_once_and_stays_out);
async fn v5_0_0__7_4_5__who_is_disabled_is_out_at_once_and_stays_out(app: TestApp) {
    let mut ada = app.administrator(ADA).await;
    let mut eve = app.browser_of(EVE).await;
    let path = format!("/admin/user?id={}", app.id_of(EVE).await);
    let page = ada.visit(&path).await;
    assert!(page.says("Disable user") && page.says(EVE), "{}", page.text());
    // What is wrong is said at its field, and what was typed is there.
    for (reason, until, problem) in [
        ("", "", "Say why, for those who look at it later."),
        ("spam", "2020-01-01", "Choose a day after today, or leave it empty."),
        ("spam", "soon", "Choose a day after today, or leave it empty."),
    ] {
        let named = app.named(EVE).await;
        let fields = [
            ("id", named[0].1.as_str()),
            ("seen", &named[1].1),
            ("reason", reason),
            ("until", until),
        ];
        let page = ada.post_form("/api/admin/user/disable", &fields).await;
        assert!(page.says(problem), "{problem}: {}", page.text());
        assert_eq!(page.value_of("until").unwrap_or_default(), until);
        assert_eq!(ada.at, path);
    }
    let named = app.named(EVE).await;
    let fields =
        [("id", named[0].1.as_str()), ("seen", &named[1].1), ("reason", "spam"), ("until", "")];
    let page = ada.post_form("/api/admin/user/disable", &fields).await;
    assert!(page.says("The user is disabled and signed out everywhere."), "{}", page.text());
    assert!(page.says("Disabled because: spam"));
    assert!(!eve.is_signed_in().await);
    let page = eve.tries(EVE, PASSWORD).await;
    assert!(page.says("This account is disabled. Ask those who run this site."), "{}", page.text());
    // A wrong password learns nothing of it.
    assert!(eve.tries(EVE, "wrong").await.says("That e-mail and password don't match."));
    app.mails().await;
    eve.call("/api/recovery/ask", &[("email", EVE)]).await;
    eve.call("/api/sign-in/mail", &[("email", EVE)]).await;
    assert_eq!(app.mails().await.len(), 0, "nothing leads back in");

    // The second of two administrators sees what changed.
    let second = ada.call("/api/admin/user/delete", &fields[..2]).await;
    assert_eq!((second.status.as_u16(), second.json()), (409, json!("changed")));
    let page = ada.post_form("/api/admin/user/delete", &fields[..2]).await;
    assert!(page.says("Somebody else changed this meanwhile"), "{}", page.text());

    assert_eq!(app.act(&mut ada, "enable", EVE, &[]).await.status, 200);
    eve.signs_in(EVE).await;

    // Until a day: then by itself.
    let until = portcullis::ui::utc(app.app.clock.now() + 3 * 86400);
    let fields = [("reason", "cool down"), ("until", &until[..10])];
    assert_eq!(app.act(&mut ada, "disable", EVE, &fields).await.status, 200);
    assert!(eve.tries(EVE, PASSWORD).await.says("This account is disabled until"));
    app.clock.advance(3 * 86400);
    eve.signs_in(EVE).await;
    let refused = "SELECT COUNT(*) FROM audit_events WHERE kind = 'sign_in_refused' \
                   AND about = 'disabled'";
    assert_eq!(app.number(refused).await, 2);
}

on_both!(v5_0_0__7_4_3__who_was_proven_before_is_kept_out_too);
async fn v5_0_0__7_4_3__who_was_proven_before_is_kept_out_too(app: TestApp) {
    let mut ada = app.administrator(ADA).await;
    let mut eve = app.browser_of(EVE).await;
    eve.call("/api/recovery/ask", &[("email", EVE)]).await;
    let link = app.mails().await.pop().unwrap().link();
    assert_eq!(
        app.act(&mut ada, "disable", EVE, &[("reason", "spam"), ("until", "")]).await.status,
        200
    );
    // A link of before chooses a password still, and lets nobody in.
    eve.visit(&link).await;
    eve.call("/api/recovery/finish", &[("new_password", "another long enough one")]).await;
    let page = eve.tries(EVE, "another long enough one").await;
    assert!(page.says("This account is disabled"), "{}", page.text());
    assert!(!eve.is_signed_in().await);
}

on_both!(who_is_deleted_by_an_administrator_comes_back_by_one_only);
async fn who_is_deleted_by_an_administrator_comes_back_by_one_only(app: TestApp) {
    let mut ada = app.administrator(ADA).await;
    let mut eve = app.browser_of(EVE).await;
    app.mails().await;
    assert_eq!(app.act(&mut ada, "delete", EVE, &[]).await.status, 200);
    assert!(!eve.is_signed_in().await);
    let mail = app.mail().await;
    assert!(mail.text.contains("An administrator of Portcullis deleted your account"), "{mail:?}");
    assert!(eve.tries(EVE, PASSWORD).await.says("This account is disabled"));
    assert_eq!(app.number("SELECT COUNT(*) FROM users WHERE deletes_at IS NOT NULL").await, 1);
    assert_eq!(app.act(&mut ada, "restore", EVE, &[]).await.status, 200);
    eve.signs_in(EVE).await;
    // One that a user asked for comes back by signing in, and by an administrator.
    eve.call("/api/deletion/ask", &[]).await;
    assert_eq!(app.act(&mut ada, "restore", EVE, &[]).await.status, 200);
    eve.signs_in(EVE).await;
    // When the time is over, it is gone for good.
    assert_eq!(app.act(&mut ada, "delete", EVE, &[]).await.status, 200);
    app.clock.advance(14 * 86400);
    portcullis::server::jobs::sweep(&app.app).await;
    assert_eq!(
        app.number("SELECT COUNT(*) FROM users WHERE email_key = 'eve@example.com'").await,
        0
    );
    assert_eq!(app.number("SELECT COUNT(*) FROM audit_events WHERE kind = 'deleted'").await, 1);
}

on_both!(v5_0_0__6_4_6__an_administrator_starts_a_new_password_and_never_knows_it);
async fn v5_0_0__6_4_6__an_administrator_starts_a_new_password_and_never_knows_it(app: TestApp) {
    let mut ada = app.administrator(ADA).await;
    let mut eve = app.browser_of(EVE).await;
    app.mails().await;
    let answer = app.act(&mut ada, "password-link", EVE, &[]).await;
    assert_eq!(answer.status, 200);
    assert!(!answer.text().contains("/tickets/"), "{}", answer.text());
    let mail = app.mail().await;
    assert!(mail.to.contains(EVE) && mail.text.contains("asks you to choose a new password"));
    assert!(eve.is_signed_in().await, "nothing changes until it is used");
    eve.visit(&mail.link()).await;
    let answer =
        eve.call("/api/recovery/finish", &[("new_password", "another long enough one")]).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let mut again = app.browser();
    again.tries(EVE, "another long enough one").await;
    assert!(again.is_signed_in().await);
    // Whom nobody can write to is told so.
    app.run("UPDATE users SET email = NULL, email_key = NULL WHERE email_key = 'eve@example.com'")
        .await;
    let id = app.text("SELECT id FROM users WHERE email IS NULL").await;
    let answer = ada.call("/api/admin/user/password-link", &[("id", &id)]).await;
    assert_eq!((answer.status.as_u16(), answer.json()), (409, json!("no_address")));
}

on_both!(sessions_of_a_user_are_ended_one_by_one_and_together);
async fn sessions_of_a_user_are_ended_one_by_one_and_together(app: TestApp) {
    let mut ada = app.administrator(ADA).await;
    let (mut one, mut two) = (app.browser_of(EVE).await, app.browser());
    two.signs_in(EVE).await;
    let person = [("id", app.id_of(EVE).await)];
    let person: Vec<_> = person.iter().map(|it| (it.0, it.1.as_str())).collect();
    let shown = ada.call("/api/admin/user", &person).await.json();
    assert_eq!(shown["sessions"].as_array().unwrap().len(), 2);
    let newest = shown["sessions"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(app.act(&mut ada, "end-session", EVE, &[("part", &newest)]).await.status, 200);
    assert_eq!([one.is_signed_in().await, two.is_signed_in().await], [true, false]);
    // Of somebody else it ends none.
    let own =
        app.text("SELECT s.id FROM sessions s JOIN user_roles r ON r.user_id = s.user_id").await;
    assert_eq!(app.act(&mut ada, "end-session", EVE, &[("part", &own)]).await.status, 200);
    assert!(ada.is_signed_in().await);
    assert_eq!(app.act(&mut ada, "end-sessions", EVE, &[]).await.status, 200);
    assert!(!one.is_signed_in().await);
}

on_both!(v5_0_0__7_5_1__each_act_asks_again_who_it_is);
async fn v5_0_0__7_5_1__each_act_asks_again_who_it_is(app: TestApp) {
    let mut ada = app.administrator(ADA).await;
    app.browser_of(EVE).await;
    app.clock.advance(601);
    let before = app.dump().await;
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
        let answer = app.act(&mut ada, what, EVE, &fields).await;
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
    assert_eq!(without_seen(app.dump().await), without_seen(before));
    // Without scripts it leads to the question, and from there back to the user.
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

on_both!(who_is_invited_with_a_role_has_it);
async fn who_is_invited_with_a_role_has_it(engine: Engine) {
    let app = TestApp::with(engine, "").await;
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
        assert!(page.says("An invitation is on its way.") && page.says(email), "{}", page.text());
    }
    let mails = app.mails().await;
    assert_eq!(mails.len(), 2);
    let bobs = app.text("SELECT id FROM tickets WHERE address = 'bob@example.com'").await;
    let page = ada.post_form("/api/admin/invitations/withdraw", &[("part", &bobs)]).await;
    assert!(page.says("The invitation is withdrawn.") && !page.says(BOB), "{}", page.text());

    let mut eve = app.browser();
    eve.visit(&mails[0].link()).await;
    eve.sign_up(EVE).await;
    eve.signs_in(EVE).await;
    assert_eq!(eve.get("/admin/users").await.status, 200);
    let given = "SELECT actor FROM audit_events WHERE kind = 'role_given' AND about = 'support'";
    assert_eq!(app.text(given).await, app.id_of(ADA).await, "who invited gave it");
    // Once: another account gets nothing by it.
    let mut bob = app.browser();
    bob.visit(&mails[1].link()).await;
    assert_eq!(bob.visit("/ticket").await.status, 410);
}

on_both!(the_audit_log_is_filtered_and_exported);
async fn the_audit_log_is_filtered_and_exported(app: TestApp) {
    let mut ada = app.administrator(ADA).await;
    app.browser_of(EVE).await;
    for _ in 0..60 {
        app.run(
            "INSERT INTO audit_events (id, at, user_id, kind, about, address, browser) \
             SELECT '00000000-0000-7000-8000-0000000' || (COUNT(*) + 10000), 1000, NULL, 'mail_given_up', '=1+1', '', '' \
             FROM audit_events",
        )
        .await;
    }
    assert_eq!(
        app.act(&mut ada, "disable", EVE, &[("reason", "spam"), ("until", "")]).await.status,
        200
    );
    let rows = |page: &crate::support::Answer| page.text().matches("<tr").count() - 1;
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
            assert!(page.says("Nothing is found"), "{query}");
        } else {
            assert_eq!(rows(&page), found, "{query}");
        }
    }
    for query in ["kind=flown", "user=nobody", "from=yesterday", "before=%27"] {
        let page = ada.visit(&format!("/admin/audit?{query}")).await;
        assert_eq!((page.status.as_u16(), rows(&page)), (200, 50), "{query}");
        assert!(page.says("There is no such"), "{query}");
    }
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
    assert!(page.says("Newest") && rows(&page) > 10, "{}", page.text());

    let all = app.number("SELECT COUNT(*) FROM audit_events").await;
    let file = ada.post("/api/admin/audit/export", &[("format", "jsonl")]).await;
    assert!(file.header("content-disposition").contains("audit.jsonl"));
    let lines: Vec<serde_json::Value> =
        file.text().lines().map(|it| serde_json::from_str(it).unwrap()).collect();
    // The export itself is written down before it is read.
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
    let app = TestApp::with(engine, "[limit]\nrecovery_address = \"2/1h\"\n").await;
    let mut ada = app.administrator(ADA).await;
    let page = ada.visit("/admin/limits").await;
    assert!(page.says("Nobody is kept waiting"), "{}", page.text());
    let mut eve = app.browser_of(EVE).await;
    eve.address = ([198, 51, 100, 9], 1).into();
    let ask = [("email", EVE)];
    for status in [200, 200, 429] {
        assert_eq!(eve.call("/api/recovery/ask", &ask).await.status, status);
    }
    for _ in 0..8 {
        app.browser().tries(EVE, "wrong").await;
    }
    let page = ada.visit("/admin/limits").await;
    assert!(page.says("recovery_address") && page.says("198.51.100.9"), "{}", page.text());
    assert!(page.says("password"));
    let lift = [("part", "recovery_address 198.51.100.9")];
    let page = ada.post_form("/api/admin/limits/lift", &lift).await;
    assert!(page.says("The limit is lifted.") && !page.says("recovery_address"), "{}", page.text());
    assert_eq!(eve.call("/api/recovery/ask", &ask).await.status, 200);
    // A user's own are lifted on their page.
    let path = format!("/admin/user?id={}", app.id_of(EVE).await);
    assert!(ada.visit(&path).await.says("Let the password be tried"));
    assert_eq!(app.act(&mut ada, "unlock", EVE, &[]).await.status, 200);
    assert!(!ada.visit(&path).await.says("Let the password be tried"));
    assert!(ada.visit("/admin/limits").await.says("Nobody is kept waiting"));
}

on_both!(what_an_administrator_is_shown_of_a_user_is_no_secret);
async fn what_an_administrator_is_shown_of_a_user_is_no_secret(app: TestApp) {
    let mut ada = app.administrator(ADA).await;
    let mut eve = app.browser_of(EVE).await;
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
            "can_be_used",
            "created_at",
            "disabled_reason",
            "email",
            "events",
            "id",
            "is_password_locked",
            "linked",
            "name",
            "now",
            "password_changed_at",
            "revision",
            "roles",
            "sessions",
            "standing",
            "verified_at"
        ]
    );
}
