//! Signing in with a password: one decision, one response, and no trust in a stranger's input.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE, URL_SAFE_NO_PAD};
use serde_json::json;

use crate::support::html;
use crate::support::provider::{Provider, ProviderUser};
use crate::support::{ADA, Browser, EVE, Engine, OTHER_PASSWORD, PASSWORD, TestApp, TestResponse};

const SIGN_IN: &str = "/api/sign-in/password";
const REFUSED: &str = "That email and password don't match.";

on_both!(the_right_password_leads_to_the_dashboard);
async fn the_right_password_leads_to_the_dashboard(app: TestApp) {
    let mut browser = app.browser();
    browser.sign_up(ADA).await;
    let page = browser.try_sign_in(ADA, PASSWORD).await;
    assert_eq!(browser.history, [(303, SIGN_IN.to_owned()), (200, "/dashboard".to_owned())]);
    assert!(page.shows("Overview") && page.shows(ADA), "{}", page.text());
    assert!(browser.is_signed_in().await);
}

on_both!(a_hydrated_form_receives_its_destination);
async fn a_hydrated_form_receives_its_destination(app: TestApp) {
    let mut browser = app.browser();
    browser.sign_up(ADA).await;
    let answer = browser.call(SIGN_IN, &[("email", ADA), ("password", PASSWORD)]).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json(), json!({"kind": "done", "notice": null, "go": "/dashboard"}));
    assert!(browser.is_signed_in().await);
}

on_both!(signing_in_ignores_the_case_of_the_email);
async fn signing_in_ignores_the_case_of_the_email(app: TestApp) {
    let mut browser = app.browser();
    browser.sign_up(ADA).await;
    browser.sign_in("ADA@Example.COM").await;
}

on_both!(v5_0_0__6_2_8__a_password_is_compared_exactly_as_typed);
async fn v5_0_0__6_2_8__a_password_is_compared_exactly_as_typed(app: TestApp) {
    let mut browser = app.browser();
    let password = "  Ａ password, with spaces  ";
    browser.call("/api/sign-up", &[("email", ADA), ("password", password)]).await;
    for other in [password.trim(), &password.to_lowercase(), "  A password, with spaces  "] {
        assert_eq!(browser.try_sign_in(ADA, other).await.alerts(), 1, "{other:?}");
    }
    browser.try_sign_in(ADA, password).await;
    assert_eq!(browser.at, "/dashboard");
}

on_both!(v5_0_0__6_3_8__an_unknown_email_and_a_wrong_password_get_the_same_response);
async fn v5_0_0__6_3_8__an_unknown_email_and_a_wrong_password_get_the_same_response(app: TestApp) {
    app.browser().sign_up(ADA).await;
    let verifications = || app.app.hasher.verifications();

    let mut answers = Vec::new();
    for email in [ADA, EVE] {
        let fields = [("email", email), ("password", OTHER_PASSWORD)];
        let before = verifications();
        let called = app.browser().call(SIGN_IN, &fields).await;
        assert_eq!(verifications() - before, 1, "one verification for {email}");
        assert_eq!(called.status, 401);
        assert_eq!(called.json(), "invalid_credentials");

        let mut browser = app.browser();
        browser.at = "/sign-in".to_owned();
        let posted = browser.post(SIGN_IN, &fields).await;
        assert_eq!(verifications() - before, 2);
        let page = browser.follow(posted.clone()).await;
        answers.push([called, posted, page].map(|it| it.comparable(email)));
    }
    assert_eq!(answers[0], answers[1]);

    let before = verifications();
    app.browser().sign_in(ADA).await;
    assert_eq!(verifications() - before, 1, "and one for the right password");
}

