//! Settings: the defaults, the effect of values, and that a wrong value causes no more than a one-line error.

use std::ffi::OsString;
use std::num::NonZeroUsize;
use std::path::Path;
use std::time::Duration;

use portcullis::server::config::settings::{self, PROVIDER_SETTINGS, Setting};
use portcullis::server::config::{Config, Durability, Lifetime, LogFormat, RawConfig};
use proptest::prelude::*;
use serde_json::json;

use crate::support::app::Folder;
use crate::support::{ADA, Browser, Engine, OTHER_PASSWORD, PASSWORD, TestApp};

const HOUR: u64 = 3600;
const DAY: u64 = 86400;

fn defaults() -> Config {
    Config::from_raw(&RawConfig::default()).unwrap()
}

fn hours(lifetime: Lifetime) -> (u64, u64) {
    (lifetime.idle.as_secs() / HOUR, lifetime.absolute.as_secs() / HOUR)
}

#[test]
fn v5_0_0__7_3_1__idle_sessions_expire_after_12_hours_or_7_days_by_default() {
    let session = defaults().session;
    assert_eq!(hours(session.brief), (12, 24));
    assert_eq!(hours(session.remembered), (7 * 24, 30 * 24));
}

#[test]
fn v5_0_0__11_4_2__default_hash_costs_follow_owasp() {
    let password = defaults().password;
    let costs = (password.memory_kib, password.iterations, password.parallelism);
    assert_eq!(costs, (19456, 2, 1));
}

#[test]
fn v5_0_0__15_2_2__default_hashers_match_the_cores_and_the_wait_is_two_seconds() {
    let password = defaults().password;
    let cores = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    assert_eq!(password.hashers, cores);
    assert_eq!(password.max_wait, Duration::from_secs(2));
}

#[test]
fn v5_0_0__6_2_1__passwords_need_fifteen_characters_by_default() {
    assert_eq!(defaults().password.min_length, 15);
}

#[test]
fn requests_and_provider_responses_are_limited_by_default() {
    let http = defaults().http;
    assert_eq!((http.body_limit, http.provider_limit), (64 * 1024, 1024 * 1024));
    let seconds = |it: Duration| it.as_secs();
    assert_eq!((seconds(http.header_timeout), seconds(http.request_timeout)), (10, 30));
    assert_eq!((seconds(http.shutdown_timeout), seconds(http.provider_timeout)), (30, 5));
}

#[test]
fn the_database_is_durable_by_default() {
    let database = defaults().database;
    assert_eq!(database.durability, Durability::Full);
    assert_eq!((database.connections, database.busy_timeout.as_secs()), (8, 5));
    assert_eq!(database.url.expose(), "sqlite:portcullis-data/portcullis.sqlite");
}

#[test]
fn the_site_listens_on_loopback_by_default() {
    let config = defaults();
    assert_eq!(config.site.listen.to_string(), "127.0.0.1:3000");
    assert_eq!(config.site.origin(), "http://localhost:3000");
    assert_eq!((config.log.format, config.log.filter.as_str()), (LogFormat::Text, "info"));
}

const SHORT_SESSIONS: &str = "[session]\nidle = \"2h\"\nabsolute = \"3h\"\n\
    remembered_idle = \"2d\"\nremembered_absolute = \"3d\"\n";

fn advance(app: &TestApp, seconds: u64) {
    app.clock.advance(i64::try_from(seconds).unwrap());
}

async fn signed_in_browser(app: &TestApp, remember: bool) -> Browser {
    let mut browser = app.browser();
    browser.sign_up(ADA).await;
    let mut fields = vec![("email", ADA), ("password", PASSWORD)];
    fields.extend(remember.then_some(("remember", "on")));
    assert_eq!(browser.call("/api/sign-in/password", &fields).await.status, 200);
    browser
}

