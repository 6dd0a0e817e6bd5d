//! Of two security notices, the earlier outranks the later, even if the processes' clocks disagree.

use std::time::Duration;

use portcullis::server::{Clock, jobs};

use crate::replicas::Visitor;
use crate::support::app::{Database, Folder, run_jobs};
use crate::support::process::{Server, clock_behind};
use crate::support::{
    ADA, EVE, Engine, OTHER_PASSWORD, PASSWORD, ProviderUser, ReceivedMail, Social, TestApp,
    mailbox,
};

const NOT_ME: &str = "/api/recovery/not-me";

/// How many seconds the second clock is behind.
const BEHIND: i64 = 120;

/// One or more processes on one database, each with its own clock.
struct Site {
    folder: Folder,
    database: Database,
    letters: Vec<ReceivedMail>,
}

impl Site {
    async fn start(engine: Engine) -> Self {
        let folder = Folder::new();
        let database = Database::create(engine, folder.path()).await;
        Self { folder, database, letters: Vec::new() }
    }

    /// Starts a process whose clock is behind by this many seconds.
    fn serve(&self, behind: i64) -> Server {
        let clock = clock_behind(behind);
        let mut settings = vec![
            ("PORTCULLIS_DATABASE__URL", self.database.url.as_str()),
            ("PORTCULLIS_SITE__URL", "http://localhost:1"),
            ("PORTCULLIS_LOG__FILTER", "error,portcullis::site::serve=info"),
        ];
        settings.extend(clock.iter().map(|it| (it.0, it.1.as_str())));
        Server::start(self.folder.path(), &settings)
    }

