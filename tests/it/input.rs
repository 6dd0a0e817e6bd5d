//! Input that no form of ours sends, in one table for all forms, sent as a program sends it and as a browser
//! without scripts does. It is refused at its field, and nothing is stored.

use axum::body::Body;
use axum::http::Request;
use serde_json::json;

use crate::support::features::PERMISSIONS;
use crate::support::{ADA, OTHER_PASSWORD, PASSWORD, TestApp};

/// A form: its endpoint, its page, and valid values of its fields.
struct Form {
    path: &'static str,
    page: &'static str,
    valid: &'static [(&'static str, &'static str)],
}

const SIGN_IN: Form = Form {
    path: "/api/sign-in/password",
    page: "/sign-in",
    valid: &[("email", ADA), ("password", PASSWORD)],
};
const SIGN_UP: Form = Form { path: "/api/sign-up", page: "/sign-up", valid: SIGN_IN.valid };
const CHANGE: Form = Form {
    path: "/api/password/change",
    page: "/dashboard/security",
    valid: &[("current_password", PASSWORD), ("new_password", OTHER_PASSWORD)],
};
const NAME: Form = Form {
    path: "/api/profile/display-name",
    page: "/dashboard/profile",
    valid: &[("display_name", "Ada")],
};

const NO_ADDRESS: &str = "Enter your email address.";
const MALFORMED: &str = "Enter an email address like ada@example.com.";
const LONG_ADDRESS: &str = "This email address is too long. Use one of 254 characters or fewer.";
const NOT_PLAIN: &str = "Use only unaccented letters, digits and symbols before the @.";
const NO_PASSWORD: &str = "Enter a password.";
const SHORT: &str = "Use 15 characters or more. A phrase of several words works well.";
const LONG: &str = "Use 256 characters or fewer.";
const CONTROL: &str = "Remove control characters and line breaks.";
const ILLEGIBLE: &str = "Remove line breaks and invisible characters.";
const LONG_NAME: &str = "Use 80 characters or fewer.";

/// A form, the invalid field, its value, and the message at that field.
type Row = (&'static Form, &'static str, String, &'static str);

fn table() -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    for form in [&SIGN_IN, &SIGN_UP] {
        for (email, sentence) in [
            ("", NO_ADDRESS),
            (" \t", NO_ADDRESS),
            ("ada", MALFORMED),
            ("ada@example.com\0", MALFORMED),
            ("\0", MALFORMED),
            ("\u{7f}ada@example.com", MALFORMED),
            ("ada@example.com\r\nbcc: eve@example.com", MALFORMED),
            ("аda@example.com", NOT_PLAIN),
            ("ada@bü_cher.example", MALFORMED),
            ("ada\u{202e}@example.com", NOT_PLAIN),
        ] {
            rows.push((form, "email", email.to_owned(), sentence));
        }
        let long = format!("ada@{}example.com", "a.".repeat(125));
        rows.push((form, "email", long, LONG_ADDRESS));
    }
    for (form, field) in [
        (&SIGN_IN, "password"),
        (&SIGN_UP, "password"),
        (&CHANGE, "current_password"),
        (&CHANGE, "new_password"),
    ] {
        rows.push((form, field, String::new(), NO_PASSWORD));
        rows.push((form, field, "hunter2 and more\0".to_owned(), CONTROL));
        rows.push((form, field, format!("hunter2{}", "x".repeat(250)), LONG));
        rows.push((form, field, format!("hunter2{}", "🗝".repeat(250)), LONG));
    }
    for (form, field) in [(&SIGN_UP, "password"), (&CHANGE, "new_password")] {
        rows.push((form, field, "hunter2".to_owned(), SHORT));
    }
    for (form, field) in [
        (&SIGN_IN, "password"),
        (&SIGN_UP, "password"),
        (&CHANGE, "current_password"),
        (&CHANGE, "new_password"),
    ] {
        for control in ["\n", "\u{7}", "\u{1b}", "\u{7f}", "\u{85}"] {
            rows.push((form, field, format!("hunter2 and {control} more"), CONTROL));
        }
    }
    for name in [
        "A\0da",
        "A\nda",
        "A\u{1b}[31mda",
        "A\u{202e}da",
        "A\u{2028}da",
        "A\u{2029}da",
        "\u{61c}Ada",
        "\u{200b}",
        "\u{2060}",
        "\u{ad}",
        "\u{3164}",
        "\u{2800}\u{2800}",
        "Ada\u{e0041}",
        "\u{301}",
    ] {
        rows.push((&NAME, "display_name", name.to_owned(), ILLEGIBLE));
    }
    rows.push((&NAME, "display_name", "é".repeat(81), LONG_NAME));
    rows
}

/// Returns the form's fields with valid values, except the row's field.
fn fields<'a>((form, field, value, _): &'a Row) -> Vec<(&'a str, &'a str)> {
    let replaced = |(name, right): &(&'a str, &'a str)| {
        (*name, if name == field { value.as_str() } else { *right })
    };
    form.valid.iter().map(replaced).collect()
}

