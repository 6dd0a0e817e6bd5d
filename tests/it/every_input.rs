//! Every field of every server function, every URL and every header, with text that no form of ours sends.
//! Other tests check the responses; these check only that no input causes a fault.

use std::collections::{BTreeMap, BTreeSet};

use axum::body::Body;
use axum::http::{HeaderValue, Request};
use portcullis::server::config::settings;

use crate::support::features::{
    ADMIN_PAGES, OPEN_PAGES, PERMISSIONS, PUBLIC_PAGES, UNVERIFIED_PAGES,
};
use crate::support::{Browser, Engine, PASSWORD, Social, TestApp};
use crate::tidy::sources;

/// A valid value for each field name. [`TestAdmin::filled_fields`] fills in the target's own.
const FIELDS: &[(&str, &str)] = &[
    ("about", "of a test"),
    ("actor", "command-line"),
    ("after", ""),
    ("app_code", "123456"),
    ("app_name", "Phone"),
    ("appearance", "dark"),
    ("attempt", ""),
    ("before", ""),
    ("code", "123456"),
    ("credential", "{}"),
    ("current_password", PASSWORD),
    ("display_name", "Ada"),
    ("email", "new@example.com"),
    ("end_others", "on"),
    ("format", "csv"),
    ("from", "2026-01-01"),
    ("id", ""),
    ("kind", "signed_in"),
    ("name", "support"),
    ("new_password", PASSWORD),
    ("passkey_name", "Laptop"),
    ("next", "/dashboard"),
    ("own", "users.read"),
    ("part", ""),
    ("password", PASSWORD),
    ("permissions", "billing:read"),
    ("provider", "idp"),
    ("q", "ada"),
    ("reason", "a test"),
    ("recovery_code", "0k7f39-m2qx8w-dt4np6-rstabc"),
    ("remember", "on"),
    ("role", ""),
    ("seen", "0"),
    ("sort", "email"),
    ("state", "disabled"),
    ("tells_removal", "true"),
    ("terms", "on"),
    ("ticket", ""),
    ("token", ""),
    ("trust", "on"),
    ("until", "2099-01-01"),
    ("user", ""),
];

/// The fields of the routes that are not server functions.
const ROUTES: &[(&str, &[&str])] = &[
    ("/api/admin/audit/export", &["user", "actor", "kind", "from", "until", "before", "format"]),
    ("/api/export", &[]),
];

/// Query parameters besides the fields, without `__path` and `__err`: a redirect removes those first.
const QUERIES: &[&str] = &["error", "iss", "\0"];

fn hostile_texts() -> Vec<String> {
    let mut texts: Vec<String> = [
        "\0",
        "a\0b",
        "ada@example.com\0",
        "019a0000-0000-7000-8000-000000000000\0",
        "password \0",
        "1.\0",
        "users.read\0",
        "\u{1}",
        "\t\r\n",
        "a\u{1b}[31mb",
        "\u{7f}",
        "\u{85}",
        "\u{ad}",
        "\u{200b}",
        "\u{2028}",
        "\u{202e}ada@example.com",
        "\u{e000}",
        "\u{feff}",
        "\u{fffe}",
        "\u{fffd}\u{10ffff}",
        "%00",
        "\\u0000",
        "' OR 1=1 --",
        "%_%",
        "-1",
        "9223372036854775808",
        "1e999",
        "0000-00-00",
        "9999-12-31",
        "9223372036854775807.019a0000-0000-7000-8000-000000000000",
    ]
    .map(str::to_owned)
    .into();
    for (text, times) in [
        ("a", 60000),
        ("e\u{301}\u{302}", 2000),
        ("a", 5000),
        ("漢 ", 2000),
        ("😀", 200),
        ("e\u{301}", 300),
        ("a@", 200),
    ] {
        texts.push(text.repeat(times));
    }
    texts
}

