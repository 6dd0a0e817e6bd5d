//! The chain over the audit log.

use std::sync::Arc;

use portcullis::audit::server::chain::{self, Mark};
use portcullis::audit::server::verify::{self, Fault, KeptEnds, Verdict};
use portcullis::server::{App, Db, jobs};

use crate::support::{ADA, EVE, Engine, TestApp};

/// Causes some events and seals them.
async fn record_events(app: &TestApp) {
    app.signed_in_browser(ADA).await;
    app.signed_in_browser(EVE).await;
    for _ in 0..3 {
        app.browser().try_sign_in(ADA, "wrong").await;
    }
    chain::seal(&app.app).await.unwrap();
}

async fn verify(app: &TestApp) -> Verdict {
    verify::verify(&app.app, None, |_, _| ()).await.unwrap()
}

async fn verify_against(app: &App, kept: &KeptEnds) -> Verdict {
    verify::verify(app, Some(kept), |_, _| ()).await.unwrap()
}

/// Returns the position and the kind of the first fault.
async fn fault(app: &TestApp) -> Option<(i64, Fault)> {
    verify(app).await.broken.map(|it| (it.position, it.what))
}

on_both!(v5_0_0__16_4_2__a_changed_event_is_reported);
async fn v5_0_0__16_4_2__a_changed_event_is_reported(app: TestApp) {
    record_events(&app).await;
    let whole = verify(&app).await;
    assert_eq!((whole.broken.clone(), whole.unsealed), (None, 0));
    assert!(whole.checked >= 7 && whole.head.position == whole.checked, "{whole:?}");
    // Changes each column, then restores it.
    for (change, back) in [
        (
            "UPDATE audit_events SET about = 'x' || about WHERE position = 3",
            "UPDATE audit_events SET about = SUBSTR(about, 2) WHERE position = 3",
        ),
        (
            "UPDATE audit_events SET at = at + 1 WHERE position = 3",
            "UPDATE audit_events SET at = at - 1 WHERE position = 3",
        ),
        (
            "UPDATE audit_events SET kind = 'x' || kind WHERE position = 3",
            "UPDATE audit_events SET kind = SUBSTR(kind, 2) WHERE position = 3",
        ),
        (
            "UPDATE audit_events SET user_id = 'x' || user_id WHERE position = 3",
            "UPDATE audit_events SET user_id = SUBSTR(user_id, 2) WHERE position = 3",
        ),
        (
            "UPDATE audit_events SET address = 'x' || address WHERE position = 3",
            "UPDATE audit_events SET address = SUBSTR(address, 2) WHERE position = 3",
        ),
        (
            "UPDATE audit_events SET browser = 'x' || browser WHERE position = 3",
            "UPDATE audit_events SET browser = SUBSTR(browser, 2) WHERE position = 3",
        ),
        (
            "UPDATE audit_events SET actor = 'x' || actor WHERE position = 3",
            "UPDATE audit_events SET actor = SUBSTR(actor, 2) WHERE position = 3",
        ),
        (
            "UPDATE audit_events SET digest = 'x' || digest WHERE position = 3",
            "UPDATE audit_events SET digest = SUBSTR(digest, 2) WHERE position = 3",
        ),
    ] {
        app.run(change).await;
        let broken = verify(&app).await.broken.unwrap();
        assert_eq!((broken.position, broken.what), (3, Fault::Changed), "{change}");
        assert!(broken.event_id.is_some());
        app.run(back).await;
        assert_eq!(verify(&app).await.broken, None, "{back}");
    }
}

on_both!(v5_0_0__16_4_2__a_deleted_event_is_reported);
async fn v5_0_0__16_4_2__a_deleted_event_is_reported(app: TestApp) {
    record_events(&app).await;
    let head = verify(&app).await.head;
    // The last event: no later one reveals the gap.
    app.run("DELETE FROM audit_events WHERE position = (SELECT MAX(position) FROM audit_events)")
        .await;
    let broken = verify(&app).await.broken.unwrap();
    assert_eq!((broken.position, broken.what), (head.position, Fault::Missing));
    assert_eq!(broken.event_id, None);
    app.run("DELETE FROM audit_events WHERE position = 4").await;
    assert_eq!(verify(&app).await.broken.unwrap().position, 4);
    app.run("DELETE FROM audit_events WHERE position = 1").await;
    assert_eq!(verify(&app).await.broken.unwrap().position, 1);
}