on_both!(v5_0_0__7_3_1__an_idle_session_expires_when_the_settings_say);
async fn v5_0_0__7_3_1__an_idle_session_expires_when_the_settings_say(engine: Engine) {
    let app = TestApp::with_settings(engine, SHORT_SESSIONS).await;
    for (remember, limit) in [(false, 2 * HOUR), (true, 2 * DAY)] {
        let (mut seen, mut unseen) =
            (signed_in_browser(&app, remember).await, signed_in_browser(&app, remember).await);
        advance(&app, limit - 1);
        assert!(seen.is_signed_in().await, "remember {remember}");
        advance(&app, 1);
        assert!(!unseen.is_signed_in().await, "remember {remember}");
        assert!(seen.is_signed_in().await, "remember {remember}");
    }
}

on_both!(v5_0_0__7_3_2__an_active_session_expires_when_the_settings_say);
async fn v5_0_0__7_3_2__an_active_session_expires_when_the_settings_say(engine: Engine) {
    let app = TestApp::with_settings(engine, SHORT_SESSIONS).await;
    for (remember, limit) in [(false, 3 * HOUR), (true, 3 * DAY)] {
        let mut browser = signed_in_browser(&app, remember).await;
        for _ in 0..2 {
            advance(&app, limit / 3);
            assert!(browser.is_signed_in().await, "remember {remember}");
        }
        advance(&app, limit / 3);
        assert!(!browser.is_signed_in().await, "remember {remember}");
    }
}

on_both!(a_remembered_cookie_lives_as_long_as_the_settings_say);
async fn a_remembered_cookie_lives_as_long_as_the_settings_say(engine: Engine) {
    let app = TestApp::with_settings(engine, SHORT_SESSIONS).await;
    app.browser().sign_up(ADA).await;
    let fields = [("email", ADA), ("password", PASSWORD), ("remember", "on")];
    let answer = app.browser().post("/api/sign-in/password", &fields).await;
    let lifetime = answer.cookie("portcullis").unwrap().max_age().unwrap();
    let limit = i64::try_from(3 * DAY).unwrap();
    assert!((limit - 5..=limit).contains(&lifetime), "{lifetime}");
}

on_both!(v5_0_0__6_2_1__the_minimum_password_length_follows_the_settings);
async fn v5_0_0__6_2_1__the_minimum_password_length_follows_the_settings(engine: Engine) {
    let app = TestApp::with_settings(engine, "[password]\nmin_length = 28\n").await;
    let mut browser = app.signed_in_browser(ADA).await;
    let short = &OTHER_PASSWORD[..27];
    let too_short = json!({"too_short": {"min": 28}});
    let answer = browser.call("/api/sign-up", &[("email", ADA), ("password", short)]).await;
    assert_eq!(answer.json()["invalid"]["password"], too_short);
    let fields = [("current_password", PASSWORD), ("new_password", short)];
    let answer = browser.call("/api/password/change", &fields).await;
    assert_eq!(answer.json()["invalid"]["new_password"], too_short);
    // The pages with that field name the same limit.
    for page in [app.browser().get("/sign-up").await, browser.get("/dashboard/security").await] {
        assert!(page.shows("28 characters or more."), "{}", page.text());
    }
}

on_both!(the_body_limit_follows_the_settings);
async fn the_body_limit_follows_the_settings(engine: Engine) {
    let app = TestApp::with_settings(engine, "[http]\nbody_limit = 2048\n").await;
    for (length, status) in [(1900, 200), (2100, 413)] {
        let more = "x".repeat(length);
        let fields = [("email", ADA), ("password", PASSWORD), ("more", &more)];
        assert_eq!(app.browser().call("/api/sign-up", &fields).await.status, status, "{length}");
    }
}

on_both!(pages_show_the_configured_site_name);
async fn pages_show_the_configured_site_name(engine: Engine) {
    let app = TestApp::with_settings(engine, "[site]\nname = \"Wey & Sons\"\n").await;
    for path in ["/", "/sign-in", "/nowhere", "/api/nowhere"] {
        let page = app.browser().get(path).await;
        assert!(page.shows("Wey & Sons") && !page.shows("Portcullis"), "{path}: {}", page.text());
    }
}

/// Reads variables as the server does at its start, over an empty file.
fn read(variables: &[(String, String)]) -> Result<Config, String> {
    let variables = variables.iter().map(|(name, it)| (OsString::from(name), OsString::from(it)));
    let raw =
        RawConfig::read(Some(Path::new("/dev/null")), variables).map_err(|it| it.to_string())?;
    Config::from_raw(&raw).map_err(|it| it.to_string())
}

