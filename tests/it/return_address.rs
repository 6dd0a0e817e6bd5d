//! After signing in, the visitor returns to exactly the URL that was requested.

use axum::http::Uri;
use proptest::prelude::*;
use url::{Position, Url};

use crate::properties::samples;
use crate::support::html::{attribute, elements};
use crate::support::{ADA, PASSWORD, ProviderUser, Social, TestApp};

const SIGN_IN: &str = "/api/sign-in/password";
const CONFIRM: &str = "/api/reauthentication/password";

/// URLs of this site, with queries as forms, links and users write them.
fn addresses() -> Vec<String> {
    let given = [
        "/dashboard",
        "/dashboard/activity?before=0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b",
        "/admin/users?q=ada+lovelace",
        "/admin/users?q=m%C3%BCller&sort=email",
        "/admin/users?q=ada%40example.com",
        "/admin/users?q=a%26b%3Dc",
        "/admin/users?q=100%25",
        "/admin/users?q=100%2525&sort=-created",
        "/admin/users?q=%2B1%2B2+3",
        "/admin/users?q=%E2%80%9Cq%E2%80%9D%20(x)!*'~",
        "/admin/users?q=ada@example.com,$;:[x]|{y}^`z\\",
        "/admin/users?q=%ZZ%&&=&q=&next=/dashboard?next=%2Fadmin",
        "/admin/audit?user=ada%40example.com&kind=&from=2026-01-01&until=",
        "/verify-address",
        "/reauthenticate?next=/dashboard/sessions",
    ];
    let query = "[!$%&'()*+,./0-9:;=?@A-Z_a-z~|-]{0,60}|(%[0-9A-F]{2}){0,20}";
    let path = prop::sample::select(vec!["/dashboard/sessions", "/admin/users", "/admin"]);
    let random = (path, query).prop_map(|(path, query)| format!("{path}?{query}"));
    let mut all: Vec<_> = given.iter().map(|it| (*it).to_owned()).collect();
    all.extend(samples(30, random).into_iter().filter(|it| it.parse::<Uri>().is_ok()));
    all.push(format!("/admin/users?q={}", "%C3%BC".repeat(300)));
    all
}

on_both!(v5_0_0__3_7_2__every_url_of_this_site_survives_signing_in);
async fn v5_0_0__3_7_2__every_url_of_this_site_survives_signing_in(app: TestApp) {
    app.browser().sign_up(ADA).await;
    app.run("DELETE FROM limits").await;
    for address in addresses() {
        let mut browser = app.browser();
        let page = browser.visit(&address).await;
        let next = page.value_of("next").unwrap();
        assert_eq!(next, address, "the form of {}", browser.at);
        let fields = [("email", ADA), ("password", PASSWORD), ("next", &next)];
        let answer = browser.clone().call(SIGN_IN, &fields).await;
        assert_eq!(answer.json()["go"], *address, "hydrated");
        // A refused attempt in between changes nothing.
        let page = browser.post_form(SIGN_IN, &[("email", ADA), ("next", &next)]).await;
        assert_eq!(page.value_of("next").unwrap(), address, "after a refusal");
        let answer = browser.post(SIGN_IN, &fields).await;
        assert_eq!(answer.location().unwrap(), address, "natively");
        let answer = browser.get(&browser.at.clone()).await;
        assert_eq!(answer.location().unwrap(), address, "signed in already");
        app.run("DELETE FROM limits").await;
    }
}

on_both!(v5_0_0__3_7_2__every_url_of_this_site_survives_reauthentication);
async fn v5_0_0__3_7_2__every_url_of_this_site_survives_reauthentication(app: TestApp) {
    let mut browser = app.signed_in_browser(ADA).await;
    let origin: Url = browser.origin.parse().unwrap();
    for address in addresses() {
        // As a browser writes it into the `Referer` header.
        let url = origin.join(&address).unwrap();
        let address = url[Position::BeforePath..].to_owned();
        app.run("DELETE FROM limits").await;
        app.clock.advance(601);
        browser.at.clone_from(&address);
        let page = browser.post_form("/api/sessions/end-others", &[]).await;
        let next = page.value_of("next").unwrap();
        assert_eq!(next, address, "the form of {}", browser.at);
        let fields = [("current_password", PASSWORD), ("next", &next)];
        let answer = browser.post(CONFIRM, &fields).await;
        assert_eq!(answer.location().unwrap(), address);
    }
}