on_both!(v5_0_0__2_2_1__a_program_is_told_which_field_is_invalid);
async fn v5_0_0__2_2_1__a_program_is_told_which_field_is_invalid(app: TestApp) {
    let (mut browser, mut stranger) = (app.signed_in_browser(ADA).await, app.browser());
    let before = (app.comparable_rows().await, app.app.hasher.verifications());
    for row in table() {
        let (form, field, value, _) = &row;
        let is_strangers = !form.page.starts_with("/dashboard");
        let sender = if is_strangers { &mut stranger } else { &mut browser };
        let answer = sender.call(form.path, &fields(&row)).await;
        assert_eq!(answer.status, 422, "{} {field} {value:?}: {}", form.path, answer.text());
        let answer = answer.json();
        let named: Vec<_> = answer["invalid"].as_object().unwrap().keys().collect();
        assert_eq!(named, [field], "{} {value:?}", form.path);
    }
    assert_eq!((app.comparable_rows().await, app.app.hasher.verifications()), before);
}

on_both!(v5_0_0__2_2_1__a_form_is_shown_again_with_a_message_at_the_invalid_field);
async fn v5_0_0__2_2_1__a_form_is_shown_again_with_a_message_at_the_invalid_field(app: TestApp) {
    let (mut browser, mut stranger) = (app.signed_in_browser(ADA).await, app.browser());
    let before = (app.comparable_rows().await, app.app.hasher.verifications());
    for row in table() {
        let (form, field, value, sentence) = &row;
        let is_strangers = !form.page.starts_with("/dashboard");
        let sender = if is_strangers { &mut stranger } else { &mut browser };
        sender.at = form.page.to_owned();
        let page = sender.post_form(form.path, &fields(&row)).await;
        let what = format!("{} {field} {value:?}", form.path);
        assert_eq!((page.status.as_u16(), sender.at.as_str()), (200, form.page), "{what}");
        assert_eq!(page.problem_at(field).as_deref(), Some(*sentence), "{what}");
        for secret in ["hunter2", PASSWORD, OTHER_PASSWORD] {
            assert!(!page.text().contains(secret), "{what}: {secret}");
        }
        for (other, _) in form.valid.iter().filter(|(name, _)| name != field) {
            assert_eq!(page.problem_at(other), None, "{what}: {other}");
        }
    }
    assert_eq!((app.comparable_rows().await, app.app.hasher.verifications()), before);
}

on_both!(a_missing_field_counts_as_empty);
async fn a_missing_field_counts_as_empty(app: TestApp) {
    let (mut browser, mut stranger) = (app.signed_in_browser(ADA).await, app.browser());
    for form in [&SIGN_IN, &SIGN_UP, &CHANGE] {
        let is_strangers = !form.page.starts_with("/dashboard");
        let sender = if is_strangers { &mut stranger } else { &mut browser };
        for (field, _) in form.valid {
            let rest: Vec<_> = form.valid.iter().copied().filter(|(it, _)| it != field).collect();
            let answer = sender.call(form.path, &rest).await;
            let missing = json!({"invalid": {(*field): "missing"}});
            assert_eq!((answer.status.as_u16(), answer.json()), (422, missing), "{}", form.path);
            sender.at = form.page.to_owned();
            let page = sender.post_form(form.path, &rest).await;
            assert!(page.problem_at(field).is_some(), "{} {field}", form.path);
        }
    }
}

on_both!(every_endpoint_refuses_invalid_utf8);
async fn every_endpoint_refuses_invalid_utf8(app: TestApp) {
    let mut browser = app.signed_in_browser(ADA).await;
    let before = app.comparable_rows().await;
    for (path, _) in PERMISSIONS.iter() {
        for body in
            [&b"email=%ff%fe&password=x"[..], b"id=%c3%28", b"%ff=x", b"email=\xff", b"\0%80"]
        {
            for (accept, kind) in [
                ("text/html", "text/html; charset=utf-8"),
                ("application/json", "application/json"),
            ] {
                let request = Request::post(*path)
                    .header("content-type", "application/x-www-form-urlencoded")
                    .header("sec-fetch-site", "same-origin")
                    .header("accept", accept)
                    .body(Body::from(body));
                let answer = browser.send(request.unwrap()).await;
                assert_eq!(answer.status, 400, "{path} {body:?}: {}", answer.text());
                assert_eq!(answer.header("content-type"), kind, "{path}");
            }
        }
    }
    assert_eq!(app.comparable_rows().await, before);
}

on_both!(a_post_of_another_content_type_is_refused_with_a_page);
async fn a_post_of_another_content_type_is_refused_with_a_page(app: TestApp) {
    for kind in ["application/json", "text/plain", "multipart/form-data; boundary=x", ""] {
        let request = Request::post(SIGN_UP.path)
            .header("content-type", kind)
            .header("sec-fetch-site", "same-origin")
            .header("accept", "text/html")
            .body(Body::from(format!("email={ADA}&password=a+long+enough+one")));
        let page = app.browser().send(request.unwrap()).await;
        assert_eq!(page.status, 415, "{kind:?}");
        assert!(page.shows("This URL accepts only form data."), "{kind:?}: {}", page.text());
    }
    assert_eq!(app.count_users().await, 0);
}

on_both!(a_get_to_an_api_endpoint_is_refused_with_a_page);
async fn a_get_to_an_api_endpoint_is_refused_with_a_page(app: TestApp) {
    let mut browser = app.signed_in_browser(ADA).await;
    for (path, _) in PERMISSIONS.iter() {
        let page = browser.get(path).await;
        assert_eq!(page.status, 405, "{path}");
        assert!(page.shows("This URL doesn't support that kind of request."), "{path}");
        assert_eq!(page.header("allow"), "POST", "{path}");
    }
}