on_both!(v5_0_0__16_4_2__a_chain_that_does_not_end_at_its_head_is_reported);
async fn v5_0_0__16_4_2__a_chain_that_does_not_end_at_its_head_is_reported(app: TestApp) {
    record_events(&app).await;
    let head = verify(&app).await.head;
    app.run(
        "UPDATE audit_chain SET position = position - 1, digest = (SELECT digest FROM audit_events \
         WHERE audit_events.position = audit_chain.position - 1) WHERE mark = 'head'",
    )
    .await;
    let broken = verify(&app).await.broken.unwrap();
    assert_eq!((broken.position, broken.what), (head.position, Fault::OtherHead));
    // A head with the right position but another digest is no better.
    app.run("UPDATE audit_chain SET position = position + 1 WHERE mark = 'head'").await;
    let broken = verify(&app).await.broken.unwrap();
    assert_eq!((broken.position, broken.what), (head.position, Fault::OtherHead));
}

on_both!(a_rebuilt_chain_does_not_match_a_head_saved_earlier);
async fn a_rebuilt_chain_does_not_match_a_head_saved_earlier(app: TestApp) {
    record_events(&app).await;
    let kept = verify(&app).await.head;
    app.browser().try_sign_in(ADA, "wrong").await;
    chain::seal(&app.app).await.unwrap();
    let verdict = verify_against(&app.app, &kept.clone().into()).await;
    assert_eq!(verdict.broken, None, "it goes on after what was kept");
    // An attacker who can write everything builds a whole new chain.
    app.run("UPDATE audit_events SET about = 'nothing' WHERE position = 2").await;
    app.run("UPDATE audit_events SET position = NULL, digest = NULL").await;
    app.run("UPDATE audit_chain SET position = 0, digest = ''").await;
    app.run("DELETE FROM audit_days").await;
    chain::seal(&app.app).await.unwrap();
    assert_eq!(verify(&app).await.broken, None, "by itself it is a chain");
    let verdict = verify_against(&app.app, &kept.clone().into()).await;
    let broken = verdict.broken.unwrap();
    assert_eq!((broken.position, broken.what), (kept.position, Fault::OtherHead));
    // A chain that ends before the kept head lacks events.
    let later = Mark { position: 1000, ..kept };
    let verdict = verify_against(&app.app, &later.into()).await;
    assert_eq!(verdict.broken.unwrap().what, Fault::Missing);
}

on_both!(moving_the_start_does_not_bypass_a_head_saved_earlier);
async fn moving_the_start_does_not_bypass_a_head_saved_earlier(app: TestApp) {
    record_events(&app).await;
    let kept = verify(&app).await.head;
    let later = async |n: i64| {
        let sql = "UPDATE audit_chain SET position = $1 WHERE mark = 'start'";
        app.app.db.execute(sql, portcullis::args![n]).await.map(drop).unwrap();
        let verdict = verify_against(&app.app, &kept.clone().into()).await;
        verdict.broken.unwrap().what
    };
    app.run("UPDATE audit_chain SET digest = 'made up' WHERE mark = 'start'").await;
    app.run("DELETE FROM audit_events").await;
    assert_eq!(later(kept.position).await, Fault::OtherHead);
    app.run("UPDATE audit_chain SET position = position + 1 WHERE mark = 'head'").await;
    assert_eq!(later(kept.position + 1).await, Fault::Dropped);
}