fn variable(key: &str) -> String {
    format!("PORTCULLIS_{}", key.to_uppercase().replace('.', "__"))
}

#[test]
fn a_secret_can_be_read_from_a_file_and_is_never_printed() {
    let folder = Folder::new();
    let file = folder.path().join("secret");
    let secret = "postgres://app:hunter2@localhost/app";
    // Editors and shells add such characters.
    for (before, after) in
        [("", ""), ("", "\n"), ("", "\r\n\r\n"), ("", "  \t\n"), ("\u{feff}", "\r\n")]
    {
        std::fs::write(&file, format!("{before}{secret}{after}")).unwrap();
        let given =
            (OsString::from("PORTCULLIS_DATABASE__URL_FILE"), file.clone().into_os_string());
        let raw = RawConfig::read(Some(Path::new("/dev/null")), std::iter::once(given)).unwrap();
        let config = Config::from_raw(&raw).unwrap();
        assert_eq!(config.database.url.expose(), secret, "{before:?} {after:?}");
        assert!(!format!("{raw} {raw:?} {config:?}").contains("hunter2"));
    }
}

#[test]
fn an_empty_variable_counts_as_unset() {
    let of_providers = PROVIDER_SETTINGS.iter().map(|it| format!("social.work.{}", it.key));
    let keys = settings::all().map(|it| it.key.to_owned()).chain(of_providers);
    let names = keys.flat_map(|it| [variable(&it), variable(&it) + "_FILE"]);
    let file = Folder::new();
    let path = file.path().join("portcullis.toml");
    // An empty variable doesn't override the file either.
    std::fs::write(&path, "[password]\nmin_length = 20\n").unwrap();
    let empty = names.map(|it| (OsString::from(it), OsString::new()));
    let config = Config::from_raw(&RawConfig::read(Some(&path), empty).unwrap()).unwrap();
    assert_eq!((config.password.min_length, config.social.len()), (20, 0));
}

#[test]
fn blank_and_non_utf8_values_are_refused() {
    use std::os::unix::ffi::OsStringExt as _;
    let folder = Folder::new();
    let file = folder.path().join("secret");
    let path = file.to_str().unwrap().to_owned();
    for text in ["", "\n", " \r\n\t", "\u{feff}\n"] {
        std::fs::write(&file, text).unwrap();
        for row in settings::all().filter(|it| it.is_secret) {
            let name = variable(row.key) + "_FILE";
            let line = read(&[(name.clone(), path.clone())]).unwrap_err();
            assert!(line.contains(&name) && line.ends_with(&format!("{path} is empty")), "{line}");
        }
    }
    for row in settings::all() {
        let name = variable(row.key);
        let line = read(&[(name.clone(), " \u{a0}".to_owned())]).unwrap_err();
        assert!(line.contains(&name), "{line}");
        let bytes = OsString::from_vec(b"hunter2\xff".to_vec());
        let given = (OsString::from(&name), bytes);
        let refused =
            RawConfig::read(Some(Path::new("/dev/null")), std::iter::once(given)).unwrap_err();
        let line = refused.to_string();
        assert!(line.contains(&name) && line.contains("UTF-8"), "{line}");
        assert!(!line.contains("hunter2"), "{line}");
    }
}

#[test]
fn v5_0_0__13_3_1__a_url_is_never_shown_with_its_password() {
    let with_user = "https://ada:hunter2@id.example.com/".to_owned();
    for key in ["site.url", "password.breached_range_url", "social.x.issuer", "social.x.token_url"]
    {
        let line = read(&[(variable(key), with_user.clone())]).unwrap_err();
        assert!(!line.contains("hunter2"), "{line}");
    }
    for key in ["database.url", "mail.smtp_url", "site.key"] {
        let line = read(&[(variable(key) + "_FILE", with_user.clone())]).unwrap_err();
        assert!(!line.contains("hunter2") && line.contains("path of a file"), "{line}");
    }
    for (key, value) in [("site.name", with_user.as_str()), ("site.contact", "x://a:hunter2@b")] {
        let given = std::iter::once((OsString::from(variable(key)), OsString::from(value)));
        let raw = RawConfig::read(Some(Path::new("/dev/null")), given).unwrap();
        assert!(!format!("{raw} {raw:?}").contains("hunter2"), "{raw}");
    }
}