/// Invalid UTF-8: a surrogate half, an overlong NUL, an invalid byte, a truncated sequence.
const INVALID_UTF8: [&str; 4] = ["%ED%A0%80", "%C0%80", "%FF", "%E6%BC"];

/// Returns the part of a text between two others.
fn between<'a>(text: &'a str, start: &str, end: &str) -> Option<&'a str> {
    let rest = &text[text.find(start)? + start.len()..];
    rest.find(end).map(|it| &rest[..it])
}

/// Returns the fields of a form, as its struct declares them.
fn fields_of(all: &[(String, String)], form: &str) -> Vec<String> {
    let head = format!("pub struct {form} {{");
    let found = all.iter().find_map(|(_, text)| between(text, &head, "\n}"));
    let body = found.unwrap_or_else(|| panic!("no struct {form}"));
    let names = body.lines().filter_map(|it| it.trim().strip_prefix("pub "));
    names.filter_map(|it| it.split_once(':')).map(|it| it.0.to_owned()).collect()
}

/// Returns every server function by its path, with the names of its fields, read from the source.
fn functions() -> BTreeMap<String, Vec<String>> {
    let all = sources("src");
    let mut functions = BTreeMap::new();
    for (path, text) in &all {
        for declared in text.split("#[server(prefix = \"/api\", endpoint = \"").skip(1) {
            let (endpoint, _) = declared.split_once('"').unwrap();
            let declared = &declared[declared.find("pub async fn").unwrap()..];
            let arguments = between(declared, "(", ") -> Result<").unwrap();
            let mut fields = Vec::new();
            for argument in arguments.split("#[server(").skip(1) {
                let (how, rest) = argument.split_once(")]").unwrap();
                let (name, kind) = rest.trim().trim_end_matches(',').split_once(": ").unwrap();
                match how {
                    "flatten" => fields.extend(fields_of(&all, kind.trim_end_matches([',', '\n']))),
                    "default" => fields.push(name.to_owned()),
                    other => panic!("{path}: {endpoint}: {other}"),
                }
            }
            functions.insert(format!("/api/{endpoint}"), fields);
        }
    }
    for (path, fields) in ROUTES {
        functions.insert((*path).to_owned(), fields.iter().map(|&it| it.to_owned()).collect());
    }
    functions
}

#[test]
fn every_server_function_and_form_field_is_listed() {
    let functions = functions();
    let permitted: BTreeSet<_> = PERMISSIONS.iter().map(|it| it.0).collect();
    assert_eq!(functions.keys().map(String::as_str).collect::<BTreeSet<_>>(), permitted);
    let known: BTreeSet<_> = FIELDS.iter().map(|it| it.0).collect();
    let named: BTreeSet<_> = functions.values().flatten().map(String::as_str).collect();
    assert_eq!(named, known);
}

/// An administrator who may do everything, and a user to act on.
struct TestAdmin {
    browser: Browser,
    target: String,
    role: String,
}

impl TestAdmin {
    async fn new(app: &TestApp, n: usize) -> Self {
        let target = format!("target{n}@example.com");
        app.create_user(&target).await;
        let role = app.role(&format!("role-{n}"), &["users.read"]).await;
        Self { browser: app.administrator(&format!("admin{n}@example.com")).await, target, role }
    }

    /// Returns a function's fields with valid values, except one.
    async fn filled_fields(
        &self,
        app: &TestApp,
        fields: &[String],
        (field, text): (&str, &str),
    ) -> Vec<(String, String)> {
        let named = app.user_fields(&self.target).await;
        let right = |name: &str| match name {
            "role" | "part" => self.role.clone(),
            "user" => self.target.clone(),
            _ => named.iter().find(|it| it.0 == name).map_or_else(
                || FIELDS.iter().find(|it| it.0 == name).unwrap().1.to_owned(),
                |it| it.1.clone(),
            ),
        };
        let value = |name: &str| if name == field { text.to_owned() } else { right(name) };
        let key = |name: &str| if name == "own" { "own[0]".to_owned() } else { name.to_owned() };
        fields.iter().map(|it| (key(it), value(it))).collect()
    }
}