on_both!(a_refused_form_without_scripts_keeps_its_input_except_the_password);
async fn a_refused_form_without_scripts_keeps_its_input_except_the_password(app: TestApp) {
    let mut browser = app.browser();
    browser.sign_up(ADA).await;
    browser.at = "/sign-in?next=/dashboard/profile".to_owned();
    let fields = [
        ("email", ADA),
        ("password", OTHER_PASSWORD),
        ("next", "/dashboard/profile"),
        ("remember", "on"),
    ];
    let posted = browser.post(SIGN_IN, &fields).await;
    assert_eq!(posted.status, 303);
    assert_eq!(posted.location().unwrap(), "/sign-in?next=/dashboard/profile");
    let page = browser.follow(posted).await;
    assert_eq!(page.status, 200);
    assert!(page.shows(REFUSED));
    assert_eq!(page.alerts(), 1);
    assert_eq!(page.value_of("email").as_deref(), Some(ADA));
    assert_eq!(page.value_of("next").as_deref(), Some("/dashboard/profile"));
    assert!(page.text().contains("name=\"remember\" checked"), "{}", page.text());
    // Neither in the field nor in the data for hydration.
    assert!(!page.text().contains(OTHER_PASSWORD));
    assert_eq!(page.value_of("password").unwrap_or_default(), "");
    // A flash is shown once.
    let page = browser.visit("/sign-in").await;
    assert_eq!(page.alerts(), 0);
    assert_ne!(page.value_of("email").as_deref(), Some(ADA));
}

on_both!(submitted_text_is_escaped_when_shown_again);
async fn submitted_text_is_escaped_when_shown_again(app: TestApp) {
    let mut browser = app.browser();
    let typed = "\"><script>alert(1)</script>\u{2028}</script>";
    let page = browser.try_sign_in(typed, PASSWORD).await;
    assert_eq!(page.value_of("email").as_deref(), Some(typed));
    assert!(!page.text().contains("<script>alert"), "{}", page.text());
}

on_both!(missing_fields_are_reported_at_their_fields);
async fn missing_fields_are_reported_at_their_fields(app: TestApp) {
    let mut browser = app.browser();
    for fields in [&[][..], &[("email", ""), ("password", "")], &[("unknown", "x")]] {
        let answer = browser.call(SIGN_IN, fields).await;
        assert_eq!(answer.status, 422);
        let problems = json!({"invalid": {"email": "missing", "password": "missing"}});
        assert_eq!(answer.json(), problems);
    }
    let page = browser.try_sign_in("", "").await;
    assert_eq!(browser.at, "/sign-in");
    assert_eq!(page.problem_at("email").as_deref(), Some("Enter your email address."));
    assert_eq!(page.problem_at("password").as_deref(), Some("Enter a password."));
    assert_eq!(app.app.hasher.verifications(), 0);
}

on_both!(v5_0_0__2_2_1__malformed_input_is_refused_and_nothing_is_stored);
async fn v5_0_0__2_2_1__malformed_input_is_refused_and_nothing_is_stored(app: TestApp) {
    let mut browser = app.browser();
    let long = format!("{}@example.com", "a".repeat(300));
    let many = "x".repeat(257);
    for (email, password) in [
        ("ada@example.com\0", PASSWORD),
        ("ada\r\nbcc: eve@example.com", PASSWORD),
        ("\u{7f}ada@example.com", PASSWORD),
        ("аda@example.com", PASSWORD),
        (&long, PASSWORD),
        (ADA, &many),
    ] {
        for path in [SIGN_IN, "/api/sign-up"] {
            let answer = browser.call(path, &[("email", email), ("password", password)]).await;
            assert_eq!(answer.status, 422, "{path} {email:?}: {}", answer.text());
            assert!(answer.json()["invalid"].is_object());
        }
    }
    for body in ["email=%ff%fe&password=x", "email=%c3%28", "%ff=x", "email=\u{0}%80"] {
        for path in [SIGN_IN, "/api/sign-up"] {
            assert_eq!(post_raw(&mut browser, path, body).await.status, 400, "{path} {body:?}");
        }
    }
    for path in [SIGN_IN, "/api/sign-up"] {
        let answer = browser.call(path, &[("email", ADA), ("password", "fifteen\0letters")]).await;
        assert_eq!(answer.json(), json!({"invalid": {"password": "control"}}), "{path}");
    }
    assert_eq!(app.comparable_rows().await, [""; 0]);
}

async fn post_raw(browser: &mut Browser, path: &str, body: &'static str) -> TestResponse {
    let request = axum::http::Request::post(path)
        .header("content-type", "application/x-www-form-urlencoded")
        .header("accept", "application/json")
        .header("sec-fetch-site", "same-origin");
    browser.send(request.body(body.into()).unwrap()).await
}

on_both!(a_field_sent_twice_is_refused);
async fn a_field_sent_twice_is_refused(app: TestApp) {
    let mut browser = app.browser();
    browser.sign_up(ADA).await;
    let fields = [("email", EVE), ("password", PASSWORD), ("email", ADA), ("password", PASSWORD)];
    let answer = browser.call(SIGN_IN, &fields).await;
    assert!(answer.status.is_client_error(), "{} {}", answer.status, answer.text());
    assert_eq!(app.count_sessions().await, 0);
}