#[test]
fn a_missing_provider_setting_is_also_named_as_a_variable() {
    let secret = ("PORTCULLIS_SOCIAL__GITHUB__CLIENT_SECRET".to_owned(), "x".to_owned());
    let empty = ("PORTCULLIS_SOCIAL__GITHUB__CLIENT_ID".to_owned(), String::new());
    let line = read(&[secret, empty.clone()]).unwrap_err();
    assert!(
        line.contains("social.github.client_id is missing") && line.contains(&empty.0),
        "{line}"
    );
}

#[test]
fn a_file_may_begin_with_a_byte_order_mark() {
    let folder = Folder::new();
    let path = folder.path().join("portcullis.toml");
    std::fs::write(&path, "\u{feff}[password]\r\nmin_length = 20\r\n").unwrap();
    let config =
        Config::from_raw(&RawConfig::read(Some(&path), std::iter::empty()).unwrap()).unwrap();
    assert_eq!(config.password.min_length, 20);
}

/// The key of any setting, including a provider's.
fn any_key() -> impl Strategy<Value = String> {
    let provider = |it: &Setting| format!("social.work.{}", it.key);
    let keys: Vec<_> = settings::all()
        .map(|it| it.key.to_owned())
        .chain(PROVIDER_SETTINGS.iter().map(provider))
        .collect();
    prop::sample::select(keys)
}

/// Arbitrary text, and text that is almost valid for some setting.
fn any_value() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "-?[0-9]{0,20}[smhd]?",
        "(https?|sqlite|postgres):/{0,3}[!-~]{0,20}",
        "[0-9.:\\[\\]]{0,24}",
        "(google|github|full|text|never|verified-claim|portcullis=debug)",
    ]
}

proptest! {
    #[test]
    fn no_setting_value_panics_and_an_invalid_one_gives_a_one_line_error(
        values in prop::collection::vec((any_key(), any_value()), 1..4),
    ) {
        // A variable can't contain this character.
        prop_assume!(values.iter().all(|(_, value)| !value.contains('\0')));
        let variables: Vec<_> = values.iter().map(|(key, it)| (variable(key), it.clone())).collect();
        if let Err(line) = read(&variables) {
            prop_assert_eq!(line.lines().count(), 1, "{}", line);
            let names_one = settings::all().any(|it| line.starts_with(it.key))
                || line.starts_with("social.work.");
            prop_assert!(names_one && line.contains(" must be "), "{}", line);
        }
    }

    #[test]
    fn a_wrong_secret_is_never_shown(value in "[a-z]{12,20}") {
        for key in ["site.key", "database.url"] {
            let line = read(&[(variable(key), value.clone())]).unwrap_err();
            prop_assert!(line.starts_with(key) && !line.contains(&value), "{}", line);
        }
    }

    #[test]
    fn a_duration_is_its_number_times_its_unit(
        number in 1_u32..,
        (unit, seconds) in prop::sample::select(vec![("s", 1), ("m", 60), ("h", HOUR), ("d", DAY)]),
    ) {
        let text = format!("{number}{unit}");
        let config = read(&[(variable("session.idle"), text)]).unwrap();
        prop_assert_eq!(config.session.brief.idle.as_secs(), u64::from(number) * seconds);
    }

    #[test]
    fn a_malformed_or_zero_duration_is_refused(
        text in "(0{1,5}[smhd]|[0-9]{1,9}|[smhd]|[0-9]{1,5}[^0-9smhd]|[0-9]{1,3} ?[smhd] ?[a-z]|[1-9][0-9]{10,20}[smhd])",
    ) {
        prop_assert!(read(&[(variable("session.idle"), text.clone())]).is_err(), "{:?}", text);
    }

    #[test]
    fn a_number_is_accepted_only_within_its_range(number in any::<u16>()) {
        let read = read(&[(variable("password.min_length"), number.to_string())]);
        prop_assert_eq!(read.ok().map(|it| it.password.min_length), Some(number).filter(|it| (8..=128).contains(it)));
    }
}