/// Starts a site with limits out of reach: a 429 would hide the response under test.
async fn unlimited(engine: Engine) -> TestApp {
    let limits = settings::all().filter_map(|it| it.key.strip_prefix("limit."));
    let limits: Vec<_> = limits.map(|it| format!("{it} = \"1000000/1h\"\n")).collect();
    let limits = limits.concat();
    let settings = format!("[http]\ntrusted_proxies = \"192.0.2.0/24\"\n[limit]\n{limits}");
    Social::with_settings(engine, &settings).await.app
}

on_both!(v5_0_0__16_5_1__no_text_in_any_field_causes_a_fault);
async fn v5_0_0__16_5_1__no_text_in_any_field_causes_a_fault(engine: Engine) {
    let app = unlimited(engine).await;
    let texts = hostile_texts();
    for (n, (path, fields)) in functions().into_iter().enumerate() {
        if fields.is_empty() {
            continue;
        }
        let mut actor = TestAdmin::new(&app, n).await;
        let mut stranger = app.browser();
        for (field, text) in fields.iter().flat_map(|it| texts.iter().map(move |text| (it, text))) {
            let filled = actor.filled_fields(&app, &fields, (field, text)).await;
            let sent: Vec<_> = filled.iter().map(|it| (it.0.as_str(), it.1.as_str())).collect();
            let what = || format!("{path} {field} {:?}", text.chars().take(60).collect::<String>());
            for browser in [&mut actor.browser, &mut stranger] {
                let answer = browser.call(&path, &sent).await;
                assert!(answer.status.as_u16() < 500, "{}: {}", what(), answer.text());
                let answer = browser.post(&path, &sent).await;
                assert!(answer.status.as_u16() < 500, "{}: {}", what(), answer.text());
            }
        }
    }
}

on_both!(v5_0_0__2_2_1__invalid_utf8_is_refused_in_every_field);
async fn v5_0_0__2_2_1__invalid_utf8_is_refused_in_every_field(app: TestApp) {
    let mut browser = app.signed_in_browser("ada@example.com").await;
    for (path, fields) in functions() {
        for (field, bytes) in fields.iter().flat_map(|it| INVALID_UTF8.map(|bytes| (it, bytes))) {
            let request = Request::post(&path)
                .header("content-type", "application/x-www-form-urlencoded")
                .header("sec-fetch-site", "same-origin")
                .header("accept", "application/json")
                .body(Body::from(format!("{field}=a{bytes}")));
            let answer = browser.send(request.unwrap()).await;
            assert_eq!(answer.status, 400, "{path} {field} {bytes}: {}", answer.text());
        }
    }
}

/// Returns every page, and every path with a part that the visitor chooses.
fn paths(text: &str) -> Vec<String> {
    let own = ["", "/profile", "/security", "/linked-accounts", "/sessions", "/activity"];
    let own = own.map(|it| format!("/dashboard{it}"));
    let pages =
        PUBLIC_PAGES.iter().chain(OPEN_PAGES.iter()).chain(UNVERIFIED_PAGES.iter()).copied();
    let pages = pages.chain(ADMIN_PAGES.iter().map(|it| it.0)).map(str::to_owned);
    let open = [
        "/{}",
        "/tickets/{}",
        "/social/{}/callback",
        "/social/idp/callback",
        "/pkg/{}/{}",
        "/admin/{}",
        "/api/{}",
        "/.well-known/{}",
        "/health/{}",
    ];
    let open = open.map(|it| it.replace("{}", text));
    pages.chain(own).chain(open).collect()
}