on_both!(v5_0_0__3_7_2__only_paths_of_this_site_are_followed_after_signing_in);
async fn v5_0_0__3_7_2__only_paths_of_this_site_are_followed_after_signing_in(app: TestApp) {
    app.browser().sign_up(ADA).await;
    for (next, expected) in [
        ("", "/dashboard"),
        ("/dashboard/sessions", "/dashboard/sessions"),
        ("https://evil.example/dashboard", "/dashboard"),
        ("//evil.example", "/dashboard"),
        ("/\\evil.example", "/dashboard"),
        ("/dashboard/../../evil", "/dashboard"),
        ("/%2f%2fevil.example", "/dashboard"),
        ("/dashboard\r\nset-cookie: a=b", "/dashboard"),
        ("javascript:alert(1)", "/dashboard"),
        ("/\t/evil.example", "/dashboard"),
    ] {
        let fields = [("email", ADA), ("password", PASSWORD), ("next", next)];
        let posted = app.browser().post(SIGN_IN, &fields).await;
        assert_eq!(posted.location().as_deref(), Some(expected), "{next:?} natively");
        let mut browser = app.browser();
        let called = browser.call(SIGN_IN, &fields).await;
        assert_eq!(called.json()["go"], expected, "{next:?} hydrated");
        // The same rule applies to a user who is already signed in.
        let query =
            url::form_urlencoded::Serializer::new(String::new()).append_pair("next", next).finish();
        let again = browser.get(&format!("/sign-in?{query}")).await;
        assert_eq!(again.location().as_deref(), Some(expected), "{next:?} signed in");
    }
}

on_both!(a_page_requested_while_signed_out_is_shown_after_signing_in);
async fn a_page_requested_while_signed_out_is_shown_after_signing_in(app: TestApp) {
    let mut browser = app.browser();
    browser.sign_up(ADA).await;
    let page = browser.visit("/dashboard/sessions").await;
    assert_eq!(browser.at, "/sign-in?next=/dashboard/sessions");
    let next = page.value_of("next").unwrap();
    let fields = [("email", ADA), ("password", PASSWORD), ("next", next.as_str())];
    let page = browser.post_form(SIGN_IN, &fields).await;
    assert_eq!(browser.at, "/dashboard/sessions");
    assert!(page.shows("This browser"));
}

on_both!(invalid_cookies_sign_nobody_in);
async fn invalid_cookies_sign_nobody_in(app: TestApp) {
    let owner = app.signed_in_browser(ADA).await;
    let real = owner.session().unwrap();
    let tampered: String = real
        .chars()
        .rev()
        .enumerate()
        .map(|(i, c)| match (i, c) {
            (0, 'A') => 'B',
            (0, _) => 'A',
            _ => c,
        })
        .collect::<String>()
        .chars()
        .rev()
        .collect();
    let long = "A".repeat(3000);
    for value in
        ["", "x", "null", "../../etc", "%00%ff", "\u{e9}", &long, &real[1..], &tampered, "a=b"]
    {
        for name in [
            "portcullis",
            "portcullis-flash",
            "portcullis-authorization",
            "portcullis-provider",
            "portcullis-appearance",
        ] {
            let mut browser = app.browser();
            browser.cookies.insert(name.to_owned(), value.to_owned());
            let answer = browser.get("/dashboard").await;
            assert_eq!(
                answer.location().as_deref(),
                Some("/sign-in?next=/dashboard"),
                "{name}={value}"
            );
            let page = browser.get("/sign-in").await;
            assert_eq!((page.status.as_u16(), page.alerts()), (200, 0), "{name}={value}");
            assert_eq!(browser.call("/api/viewer", &[]).await.status, 401);
            // So that no earlier failure delays this attempt.
            app.clock.advance(900);
            let called =
                browser.call(SIGN_IN, &[("email", ADA), ("password", OTHER_PASSWORD)]).await;
            assert_eq!(called.status, 401, "{name}={value}");
        }
    }
}

