//! Passwords that attackers know are refused in every form that sets a password.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::Path;
use axum::routing::get;

use crate::support::app::Folder;
use crate::support::process::{err, out, run};
use crate::support::{ADA, EVE, Engine, OTHER_PASSWORD, PASSWORD, TestApp};

const COMMON: &str = "ManchesterUnited";
const SENTENCE: &str = "This password is on lists that attackers use.";

/// Tries a password in each form that sets one. Returns the problem at each field.
async fn refusals(
    app: &TestApp,
    site: &Arc<portcullis::server::App>,
    password: &str,
) -> Vec<String> {
    let mut browser = app.browser().with_app(site);
    browser.at = "/sign-up".to_owned();
    let fields = [("email", "new@example.com"), ("password", password)];
    let page = browser.post_form("/api/sign-up", &fields).await;
    let mut problems = vec![page.problem_at("password").unwrap_or_default()];

    let mut owner = app.browser().with_app(site);
    owner.sign_in(ADA).await;
    owner.at = "/dashboard/security".to_owned();
    let fields = [("current_password", PASSWORD), ("new_password", password)];
    let page = owner.post_form("/api/password/change", &fields).await;
    problems.push(page.problem_at("new_password").unwrap_or_default());

    app.mails().await;
    browser.call("/api/recovery/ask", &[("email", ADA)]).await;
    let link = app.mails().await.pop().unwrap().link();
    browser.visit(&link).await;
    let page = browser.post_form("/api/recovery/finish", &[("new_password", password)]).await;
    problems.push(page.problem_at("new_password").unwrap_or_default());
    problems
}

on_both!(v5_0_0__6_2_4__a_common_password_is_refused_in_every_form_that_sets_one);
async fn v5_0_0__6_2_4__a_common_password_is_refused_in_every_form_that_sets_one(app: TestApp) {
    app.browser().sign_up(ADA).await;
    for problem in refusals(&app, &app.app, COMMON).await {
        assert!(problem.contains(SENTENCE), "{problem:?}");
    }
    assert_eq!(app.count_users().await, 1);
}

on_both!(v5_0_0__6_2_11__a_password_based_on_the_sites_name_or_host_is_refused_in_every_form);
async fn v5_0_0__6_2_11__a_password_based_on_the_sites_name_or_host_is_refused_in_every_form(
    app: TestApp,
) {
    app.browser().sign_up(ADA).await;
    for password in ["portcullis2026!!!!!!!", "localhost localhost"] {
        for problem in refusals(&app, &app.app, password).await {
            assert!(
                problem.contains("your email address, your name or words of this site"),
                "{problem}"
            );
        }
        app.clock.advance(3600);
    }
}

on_both!(v5_0_0__6_1_2__passwords_based_on_the_documented_words_are_refused_in_every_form);
async fn v5_0_0__6_1_2__passwords_based_on_the_documented_words_are_refused_in_every_form(
    app: TestApp,
) {
    app.browser().sign_up(ADA).await;
    app.run("UPDATE users SET display_name = 'Zo\u{eb} M\u{fc}ller'").await;
    let site = app.reopen("[password]\ncontext_words = \"Acme  moon-rocket\"\n").await;
    for (password, refused) in [
        ("acme rocket 2026!", [true; 3]),
        ("moon moon moon 1969", [true; 3]),
        // The name of the account, which is not known at sign-up.
        ("Zo\u{eb}-m\u{fc}ller-1999", [false, true, true]),
        ("zoe.muller.zoe.muller", [false; 3]),
    ] {
        let problems = refusals(&app, &site, password).await;
        let found: Vec<_> = problems.iter().map(|it| it.contains("words of this site")).collect();
        assert_eq!(found, refused, "{password}: {problems:?}");
        app.clock.advance(3600);
    }
    let documented = std::fs::read_to_string("docs/security/authentication.md").unwrap();
    for source in
        ["`site.name`", "`site.url`", "email address", "display name", "`password.context_words`"]
    {
        assert!(documented.contains(source), "{source}");
    }
}

on_both!(v5_0_0__6_2_12__an_operators_breach_filter_refuses_the_passwords_in_it);
async fn v5_0_0__6_2_12__an_operators_breach_filter_refuses_the_passwords_in_it(engine: Engine) {
    let folder = Folder::new();
    std::fs::write(folder.path().join("list"), format!("{OTHER_PASSWORD}\nanother in the list\n"))
        .unwrap();
    let built = run(folder.path(), &[], &["breach", "build", "list"]);
    assert!(built.status.success(), "{}", err(&built));
    let said = out(&built);
    assert!(said.starts_with("list.filter: 2 passwords in "), "{said}");
    assert!(said.contains("False positives: 0 of 20000000 words that are not"), "{said}");
    let app = TestApp::start(engine).await;
    app.browser().sign_up(ADA).await;
    let path = folder.path().join("list.filter").display().to_string();
    let site = app.reopen(&format!("[password]\nbreached_filter = {path:?}\n")).await;
    for problem in refusals(&app, &site, OTHER_PASSWORD).await {
        assert!(problem.contains(SENTENCE), "{problem:?}");
    }
}