on_both!(v5_0_0__16_5_1__no_url_causes_a_fault);
async fn v5_0_0__16_5_1__no_url_causes_a_fault(engine: Engine) {
    let app = unlimited(engine).await;
    let (mut admin, mut stranger) = (app.administrator("ada@example.com").await, app.browser());
    let encode =
        |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let texts =
        hostile_texts().into_iter().map(|it| encode(&it.chars().take(100).collect::<String>()));
    for text in texts.chain(INVALID_UTF8.map(str::to_owned)) {
        let names = FIELDS.iter().map(|it| it.0).chain(QUERIES.iter().copied());
        let query: Vec<_> = names.map(|it| format!("{}={text}", encode(it))).collect();
        for path in paths(&text.replace('+', "%20")) {
            for browser in [&mut admin, &mut stranger] {
                let address = format!("{path}?{}", query.join("&"));
                let answer = browser.get(&address).await;
                assert!(answer.status.as_u16() < 500, "{path} {text}: {}", answer.text());
            }
        }
    }
}

/// Returns header values. The first has every byte that a header can hold: no control character but the tab.
fn header_values() -> Vec<HeaderValue> {
    let all: Vec<u8> = (0x20..=0x7e).chain(0x80..=0xff).chain([b'\t']).collect();
    [
        &all[..],
        b"\x80",
        b"\xed\xa0\x80",
        b"\xc2\x85",
        b"\xef\xbb\xbf",
        b"",
        b"%00",
        b"=;,=\"",
        &[b'a'; 8000],
    ]
    .map(|it| HeaderValue::from_bytes(it).unwrap())
    .into()
}

const HEADERS: &[&str] = &[
    "accept",
    "accept-encoding",
    "accept-language",
    "content-type",
    "cookie",
    "forwarded",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "origin",
    "range",
    "referer",
    "sec-fetch-dest",
    "sec-fetch-mode",
    "sec-fetch-site",
    "traceparent",
    "user-agent",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-request-id",
];

on_both!(v5_0_0__16_5_1__no_header_causes_a_fault);
async fn v5_0_0__16_5_1__no_header_causes_a_fault(engine: Engine) {
    let app = unlimited(engine).await;
    let mut browser = app.browser();
    browser.sign_up("ada@example.com").await;
    for name in HEADERS {
        for value in header_values() {
            let sign_in = browser.request(
                "/api/sign-in/password",
                &[("email", "ada@example.com"), ("password", PASSWORD)],
            );
            let page = Request::get("/dashboard/sessions").header("sec-fetch-mode", "navigate");
            for mut request in [sign_in, page.body(Body::empty()).unwrap()] {
                request.headers_mut().insert(*name, value.clone());
                let answer = app.browser().send(request).await;
                assert!(answer.status.as_u16() < 500, "{name}: {value:?}: {}", answer.text());
            }
        }
    }
}

on_both!(v5_0_0__16_5_1__no_cookie_causes_a_fault);
async fn v5_0_0__16_5_1__no_cookie_causes_a_fault(engine: Engine) {
    let app = unlimited(engine).await;
    let mut signed_in = app.signed_in_browser("ada@example.com").await;
    signed_in.visit("/sign-in-by-mail").await;
    let names = [
        "",
        "-flash",
        "-authorization",
        "-appearance",
        "-provider",
        "-ticket",
        "-browser",
        "-mail",
    ];
    let long = "a".repeat(5000);
    for name in names.map(|it| format!("portcullis{it}")) {
        for value in [
            "",
            "%00",
            "a%00b",
            "\"",
            "%ED%A0%80",
            "%FF",
            "\u{e9}",
            "\u{2028}",
            "....",
            "e30",
            &long,
        ] {
            let mut browser = signed_in.clone();
            browser.cookies.insert(name.clone(), value.to_owned());
            for path in [
                "/",
                "/ticket",
                "/sign-in-code",
                "/dashboard",
                "/social/idp/callback?state=a&code=b",
            ] {
                let answer = browser.clone().get(path).await;
                assert!(answer.status.as_u16() < 500, "{name}={value} {path}: {}", answer.text());
            }
            let answer = browser.call("/api/sign-in/code", &[("code", "123456")]).await;
            assert!(answer.status.as_u16() < 500, "{name}={value}: {}", answer.text());
        }
    }
}
