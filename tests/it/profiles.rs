//! Profiles: settings that follow a standard.

use serde_json::Value;

use crate::support::app::Folder;
use crate::support::process::{err, out, run};
use crate::support::{ADA, Engine, PASSWORD, TestApp};

/// The settings that make a site ready for either profile.
const READY: &[(&str, &str)] = &[
    ("PORTCULLIS_SITE__URL", "https://id.example"),
    ("PORTCULLIS_HTTP__TRUSTED_PROXIES", "127.0.0.1"),
    ("PORTCULLIS_PASSWORD__BREACHED_FILTER", "breached"),
];

/// Runs `doctor` with these settings, and returns its exit code and its rows.
fn examine(folder: &Folder, settings: &[(&str, &str)]) -> (Option<i32>, Vec<Value>) {
    let examined = run(folder.path(), settings, &["--json", "doctor"]);
    let rows =
        serde_json::from_str(&out(&examined)).unwrap_or_else(|_| panic!("{}", err(&examined)));
    (examined.status.code(), rows)
}

fn about<'a>(rows: &'a [Value], state: &str, what: &str) -> Vec<&'a str> {
    let is_this = |it: &&Value| it["state"] == state && it["what"] == what;
    rows.iter().filter(is_this).filter_map(|it| it["about"].as_str()).collect()
}

/// Returns a folder with a database, an administrator and a filter of breached passwords.
fn prepared() -> Folder {
    let folder = Folder::new();
    std::fs::write(folder.path().join("list"), "correct horse battery staple\n").unwrap();
    for arguments in [
        &["migrate"][..],
        &["user", "create", ADA, "--admin"],
        &["breach", "build", "list", "-o", "breached"],
    ] {
        let done = run(folder.path(), &[], arguments);
        assert!(done.status.success(), "{arguments:?}: {}", err(&done));
    }
    folder
}

#[test]
fn doctor_compares_each_setting_with_the_profile() {
    let folder = prepared();
    let (code, rows) = examine(&folder, &[]);
    assert_eq!((code, about(&rows, "ok", "profile")), (Some(0), vec!["default"]));
    assert!(about(&rows, "arrange", "outside").is_empty());
    for (profile, idle, outside) in [
        (
            "asvs-l2",
            "\"1h\" (profile asvs-l2); required: at most 1h (ASVS 5.0, 7.3.1; the limit is ours)",
            "16.4.3",
        ),
        (
            "aal3",
            "\"15m\" (profile aal3); required: at most 15m (NIST SP 800-63B-4, 2.3.3; recommended)",
            "no attestation is checked",
        ),
    ] {
        let alone = [("PORTCULLIS_PROFILE", profile)];
        // What only the operator knows is missing.
        let (code, rows) = examine(&folder, &alone);
        assert_eq!(code, Some(3), "{rows:?}");
        assert_eq!(about(&rows, "error", "site.url").len(), 1);
        assert_eq!(about(&rows, "error", "password.breached_filter").len(), 1);
        // All other checks run as well.
        assert_eq!(about(&rows, "ok", "administrators").len(), 1, "{rows:?}");

        let ready = [READY, &alone[..]].concat();
        let (code, rows) = examine(&folder, &ready);
        assert_eq!(code, Some(0), "{rows:?}");
        assert_eq!(about(&rows, "ok", "session.idle"), [idle]);
        assert_eq!(about(&rows, "ok", "profile"), [profile]);
        let arrange = about(&rows, "arrange", "outside");
        assert!(arrange.iter().any(|it| it.contains(outside)), "{arrange:?}");

        // A setting of one's own wins, and falls short or not.
        let own = ("PORTCULLIS_SESSION__IDLE", "5m");
        let (code, rows) = examine(&folder, &[&ready[..], &[own]].concat());
        let named = "\"5m\" (environment PORTCULLIS_SESSION__IDLE, overrides the profile)";
        assert!(about(&rows, "ok", "session.idle")[0].starts_with(named), "{rows:?}");
        assert_eq!(code, Some(0));
        let own = ("PORTCULLIS_SESSION__IDLE", "2h");
        let (code, rows) = examine(&folder, &[&ready[..], &[own]].concat());
        assert_eq!((code, about(&rows, "error", "session.idle").len()), (Some(3), 1));
    }
}

#[test]
fn config_check_names_the_profile_as_the_origin() {
    let folder = Folder::new();
    std::fs::write(folder.path().join("portcullis.toml"), "profile = \"aal3\"\n").unwrap();
    let checked = out(&run(folder.path(), &[], &["config", "check"]));
    for line in [
        "profile = \"aal3\"  # portcullis.toml line 1",
        "second_factor.accept = \"device-bound-passkeys\"  # profile aal3",
        "password.min_length = 8  # profile aal3",
        "session.most_per_user = 50  # default",
    ] {
        assert!(checked.lines().any(|it| it == line), "{line}: {checked}");
    }
    let settings = [("PORTCULLIS_PROFILE", "asvs")];
    let refused = run(folder.path(), &settings, &["config", "check"]);
    let expected = "portcullis: profile (environment PORTCULLIS_PROFILE) must be default, asvs-l2 or aal3, not \"asvs\"";
    assert_eq!((refused.status.success(), err(&refused).trim()), (false, expected));
}

on_both!(v5_0_0__6_3_3__a_profile_requires_a_second_factor_at_the_first_sign_in);
async fn v5_0_0__6_3_3__a_profile_requires_a_second_factor_at_the_first_sign_in(engine: Engine) {
    for (profile, lead) in [
        ("asvs-l2", "Add a passkey or an authenticator app to continue."),
        ("aal3", "This site requires a passkey that can't leave its device"),
    ] {
        let settings = format!("profile = \"{profile}\"\n");
        let site = TestApp::with_settings(engine.clone(), &settings).await;
        let mut browser = site.browser();
        browser.sign_up(ADA).await;
        let page = browser.try_sign_in(ADA, PASSWORD).await;
        assert_eq!(browser.at, "/sign-in/second-factor", "{profile}");
        assert!(page.shows(lead), "{profile}: {}", page.text());
        assert_eq!(site.count_sessions().await, 0);
    }
}

on_both!(v5_0_0__7_3_1__a_profile_ends_idle_sessions_and_v5_0_0__7_3_2__old_ones);
async fn v5_0_0__7_3_1__a_profile_ends_idle_sessions_and_v5_0_0__7_3_2__old_ones(engine: Engine) {
    let minutes = |it: i64| it * 60;
    for (profile, idle) in [("asvs-l2", minutes(60)), ("aal3", minutes(15))] {
        // Without its requirement of a factor, to get a session.
        let settings = format!("profile = \"{profile}\"\n[second_factor]\nrequire = \"none\"\n");
        let site = TestApp::with_settings(engine.clone(), &settings).await;
        let mut browser = site.signed_in_browser(ADA).await;
        let mut other = browser.clone();
        for _ in 0..minutes(12 * 60) / (idle - 60) {
            assert!(browser.is_signed_in().await, "{profile}: in use");
            site.clock.advance(idle - 60);
        }
        site.clock.advance(minutes(2));
        assert!(!browser.is_signed_in().await, "{profile}: after half a day");
        other.sign_in(ADA).await;
        site.clock.advance(idle + 60);
        assert!(!other.is_signed_in().await, "{profile}: idle");
    }
}