#[test]
fn an_unusable_breach_list_or_filter_gives_a_one_line_error() {
    let folder = Folder::new();
    std::fs::write(folder.path().join("empty"), "short\n\n").unwrap();
    std::fs::write(folder.path().join("text"), "no filter at all").unwrap();
    for (settings, arguments, expected) in [
        (&[][..], &["breach", "build", "nowhere"][..], "nowhere can't be read: "),
        (&[], &["breach", "build", "empty"], "empty has no password of 8 characters or more"),
        (&[], &["breach", "build", "text", "-o", "no/where"], "no/where can't be written: "),
        (
            &[("PORTCULLIS_PASSWORD__BREACHED_FILTER", "text")],
            &["serve"],
            "password.breached_filter: text is not a filter; create one with `portcullis breach build`",
        ),
    ] {
        let output = run(folder.path(), settings, arguments);
        assert!(!output.status.success(), "{arguments:?}");
        let line = err(&output);
        assert!(line.starts_with(&format!("portcullis: {expected}")), "{line}");
        assert_eq!(line.lines().count(), 1, "{line}");
    }
    assert!(!folder.path().join("no").exists());
}

on_both!(v5_0_0__6_2_12__a_range_query_sends_five_digits_and_its_failure_refuses_no_password);
async fn v5_0_0__6_2_12__a_range_query_sends_five_digits_and_its_failure_refuses_no_password(
    engine: Engine,
) {
    // SHA-1 of OTHER_PASSWORD, as `sha1sum` prints it.
    const DIGEST: &str = "E1267AD292B8E0AB4521C20AE55AFE646FDDE74F";
    let asked = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&asked);
    let answer = move |Path(prefix): Path<String>| {
        let seen = Arc::clone(&seen);
        async move {
            seen.lock().unwrap().push(prefix.clone());
            let padding = "0018A45C4D1DEF81644B54AB7F969B88D65:0";
            if DIGEST.starts_with(&prefix) {
                format!("{padding}\r\n{}:3\r\n", &DIGEST[5..])
            } else {
                padding.to_owned()
            }
        }
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = Router::new().route("/range/{prefix}", get(answer));
    let server = tokio::spawn(async move { axum::serve(listener, router).await });
    let app = TestApp::start(engine).await;
    app.browser().sign_up(ADA).await;
    let setting = format!("[password]\nbreached_range_url = \"http://{address}/range/\"\n");
    let site = app.reopen(&setting).await;
    for problem in refusals(&app, &site, OTHER_PASSWORD).await {
        assert!(problem.contains(SENTENCE), "{problem:?}");
    }
    let mut browser = app.browser().with_app(&site);
    let fields = [("email", "third@example.com"), ("password", "nobody has ever used this")];
    assert_eq!(browser.call("/api/sign-up", &fields).await.status, 200);
    assert!(asked.lock().unwrap().iter().all(|it| it.len() == 5), "{asked:?}");
    server.abort();
    let _ = server.await;
    let fields = [("email", "fourth@example.com"), ("password", OTHER_PASSWORD)];
    assert_eq!(browser.call("/api/sign-up", &fields).await.status, 200, "nobody is kept out");
}

on_both!(a_guessable_password_is_accepted_with_advice);
async fn a_guessable_password_is_accepted_with_advice(app: TestApp) {
    const ADVICE: &str = "This password is easy to guess. Add a few words to make it stronger.";
    // Long enough, in no list, and without the owner's own words: no rule refuses it.
    const GUESSABLE: &str = "abababababababab";
    for (email, password, expected) in [(ADA, GUESSABLE, true), (EVE, PASSWORD, false)] {
        let mut browser = app.browser();
        let fields = [("email", email), ("password", password)];
        let page = browser.post_form("/api/sign-up", &fields).await;
        assert!(page.shows("If that email address is new here, your account is ready."));
        assert_eq!(page.shows(ADVICE), expected, "{password}");
        browser.try_sign_in(email, password).await;
        assert_eq!(browser.at, "/dashboard", "{password}");
        // Changes the password to one of the other kind.
        let next = if expected { PASSWORD } else { GUESSABLE };
        let fields = [("current_password", password), ("new_password", next)];
        browser.visit("/dashboard/security").await;
        let page = browser.post_form("/api/password/change", &fields).await;
        assert!(page.shows("Password changed."), "{}", page.text());
        assert_eq!(page.shows(ADVICE), !expected, "{next}");
    }
}