    /// Waits for the mail to this recipient with this subject.
    async fn wait_for_mail(&mut self, to: &str, subject: &str) -> ReceivedMail {
        for _ in 0..200 {
            let new = mailbox::drain_folder(&self.folder.path().join("portcullis-data/mails"));
            self.letters.extend(new);
            let at = self.letters.iter().position(|it| it.to == to && it.subject == subject);
            if let Some(at) = at {
                return self.letters.remove(at);
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("{subject:?} to {to} has not come: {:?}", self.letters);
    }
}

/// Opens a mailed link and presses its button.
async fn press_button(visitor: &mut Visitor, port: u16, link: &str, path: &str) -> Option<u16> {
    visitor.get(port, link).await;
    let ticket = visitor.json(port, "/api/ticket").await;
    let id = ticket["id"].as_str().unwrap_or_default().to_owned();
    visitor.post(port, path, &[("ticket", &id)]).await
}

/// Eve takes over Ada's session, changes the account's email address to her own and gets a notice there. Ada
/// restores the account with her earlier notice, and Eve can't undo that.
async fn check_earlier_notice_wins(engine: Engine, is_restarted: bool) {
    let mut site = Site::start(engine).await;
    let mut first = site.serve(0);
    let one = first.port;
    let mut thief = Visitor::new("http://localhost:1");
    let pair = [("email", ADA), ("password", PASSWORD)];
    assert_eq!(thief.post(one, "/api/sign-up", &pair).await, Some(200));
    assert_eq!(thief.post(one, "/api/sign-in/password", &pair).await, Some(200));
    let link = site.wait_for_mail(ADA, "Verify your email address").await.link();
    assert_eq!(press_button(&mut thief, one, &link, "/api/verification/confirm").await, Some(200));
    assert_eq!(thief.post(one, "/api/verification/change", &[("email", EVE)]).await, Some(200));
    let link = site.wait_for_mail(EVE, "Verify your new email address").await.link();
    let path = "/api/verification/finish-change";
    assert_eq!(press_button(&mut thief, one, &link, path).await, Some(200));
    let owners = site.wait_for_mail(ADA, "Your email address was changed").await;

    if is_restarted {
        first.kill();
    }
    let second = site.serve(BEHIND);
    let other = second.port;
    let fields = [("current_password", PASSWORD), ("new_password", OTHER_PASSWORD)];
    assert_eq!(thief.post(other, "/api/password/change", &fields).await, Some(200));
    let theirs = site.wait_for_mail(EVE, "Your password was changed").await;

    let mut owner = Visitor::new("http://localhost:1");
    let port = if is_restarted { other } else { one };
    assert_eq!(press_button(&mut owner, port, &owners.not_me(), NOT_ME).await, Some(200));
    site.wait_for_mail(ADA, "Reset your password").await;
    let mut thief = Visitor::new("http://localhost:1");
    assert_eq!(press_button(&mut thief, other, &theirs.not_me(), NOT_ME).await, Some(410));
    // The account is Ada's again, so the recovery mail goes to her.
    assert_eq!(owner.post(other, "/api/recovery/ask", &[("email", EVE)]).await, Some(200));
    assert_eq!(owner.post(other, "/api/recovery/ask", &[("email", ADA)]).await, Some(200));
    site.wait_for_mail(ADA, "Reset your password").await;
    assert!(site.letters.iter().all(|it| it.to != EVE), "{:?}", site.letters);
}

on_both!(v5_0_0__7_4_3__the_earlier_notice_outranks_one_from_a_process_whose_clock_is_behind);
async fn v5_0_0__7_4_3__the_earlier_notice_outranks_one_from_a_process_whose_clock_is_behind(
    engine: Engine,
) {
    check_earlier_notice_wins(engine, false).await;
}

on_both!(v5_0_0__7_4_3__the_earlier_notice_outranks_one_made_after_the_clock_was_set_back);
async fn v5_0_0__7_4_3__the_earlier_notice_outranks_one_made_after_the_clock_was_set_back(
    engine: Engine,
) {
    check_earlier_notice_wins(engine, true).await;
}

on_both!(v5_0_0__7_4_3__a_notice_unlinks_later_accounts_even_if_the_linking_clock_is_behind);
async fn v5_0_0__7_4_3__a_notice_unlinks_later_accounts_even_if_the_linking_clock_is_behind(
    engine: Engine,
) {
    let site = Social::with_settings(engine, "").await;
    let app = &site.app;
    let ada = ProviderUser::named("ada").with_email(ADA, true);
    let owner = site.signed_in_browser("idp", &ada).await;
    // Two accounts are linked before the notice, and one after it.
    let mut elsewhere = app.browser();
    site.link_account(&mut owner.clone(), "forge", &ProviderUser::named("before")).await;
    app.mails().await;
    site.sign_in(&mut elsewhere, "idp", &ada).await;
    let notice = app.mail().await;
    assert_eq!(notice.subject, "New sign-in to your account");
    let settings = site.idp.oidc("idp") + &site.forge.oauth("forge");
    let behind = app.open_with_clock(&settings, Clock::fixed(app.clock.now() - BEHIND)).await;
    let mut thief = elsewhere.with_app(&behind);
    site.link_account(&mut thief, "forge", &ProviderUser::named("after")).await;
    let linked = app.mail().await;
    assert!(linked.subject.ends_with(" account linked"), "{}", linked.subject);
    assert_eq!(site.count_linked_accounts().await, 3);

    // A "linked" notice unlinks the account that it reports, and no other.
    let mut browser = app.browser();
    browser.get(&linked.not_me()).await;
    assert_eq!(browser.call(NOT_ME, &[]).await.status, 200);
    let kept = app.text("SELECT MIN(account) || ' ' || MAX(account) FROM linked_accounts").await;
    assert_eq!((site.count_linked_accounts().await, kept.contains("after")), (2, false), "{kept}");
    // The earlier notice unlinks accounts linked after it, even if the linking process's clock was behind.
    site.link_account(
        &mut site.signed_in_browser("idp", &ada).await.with_app(&behind),
        "forge",
        &ProviderUser::named("again"),
    )
    .await;
    assert_eq!(site.count_linked_accounts().await, 3);
    browser.get(&notice.not_me()).await;
    assert_eq!(browser.call(NOT_ME, &[]).await.status, 200);
    assert_eq!(site.count_linked_accounts().await, 2);
}

on_both!(the_notice_numbers_migration_keeps_the_order_of_existing_rows);
async fn the_notice_numbers_migration_keeps_the_order_of_existing_rows(app: TestApp) {
    app.create_user(ADA).await;
    app.create_user(EVE).await;
    for sql in [
        "DELETE FROM tickets",
        "INSERT INTO tickets (id, digest, purpose, user_id, address, created_at, expires_at) \
         SELECT t.id || u.email_key, t.id || u.email_key, 'not_me', u.id, u.email, t.at, 9999999999 \
         FROM users u, (SELECT '1' AS id, 1000 AS at UNION ALL SELECT '2', 2000 \
         UNION ALL SELECT '3', 3000) t",
        "INSERT INTO linked_accounts (id, user_id, provider, issuer, subject, account, created_at) \
         SELECT t.id || u.email_key, u.id, 'idp', 'https://idp.example.com', t.id || u.email_key, \
         t.id, t.at FROM users u, (SELECT '0' AS id, 900 AS at UNION ALL SELECT '1', 950 \
         UNION ALL SELECT '2', 2500) t",
    ] {
        app.run(sql).await;
    }
    // Rows that a process of the previous version wrote rank behind all others.
    let last = app.number("SELECT MIN(seq) FROM tickets").await;
    assert_eq!((last, app.number("SELECT MIN(seq) FROM linked_accounts").await), (last, i64::MAX));
    let migration = include_str!("../../migrations/0014_notice_numbers.sql");
    for sql in migration.split(';').filter(|it| it.contains("UPDATE ")) {
        app.run(sql).await;
    }
    for (sql, expected) in [
        (
            "SELECT CAST(SUM(seq * 10 + created_at / 1000) AS BIGINT) FROM tickets",
            2 * (11 + 22 + 33),
        ),
        ("SELECT MIN(notice_seq) + MAX(notice_seq) FROM users", 6),
        // Linked before any notice, less than a minute before the first, and after the second.
        ("SELECT MAX(seq) FROM linked_accounts WHERE account = '0'", 0),
        ("SELECT MIN(seq) + MAX(seq) FROM linked_accounts WHERE account = '1'", 2),
        ("SELECT MIN(seq) + MAX(seq) FROM linked_accounts WHERE account = '2'", 4),
    ] {
        assert_eq!(app.number(sql).await, expected, "{sql}");
    }
}

on_both!(v5_0_0__6_3_7__a_notice_created_by_a_clock_that_is_ahead_works);
async fn v5_0_0__6_3_7__a_notice_created_by_a_clock_that_is_ahead_works(app: TestApp) {
    app.signed_in_browser(ADA).await;
    app.mark_verified(ADA).await;
    for (ahead, is_swept) in [(7200, false), (7200, true), (400 * 86400, true)] {
        app.mails().await;
        let wrong = app.open_ahead(ahead, "").await;
        let mut thief = app.browser().with_app(&wrong);
        thief.sign_in(ADA).await;
        let fields = [("current_password", PASSWORD), ("new_password", OTHER_PASSWORD)];
        assert_eq!(thief.call("/api/password/change", &fields).await.status, 200);
        run_jobs(&wrong).await.unwrap();
        let letters = app.mails().await;
        let notice = letters.iter().find(|it| it.subject.contains("password was changed")).unwrap();
        if is_swept {
            jobs::run_sweeps(&app.app).await;
            jobs::run_sweeps(&wrong).await;
        }
        let mut owner = app.browser();
        owner.visit(&notice.not_me()).await;
        let answer = owner.call(NOT_ME, &[]).await;
        assert_eq!(answer.status, 200, "{ahead} {is_swept}: {}", answer.text());
        let recovery = app.mails().await.pop().unwrap().link();
        owner.visit(&recovery).await;
        let fields = [("new_password", PASSWORD)];
        assert_eq!(owner.call("/api/recovery/finish", &fields).await.status, 200);
    }
}
