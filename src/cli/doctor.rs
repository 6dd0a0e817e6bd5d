//! `portcullis doctor`: whether all is as it should be.

use std::sync::Arc;

use serde::Serialize;

use super::Outcome;
use crate::args;
use crate::audit::server::verify::verify;
use crate::mail::server::{Transport, outbox};
use crate::role::server::{self as roles, has_administrator};
use crate::server::config::exposed;
use crate::server::files::Exposure;
use crate::server::out::Out;
use crate::server::seal::Seal;
use crate::server::{App, Config, Db, Error, jobs};
use crate::site;

/// One check and its result.
#[derive(Debug, Serialize)]
struct Check {
    what: &'static str,
    state: State,
    about: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum State {
    Ok,
    /// Only the operator can see to it.
    Arrange,
    Warning,
    Error,
}

fn ok(what: &'static str, about: impl Into<String>) -> Check {
    Check { what, state: State::Ok, about: about.into() }
}

fn warn(what: &'static str, about: impl Into<String>) -> Check {
    Check { what, state: State::Warning, about: about.into() }
}

fn fail(what: &'static str, about: impl Into<String>) -> Check {
    Check { what, state: State::Error, about: about.into() }
}

/// Runs every check, also after one has failed.
pub async fn run(config: Config, out: Out) -> Result<Outcome, Error> {
    let mut checks = vec![site(&config), proxies(&config)];
    profile(&config, &mut checks);
    checks.extend(config.weaknesses().into_iter().map(|it| warn(it.key, it.reason)));
    if checks.iter().all(|it| it.what != "database.url") {
        checks.push(ok("database.url", "stays on this machine or uses verified TLS"));
    }
    // To start would make what is missing.
    if let Err(error) = Box::pin(Db::must_exist(&config)).await {
        checks.push(fail("database", error.chain()));
        return print_checks(out, &checks);
    }
    let key = key(&config);
    let can_start = key.state != State::Error;
    checks.push(key);
    if !can_start {
        return print_checks(out, &checks);
    }
    match Box::pin(site::start(config)).await {
        Ok(app) => {
            checks.push(folder(&app.config));
            records(&app, &mut checks).await;
            checks.push(jobs(&app).await);
            checks.push(second_factor(&app).await);
            mail(&app, &mut checks).await;
            providers(&app, &mut checks).await;
            app.db.close().await;
        }
        Err(error) => checks.push(fail("start", error.chain())),
    }
    print_checks(out, &checks)
}

/// A role that does not exist requires a second factor of nobody.
async fn second_factor(app: &App) -> Check {
    const WHAT: &str = "second_factor";
    let roles = match roles::list(app).await {
        Ok(roles) => roles,
        Err(error) => return fail(WHAT, error.chain()),
    };
    let is_missing = |it: &&String| roles.iter().all(|role| role.name != **it);
    let policy = &app.config.second_factor;
    match policy.roles.iter().find(is_missing) {
        Some(name) => {
            fail(WHAT, format!("second_factor.roles names {name:?}, and there is no such role"))
        }
        None => ok(WHAT, format!("required of: {}", policy.require.as_str())),
    }
}

fn print_checks(out: Out, checks: &[Check]) -> Result<Outcome, Error> {
    let is_ok = checks.iter().all(|it| it.state != State::Error);
    out.list(checks, ["", "check", "result"], |it| {
        let state = match it.state {
            State::Ok => "ok",
            State::Arrange => "arrange",
            State::Warning => "warning",
            State::Error => "error",
        };
        [state.to_owned(), it.what.to_owned(), it.about.clone()]
    })?;
    Ok(if is_ok { Outcome::Success } else { Outcome::CheckFailed })
}

fn site(config: &Config) -> Check {
    let url = &config.site.url;
    if config.site.is_https() {
        return ok("site.url", format!("users open {url}"));
    }
    warn("site.url", format!("{url} works on this machine only; others need https"))
}

/// Compares each setting with what the profile requires, and lists what the operator must arrange outside.
fn profile(config: &Config, checks: &mut Vec<Check>) {
    checks.push(ok("profile", config.profile.as_str()));
    for it in &config.requirements {
        let overrides = if it.overrides { ", overrides the profile" } else { "" };
        let about = format!("{} ({}{overrides}); required: {}", it.value, it.origin, it.wants);
        checks.push(if it.is_met { ok(it.key, about) } else { fail(it.key, about) });
    }
    let outside = config.profile.outside().into_iter();
    checks.extend(outside.map(|about| Check { what: "outside", state: State::Arrange, about }));
}

fn proxies(config: &Config) -> Check {
    let (listen, proxies) = (config.site.listen, &config.http.trusted_proxies);
    if !listen.ip().is_loopback() {
        return warn(
            "site.listen",
            format!(
                "{listen} accepts connections from the network without TLS; use 127.0.0.1 if the proxy \
                 is on this machine"
            ),
        );
    }
    if config.site.is_https() && proxies.is_empty() {
        return warn(
            "http.trusted_proxies",
            "no proxy is trusted: all clients appear to have the proxy's IP address",
        );
    }
    ok("site.listen", format!("{listen} accepts connections from this machine only"))
}

/// A group may be meant to have access, as with volumes in Kubernetes; others may not.
fn folder(config: &Config) -> Check {
    let data = &config.site.data;
    match exposed(config).into_iter().max_by_key(|it| it.1 == Exposure::Everyone) {
        None => ok("site.data", format!("only this system user can use {}", data.display())),
        Some((path, Exposure::Group)) => {
            let path = path.display();
            warn("site.data", format!("the group of {path} can use it; run: chmod go= {path}"))
        }
        Some((path, Exposure::Everyone)) => {
            let path = path.display();
            fail("site.data", format!("every system user can use {path}; run: chmod go= {path}"))
        }
    }
}

/// Whether the key exists if there are records.
fn key(config: &Config) -> Check {
    match (&config.site.key, Seal::must_exist(&config.site)) {
        (Some(_), _) => ok("key", "set by site.key"),
        (None, Ok(())) => {
            let path = config.site.data.join("key");
            ok("key", format!("{} exists; keep a copy elsewhere", path.display()))
        }
        (None, Err(error)) => fail(
            "key",
            format!(
                "{}; without the old key, pending sign-ins and queued mails are lost",
                error.chain()
            ),
        ),
    }
}

/// Whether SQLite's file is intact (`PRAGMA quick_check`).
async fn file(db: &Db) -> Check {
    const CHECK: &str = "PRAGMA quick_check(1)";
    match db.scalar::<String>(CHECK, args![]).await {
        Ok(said) if said == "ok" => ok("database", "SQLite, intact and up to date"),
        Ok(said) => fail("database", format!("{said}; restore a backup")),
        Err(error) => fail("database", format!("{}; restore a backup", error.chain())),
    }
}

/// Whether the audit log is unchanged and sealed.
async fn log(app: &App) -> Check {
    match verify(app, None, |_, _| ()).await {
        Ok(it) if it.broken.is_some() => {
            fail("audit log", "the chain is broken; run `portcullis audit verify` to see where")
        }
        Ok(it) if it.unsealed > 0 => warn(
            "audit log",
            format!("{} events are not sealed yet; is `serve` running?", it.unsealed),
        ),
        Ok(it) => ok("audit log", format!("{} events, sealed and unchanged", it.checked)),
        Err(error) => fail("audit log", error.chain()),
    }
}

async fn records(app: &Arc<App>, checks: &mut Vec<Check>) {
    checks.push(match &app.db {
        Db::Sqlite(_) => file(&app.db).await,
        Db::Postgres(_) => clock(app).await,
    });
    checks.push(match app.timekeeper.doubt() {
        None => ok("clock", "agrees with the newest recorded time"),
        Some(doubt) => warn("clock", doubt.to_string()),
    });
    match administrators(app).await {
        Ok(true) => checks.push(ok("administrators", "at least one can sign in")),
        Ok(false) => checks.push(warn(
            "administrators",
            "none can sign in; create one with `portcullis user create EMAIL --admin`",
        )),
        Err(error) => checks.push(fail("administrators", error.chain())),
    }
    checks.push(log(app).await);
}

async fn administrators(app: &App) -> Result<bool, Error> {
    let mut tx = app.db.begin().await?;
    has_administrator(&mut tx, app.timekeeper.range().earliest).await
}

/// Whether the database's clock agrees with ours (ASVS 5.0, 16.2.2).
async fn clock(app: &App) -> Check {
    const NOW: &str = "SELECT CAST(EXTRACT(EPOCH FROM CURRENT_TIMESTAMP) AS BIGINT)";
    match app.db.scalar::<i64>(NOW, args![]).await.map(|it| (it - app.clock.now()).abs()) {
        Ok(0..=5) => ok("database", "PostgreSQL, up to date"),
        Ok(apart) => warn("database", format!("its clock differs by {apart} seconds")),
        Err(error) => fail("database", error.chain()),
    }
}

/// Whether each job succeeded recently, in any process.
async fn jobs(app: &App) -> Check {
    const WHAT: &str = "jobs";
    let ages = match jobs::ages(app).await {
        Ok(ages) => ages,
        Err(error) => return fail(WHAT, error.chain()),
    };
    let late: Vec<_> = ages.iter().filter(|it| it.is_late()).map(late).collect();
    if late.is_empty() {
        let oldest = ages.iter().filter_map(|it| it.seconds).max().unwrap_or(0);
        return ok(WHAT, format!("each succeeded in the last {oldest} seconds"));
    }
    if late.len() == ages.len() {
        let minutes = jobs::LATE_AFTER / 60;
        return warn(
            WHAT,
            format!("none succeeded in the last {minutes} minutes; is `serve` running?"),
        );
    }
    let says = format!("{}; see the log of `serve`", late.join(", "));
    // A server that has just started has yet to run some of them.
    let is_new = ages.iter().all(|it| it.seconds.is_none() || !it.is_late());
    if is_new { warn(WHAT, says) } else { fail(WHAT, says) }
}

fn late(it: &jobs::Age) -> String {
    match it.seconds {
        Some(seconds) => format!("{} last succeeded {} minutes ago", it.name, seconds / 60),
        None => format!("{} never succeeded", it.name),
    }
}

async fn mail(app: &App, checks: &mut Vec<Check>) {
    checks.push(match (&app.mail, app.mail.check().await) {
        // Said already.
        (Transport::Folder(_), _) if app.config.site.is_https() => return,
        (Transport::Folder(folder), _) => warn(
            "mail",
            format!(
                "no mail is sent: mails are written to {}; set mail.smtp_url",
                folder.display()
            ),
        ),
        (Transport::Smtp(_), Ok(())) => ok("mail", "the SMTP server accepts the connection"),
        (Transport::Smtp(_), Err(error)) => fail("mail", error.chain()),
    });
    checks.push(match outbox::count_given_up(&app.db).await {
        Ok(0) => ok("outbox", "no mail was given up"),
        Ok(n) => warn("outbox", format!("mails given up: {n}; see `portcullis mail list`")),
        Err(error) => fail("outbox", error.chain()),
    });
}

async fn providers(app: &App, checks: &mut Vec<Check>) {
    match app.providers.states(app).await {
        Ok(states) => checks.extend(states.into_iter().map(|it| match it.problem {
            None => ok("provider", format!("{} is set up", it.name)),
            Some(problem) => fail("provider", format!("{}: {problem}", it.name)),
        })),
        Err(error) => checks.push(fail("provider", error.chain())),
    }
}