on_both!(a_forged_error_in_a_url_shows_nothing);
async fn a_forged_error_in_a_url_shows_nothing(app: TestApp) {
    let clean = html::visible(&app.browser().visit("/sign-in").await.text());
    for error in ["\"invalid_credentials\"", "\"internal\"", "{\"x\":1}", "Call 555-0199"] {
        for encoded in [URL_SAFE.encode(error), STANDARD.encode(error), error.to_owned()] {
            let query = url::form_urlencoded::Serializer::new(String::new())
                .append_pair("__path", SIGN_IN)
                .append_pair("__err", &encoded)
                .finish();
            for query in [query.clone(), query.replace("__", "%5F_")] {
                let page = app.browser().visit(&format!("/sign-in?{query}")).await;
                assert_eq!(page.status, 200);
                assert_eq!(html::visible(&page.text()), clean, "{query}");
                assert!(!page.text().contains("555-0199"));
            }
        }
    }
}

on_both!(a_forged_flash_shows_nothing);
async fn a_forged_flash_shows_nothing(app: TestApp) {
    let flash = json!({
        "endpoint": SIGN_IN,
        "outcome": {"Err": "invalid_credentials"},
        "typed": [["email", "call 555-0199"]],
    })
    .to_string();
    // Text sealed for another purpose is no flash either.
    let elsewhere = app.app.seal.seal("authorization request x", flash.as_bytes()).unwrap();
    let now = app.clock.now();
    let sealed =
        |until: i64| app.app.seal.seal("flash", format!("[{until},{flash}]").as_bytes()).unwrap();
    for (value, expected) in [
        (flash.clone(), 0),
        (URL_SAFE_NO_PAD.encode(&flash), 0),
        (elsewhere, 0),
        // A flash of ours that was kept longer than its minute.
        (sealed(now), 0),
        (sealed(now + 60), 1),
    ] {
        let mut browser = app.browser();
        browser.cookies.insert("portcullis-flash".to_owned(), value);
        let page = browser.visit("/sign-in").await;
        assert_eq!((page.status.as_u16(), page.alerts()), (200, expected));
        assert_eq!(page.text().contains("555-0199"), expected == 1);
    }
}

on_both!(a_hash_with_outdated_parameters_is_renewed_at_the_next_successful_sign_in);
async fn a_hash_with_outdated_parameters_is_renewed_at_the_next_successful_sign_in(app: TestApp) {
    const HASH: &str = "SELECT hash FROM passwords";
    app.browser().sign_up(ADA).await;
    let old = app.text(HASH).await;
    assert!(old.starts_with("$argon2id$v=19$m=8,t=1,p=1$"), "{old}");

    let stronger = app.reopen("[password]\nmemory_kib = 16\niterations = 2\n").await;
    let mut browser = app.browser().with_app(&stronger);
    browser.try_sign_in(ADA, OTHER_PASSWORD).await;
    assert_eq!(app.text(HASH).await, old, "a wrong password renews nothing");

    browser.sign_in(ADA).await;
    let renewed = app.text(HASH).await;
    assert!(renewed.starts_with("$argon2id$v=19$m=16,t=2,p=1$"), "{renewed}");
    let before = stronger.hasher.verifications();
    browser.sign_in(ADA).await;
    assert_eq!(stronger.hasher.verifications() - before, 1);
    assert_eq!(app.text(HASH).await, renewed, "a hash of today stays");
}

on_both!(v5_0_0__15_2_2__sign_ins_over_the_hashing_capacity_get_503_with_retry_after);
async fn v5_0_0__15_2_2__sign_ins_over_the_hashing_capacity_get_503_with_retry_after(
    engine: Engine,
) {
    // A sign-in takes about 100 ms of one thread.
    let slow = "[password]\nmax_wait = \"1s\"\nmemory_kib = 65536\niterations = 2\n";
    let app = TestApp::with_settings(engine, slow).await;
    let attempts: Vec<_> = (0..80)
        .map(|n| {
            let mut browser = app.browser();
            let email = format!("user{n}@example.com");
            tokio::spawn(async move {
                browser.call(SIGN_IN, &[("email", &email), ("password", PASSWORD)]).await
            })
        })
        .collect();
    let (mut checked, mut sent_away) = (0, 0);
    for attempt in attempts {
        let answer = attempt.await.unwrap();
        if answer.status == 401 {
            checked += 1;
            continue;
        }
        sent_away += 1;
        assert_eq!(answer.status, 503, "{}", answer.text());
        let seconds: u64 = answer.header("retry-after").parse().unwrap();
        assert!((1..=30).contains(&seconds), "{seconds}");
        assert_eq!(answer.json()["busy"]["retry_after"], seconds);
    }
    assert!(checked > 0 && sent_away > 0, "{checked} checked, {sent_away} sent away");
    let page = app.browser().try_sign_in(ADA, PASSWORD).await;
    assert!(page.shows(REFUSED), "the line has cleared");
}