on_both!(trimming_old_events_leaves_a_valid_chain);
async fn trimming_old_events_leaves_a_valid_chain(engine: Engine) {
    let app = TestApp::with_settings(engine, "[audit]\nkeep = \"30d\"\n").await;
    record_events(&app).await;
    let old = verify(&app).await.checked;
    app.clock.advance(20 * 86400);
    app.browser().try_sign_in(EVE, "wrong").await;
    chain::seal(&app.app).await.unwrap();
    app.clock.advance(11 * 86400);
    jobs::run_sweeps(&app.app).await;
    chain::seal(&app.app).await.unwrap();
    let verdict = verify(&app).await;
    assert_eq!((verdict.broken.clone(), verdict.start.position), (None, old), "{verdict:?}");
    let about = "SELECT about FROM audit_events WHERE kind = 'audit_trimmed'";
    assert_eq!(app.text(about).await, format!("1 to {old} {}", verdict.start.digest));
    // The remaining events are still protected, the first one included.
    app.run("DELETE FROM audit_events WHERE position = (SELECT MIN(position) FROM audit_events)")
        .await;
    assert_eq!(verify(&app).await.broken.unwrap().position, old + 1);
    let kept = app.number("SELECT COUNT(*) FROM audit_events").await;
    app.clock.advance(60 * 86400);
    jobs::run_sweeps(&app.app).await;
    assert!(app.number("SELECT COUNT(*) FROM audit_events").await >= kept);
    assert_eq!(verify(&app).await.broken.unwrap().position, old + 1, "none skips the gap");
}

on_both!(a_log_kept_forever_is_never_trimmed);
async fn a_log_kept_forever_is_never_trimmed(engine: Engine) {
    let app = TestApp::with_settings(engine, "[audit]\nkeep = \"forever\"\n").await;
    record_events(&app).await;
    let before = verify(&app).await.checked;
    app.clock.advance(10_000 * 86400);
    jobs::run_sweeps(&app.app).await;
    assert!(verify(&app).await.checked >= before);
    assert_eq!(verify(&app).await.start, Mark::default());
}

on_both!(concurrent_sealing_builds_one_chain);
async fn concurrent_sealing_builds_one_chain(app: TestApp) {
    let sealing: Vec<_> = (0..6)
        .map(|n| {
            let (state, mut browser) = (Arc::clone(&app.app), app.browser());
            tokio::spawn(async move {
                for _ in 0..4 {
                    browser.try_sign_in(&format!("x{n}@example.com"), "wrong").await;
                    chain::seal(&state).await.unwrap();
                }
            })
        })
        .collect();
    for it in sealing {
        it.await.unwrap();
    }
    chain::seal(&app.app).await.unwrap();
    let verdict = verify(&app).await;
    assert_eq!((verdict.broken, verdict.unsealed, verdict.checked), (None, 0, 24));
    // The daily counts of the chart agree.
    assert_eq!(app.number("SELECT CAST(SUM(events) AS BIGINT) FROM audit_days").await, 24);
}

/// Starts a site and trims the oldest events of its log.
async fn trimmed(engine: Engine) -> TestApp {
    let app = TestApp::with_settings(engine, "[audit]\nkeep = \"30d\"\n").await;
    record_events(&app).await;
    app.clock.advance(31 * 86400);
    for _ in 0..4 {
        app.browser().try_sign_in(EVE, "wrong").await;
    }
    chain::seal(&app.app).await.unwrap();
    jobs::run_sweeps(&app.app).await;
    // The chain is valid at once, even before the next seal.
    let verdict = verify(&app).await;
    assert!(verdict.broken.is_none() && verdict.start.position > 5, "{verdict:?}");
    assert!(!verdict.is_start_without_digest);
    app
}

/// Deletes the oldest events and moves the start, as an attacker with write access to the database can.
async fn delete_oldest(app: &TestApp) {
    app.run(
        "UPDATE audit_chain SET position = position + 2, digest = (SELECT e.digest FROM audit_events e
            WHERE e.position = audit_chain.position + 2) WHERE mark = 'start'",
    )
    .await;
    app.run(
        "DELETE FROM audit_events
            WHERE position <= (SELECT position FROM audit_chain WHERE mark = 'start')",
    )
    .await;
}