on_both!(v5_0_0__3_7_2__every_url_of_this_site_survives_signing_in_by_provider_or_mail);
async fn v5_0_0__3_7_2__every_url_of_this_site_survives_signing_in_by_provider_or_mail(
    site: Social,
) {
    let app = &site.app;
    let ada = ProviderUser::named("ada").with_email(ADA, true);
    site.signed_in_browser("idp", &ada).await;
    app.mails().await;
    for address in addresses().into_iter().take(24) {
        app.run("DELETE FROM limits").await;
        let mut browser = app.browser();
        let page = browser.visit(&address).await;
        let html = page.text();
        let links = elements(&html, "a").into_iter().filter_map(|it| attribute(it, "href"));
        let by_mail = links.into_iter().find(|it| it.starts_with("/sign-in-by-mail")).unwrap();
        let next = page.value_of("next").unwrap();

        let fields = [("provider", "idp"), ("next", &*next)];
        let begun = browser.post("/api/sign-in/social", &fields).await;
        let authorize = begun.location().unwrap().parse().unwrap();
        let refused = browser.clone().visit(&site.idp.deny(&authorize)).await;
        assert_eq!(refused.value_of("next").unwrap(), address, "refused by a provider");
        let fields = [("provider", "idp"), ("next", &*next)];
        let begun = browser.post("/api/sign-in/social", &fields).await;
        let authorize = begun.location().unwrap().parse().unwrap();
        let answer = browser.get(&site.idp.consent(&authorize, &ada)).await;
        assert_eq!(answer.location().unwrap(), address, "by a provider");

        let mut browser = app.browser();
        let page = browser.visit(&by_mail).await;
        let next = page.value_of("next").unwrap();
        assert_eq!(next, address, "the form of {by_mail}");
        app.mails().await;
        browser.post("/api/sign-in/mail", &[("email", ADA), ("next", &next)]).await;
        let mail = app.mail().await;
        let code = &mail.text.split("Your sign-in code: ").nth(1).unwrap()[..6];
        let answer = browser.post("/api/sign-in/code", &[("code", code)]).await;
        assert_eq!(answer.location().unwrap(), address, "by mail");
    }
}

on_both!(removing_a_trailing_slash_keeps_the_query);
async fn removing_a_trailing_slash_keeps_the_query(app: TestApp) {
    let mut browser = app.signed_in_browser(ADA).await;
    app.assign_role(ADA, portcullis::role::ADMINISTRATOR).await;
    for (asked, led) in [
        ("/admin/users/?q=ada%20l&sort=email", "/admin/users?q=ada%20l&sort=email"),
        ("/dashboard/sessions//?x=//evil.example", "/dashboard/sessions?x=//evil.example"),
        ("/admin/audit/", "/admin/audit"),
    ] {
        let answer = browser.get(asked).await;
        assert_eq!(answer.status, 308, "{asked}");
        assert_eq!(answer.location().unwrap(), led);
    }
}

on_both!(a_filter_in_a_url_is_decoded_exactly_once);
async fn a_filter_in_a_url_is_decoded_exactly_once(app: TestApp) {
    let mut browser = app.signed_in_browser(ADA).await;
    app.assign_role(ADA, portcullis::role::ADMINISTRATOR).await;
    for (query, typed) in [("100%25", "100%"), ("a%2526b", "a%26b"), ("%2B1+2", "+1 2")] {
        let page = browser.visit(&format!("/admin/users?q={query}")).await;
        assert_eq!(page.value_of("q").as_deref(), Some(typed), "{query}");
    }
}

on_both!(a_url_with_non_ascii_bytes_redirects_to_the_sign_in_page);
async fn a_url_with_non_ascii_bytes_redirects_to_the_sign_in_page(app: TestApp) {
    let answer = app.browser().get("/dashboard/sessions?q=m\u{fc}ller").await;
    let to = answer.location().unwrap();
    assert_eq!(to, "/sign-in?next=/dashboard/sessions?q=m%25C3%25BCller");
}