on_both!(v5_0_0__16_5_3__typed_text_survives_a_database_outage);
async fn v5_0_0__16_5_3__typed_text_survives_a_database_outage(app: TestApp) {
    let mut browser = app.browser();
    let form = "/sign-in?next=/dashboard/profile";
    browser.visit(form).await;
    app.app.db.close().await;
    let page = browser.post(SIGN_IN, &[("email", ADA), ("password", PASSWORD)]).await;
    assert_eq!(page.status, 503, "{}", page.text());
    let text = page.text();
    let way_on = html::elements(&text, "a").into_iter().find(|it| it.contains("button")).unwrap();
    let way_on = html::attribute(way_on, "href").unwrap();
    assert_eq!(way_on, app.app.config.site.url.join(form).unwrap().as_str());

    let page = browser.visit(form).await;
    assert_eq!(page.value_of("email").as_deref(), Some(ADA));
    assert_eq!(page.alerts(), 0, "{}", page.text());
    assert!(!page.text().contains(PASSWORD));
}

on_both!(the_database_holds_no_password);
async fn the_database_holds_no_password(app: TestApp) {
    app.signed_in_browser(ADA).await;
    let rows = app.all_rows().await.join("\n");
    assert!(rows.contains(ADA));
    assert!(!rows.contains(PASSWORD));
}

on_both!(the_page_begins_with_what_the_browser_used_last);
async fn the_page_begins_with_what_the_browser_used_last(engine: Engine) {
    let idp = Provider::start().await;
    let settings = format!("[sign_in]\nby_mail = \"on\"\n{}{}", idp.oidc("one"), idp.oidc("two"));
    let site = TestApp::with_settings(engine, &settings).await;
    let ways = |page: &TestResponse| -> Vec<&'static str> {
        let text = page.text();
        let main = text.split("<main").nth(1).unwrap().split("</main>").next().unwrap().to_owned();
        let marks = [
            ("one", "value=\"one\""),
            ("two", "value=\"two\""),
            ("password", "action=\"/api/sign-in/password\""),
            ("passkey", "action=\"/api/sign-in/passkey\""),
            ("email", "href=\"/sign-in-by-mail"),
        ];
        let mut found = marks.map(|(name, mark)| (main.find(mark).unwrap(), name));
        found.sort_unstable();
        found.into_iter().map(|it| it.1).collect()
    };
    let mut browser = site.browser();
    let usual = ["one", "two", "password", "passkey", "email"];
    assert_eq!(ways(&browser.visit("/sign-in").await), usual);
    browser.sign_up(ADA).await;
    browser.sign_in(ADA).await;
    let mut passkey = browser.add_passkey("Laptop").await;
    site.mark_verified(ADA).await;
    for (method, first) in [
        ("password", ["password", "one", "two", "passkey", "email"]),
        ("passkey", ["passkey", "one", "two", "password", "email"]),
        ("email", ["email", "one", "two", "password", "passkey"]),
        ("two", ["two", "one", "password", "passkey", "email"]),
    ] {
        match method {
            "password" => {}
            "passkey" => drop(browser.sign_in_with(&mut passkey).await),
            "email" => {
                site.browser().sign_up(EVE).await;
                site.mark_verified(EVE).await;
                site.mails().await;
                browser.call("/api/sign-in/mail", &[("email", EVE)]).await;
                browser.visit(&site.mail().await.link()).await;
                browser.call("/api/sign-in/link", &[]).await;
            }
            _ => {
                let there = browser.start_sign_in_at("two").await;
                let person = ProviderUser::named("two").with_email("two@example.com", true);
                browser.visit(&idp.consent(&there, &person)).await;
            }
        }
        assert!(browser.is_signed_in().await, "{method}");
        browser.post("/api/sign-out", &[]).await;
        assert_eq!(ways(&browser.visit("/sign-in").await), first, "{method}");
    }
    // A method that is gone, or never was one, counts as unknown.
    for word in ["provider:three", "passkeys", "\u{202e}", ""] {
        browser.cookies.insert("portcullis-method".to_owned(), word.to_owned());
        assert_eq!(ways(&browser.visit("/sign-in").await), usual, "{word:?}");
    }
}