on_both!(v5_0_0__16_4_2__a_sealed_event_at_or_before_the_start_is_reported);
async fn v5_0_0__16_4_2__a_sealed_event_at_or_before_the_start_is_reported(engine: Engine) {
    let app = trimmed(engine).await;
    let start = verify(&app).await.start.position;
    for (offset, sql) in [
        (0, "UPDATE audit_events SET position = $1 WHERE id = 'forged'"),
        (1, "UPDATE audit_events SET position = $1 - 1 WHERE id = 'forged'"),
        (start, "UPDATE audit_events SET position = $1 - $1 WHERE id = 'forged'"),
        (start + 7, "UPDATE audit_events SET position = -7 + $1 - $1 WHERE id = 'forged'"),
    ] {
        app.run(
            "INSERT INTO audit_events
                (id, at, user_id, kind, about, address, browser, actor, position, digest)
                SELECT 'forged', at, user_id, kind, about, address, browser, actor, NULL, digest
                FROM audit_events WHERE position = (SELECT MAX(position) FROM audit_events)",
        )
        .await;
        app.app.db.execute(sql, portcullis::args![start]).await.map(drop).unwrap();
        assert_eq!(fault(&app).await, Some((start - offset, Fault::BeforeStart)), "{offset}");
        app.run("DELETE FROM audit_events WHERE id = 'forged'").await;
        assert_eq!(fault(&app).await, None);
    }
}

on_both!(v5_0_0__16_4_2__a_moved_start_is_reported);
async fn v5_0_0__16_4_2__a_moved_start_is_reported(engine: Engine) {
    // Whether the log keeps all events or drops the oldest.
    for keep in ["[audit]\nkeep = \"forever\"\n", "[audit]\nkeep = \"30d\"\n"] {
        let app = TestApp::with_settings(engine.clone(), keep).await;
        record_events(&app).await;
        let before = verify(&app).await;
        delete_oldest(&app).await;
        assert_eq!(fault(&app).await, Some((2, Fault::Start)), "{keep}");
        let verdict = verify_against(&app.app, &before.head.clone().into()).await;
        assert_eq!(verdict.broken.unwrap().what, Fault::Start, "the head is the one that was kept");
        // Trimming old events does not hide the fault.
        app.clock.advance(40 * 86400);
        jobs::run_sweeps(&app.app).await;
        chain::seal(&app.app).await.unwrap();
        assert_eq!(fault(&app).await, Some((2, Fault::Start)), "{keep}");
        app.run("DELETE FROM audit_events").await;
        app.run(
            "UPDATE audit_chain SET position = (SELECT h.position FROM audit_chain h WHERE h.mark = 'head'),
                digest = (SELECT h.digest FROM audit_chain h WHERE h.mark = 'head')",
        )
        .await;
        assert_eq!(fault(&app).await.unwrap().1, Fault::Start, "{keep}");
    }
    // The event that vouches for another start does not vouch for this one.
    let app = trimmed(engine).await;
    delete_oldest(&app).await;
    assert_eq!(fault(&app).await.unwrap().1, Fault::Start);
}

on_both!(the_start_must_match_a_start_saved_earlier);
async fn the_start_must_match_a_start_saved_earlier(engine: Engine) {
    let app = trimmed(engine).await;
    let Verdict { start, head, .. } = verify(&app).await;
    let kept: KeptEnds = format!("{start}..{head}").parse().unwrap();
    assert_eq!(kept, KeptEnds { start: Some(start.clone()), head: head.clone() });
    assert_eq!(
        "0:..0:".parse(),
        Ok(KeptEnds { start: Some(Mark::default()), head: Mark::default() })
    );
    assert_eq!(verify_against(&app.app, &kept).await.broken, None);
    // A log that keeps everything must start at its first event, unless the start was kept elsewhere.
    let forever = app.reopen("[audit]\nkeep = \"forever\"\n").await;
    let verdict = verify::verify(&forever, None, |_, _| ()).await.unwrap();
    assert_eq!(verdict.broken.map(|it| it.what), Some(Fault::Start));
    assert_eq!(verify_against(&forever, &kept).await.broken, None);
    // The digest of the kept start must match too, and the start must not move back.
    for start in [
        Mark { digest: head.digest.clone(), ..start.clone() },
        Mark { position: start.position + 1, ..start.clone() },
    ] {
        let other = KeptEnds { start: Some(start), head: head.clone() };
        let broken = verify_against(&app.app, &other).await.broken;
        assert_eq!(broken.map(|it| it.what), Some(Fault::Start), "{other:?}");
    }
}

on_both!(a_start_written_by_an_earlier_version_is_accepted_with_a_warning);
async fn a_start_written_by_an_earlier_version_is_accepted_with_a_warning(engine: Engine) {
    let app = trimmed(engine).await;
    // Earlier versions wrote this event without the digest.
    app.run(
        "UPDATE audit_events SET about = '1 to ' || (SELECT position FROM audit_chain
            WHERE mark = 'start') WHERE kind = 'audit_trimmed'",
    )
    .await;
    app.run(
        "UPDATE audit_chain SET position = (SELECT s.position FROM audit_chain s WHERE s.mark = 'start'),
            digest = (SELECT s.digest FROM audit_chain s WHERE s.mark = 'start')",
    )
    .await;
    app.run("UPDATE audit_events SET position = NULL, digest = NULL").await;
    chain::seal(&app.app).await.unwrap();
    let verdict = verify(&app).await;
    assert_eq!(
        (verdict.broken.clone(), verdict.is_start_without_digest),
        (None, true),
        "{verdict:?}"
    );
    // The next trim records the digest again.
    app.clock.advance(31 * 86400);
    jobs::run_sweeps(&app.app).await;
    let later = verify(&app).await;
    assert_eq!((later.broken.clone(), later.is_start_without_digest), (None, false), "{later:?}");
    assert!(later.start.position > verdict.start.position);
}

on_both!(v5_0_0__16_4_2__an_event_with_only_a_position_or_only_a_digest_is_reported);
async fn v5_0_0__16_4_2__an_event_with_only_a_position_or_only_a_digest_is_reported(app: TestApp) {
    record_events(&app).await;
    let head = verify(&app).await.head.position;
    // An event with only a position, then one with only a digest.
    app.run("UPDATE audit_events SET digest = NULL WHERE position = 2").await;
    assert_eq!(fault(&app).await, Some((2, Fault::Changed)));
    app.run("UPDATE audit_events SET position = NULL, digest = 'x' WHERE position = 2").await;
    assert_eq!(fault(&app).await, Some((head + 1, Fault::Changed)));
}

on_both!(v5_0_0__16_4_2__wrong_daily_event_counts_are_reported);
async fn v5_0_0__16_4_2__wrong_daily_event_counts_are_reported(app: TestApp) {
    record_events(&app).await;
    let head = verify(&app).await.head.position;
    for (change, back) in [
        ("UPDATE audit_days SET events = events + 1", "UPDATE audit_days SET events = events - 1"),
        ("UPDATE audit_days SET events = events - 1", "UPDATE audit_days SET events = events + 1"),
        (
            "INSERT INTO audit_days VALUES (7, 'signed_in', 1)",
            "DELETE FROM audit_days WHERE day = 7",
        ),
    ] {
        app.run(change).await;
        assert_eq!(fault(&app).await, Some((head, Fault::Counts)), "{change}");
        app.run(back).await;
        assert_eq!(fault(&app).await, None);
    }
}

/// SQLite only: PostgreSQL accepts no value of another type.
#[tokio::test]
async fn v5_0_0__16_4_2__a_value_of_the_wrong_type_is_reported() {
    let app = TestApp::start(Engine::Sqlite).await;
    record_events(&app).await;
    let head = verify(&app).await.head.position;
    for (column, value) in [
        ("at", "'x'"),
        ("at", "at + 0.4"),
        ("about", "x'ff00'"),
        ("kind", "x'ff00'"),
        ("user_id", "x'00'"),
        ("position", "2.5"),
        ("position", "'x'"),
        ("digest", "x'00'"),
    ] {
        app.run("CREATE TABLE kept AS SELECT * FROM audit_events").await;
        let change = format!("UPDATE audit_events SET {column} = {value} WHERE position = 2");
        let Db::Sqlite(pool) = &app.app.db else { panic!("another engine") };
        sqlx::raw_sql(sqlx::AssertSqlSafe(change)).execute(&**pool).await.unwrap();
        assert_eq!(fault(&app).await, Some((head + 1, Fault::Changed)), "{column} = {value}");
        app.run("DELETE FROM audit_events").await;
        app.run("INSERT INTO audit_events SELECT * FROM kept").await;
        app.run("DROP TABLE kept").await;
        assert_eq!(fault(&app).await, None);
    }
}
