//! New users whose provider said too little: a form asks for the rest, in the browser that began, for an hour.

use portcullis::server::jobs;
use portcullis::sign_up::SignUpProblem::TermsNotAccepted;
use portcullis::social::SocialProblem::{EmailTaken, Expired};
use serde_json::json;

use crate::support::social::FINISH;
use crate::support::{ADA, Browser, EVE, Engine, ProviderEndpoint, ProviderUser, Social, TestApp};

const SEND: &str = "/api/sign-up/finish";
const TERMS: &str = "[sign_up]\nterms_url = \"https://example.com/terms\"\n";

fn nobody() -> ProviderUser {
    ProviderUser { name: String::new(), ..ProviderUser::named("7") }
}

fn ada() -> ProviderUser {
    ProviderUser::named("ada").with_email(ADA, true)
}

async fn asked_browser(site: &Social, name: &str, person: &ProviderUser) -> Browser {
    let mut browser = site.app.browser();
    site.arrive(&mut browser, name, person).await;
    assert_eq!(browser.at, FINISH);
    assert_eq!(site.app.count_users().await, 0);
    browser
}

on_both!(a_user_without_email_and_name_is_asked_for_both);
async fn a_user_without_email_and_name_is_asked_for_both(site: Social) {
    let mut browser = asked_browser(&site, "idp", &nobody()).await;
    let page = browser.visit(FINISH).await;
    assert!(page.shows("You chose to continue with idp as 7"), "{}", page.text());
    assert!(!page.shows("terms of service"));
    // A refused form keeps what was typed, and can be sent again.
    let page = browser.post_form(SEND, &[("email", "ada@"), ("display_name", "Ada\u{7}")]).await;
    assert_eq!(browser.at, FINISH);
    assert!(page.problem_at("email").is_some() && page.problem_at("display_name").is_some());
    assert!(page.text().contains("value=\"ada@\""));
    let page = browser.post_form(SEND, &[("email", ADA), ("display_name", "Ada L.")]).await;
    assert_eq!(browser.at, "/dashboard");
    assert!(page.shows("We sent a link to your email address."), "{}", page.text());
    // The address counts once the link was opened, in this browser.
    let viewer = browser.call("/api/viewer", &[]).await.json();
    assert_eq!((&viewer["email"], &viewer["display_name"]), (&json!(null), &json!("Ada L.")));
    let mail = site.app.mail().await;
    assert_eq!(mail.to, ADA);
    browser.visit(&mail.link()).await;
    browser.post_form("/api/verification/finish-change", &[]).await;
    let viewer = browser.call("/api/viewer", &[]).await.json();
    assert_eq!((&viewer["email"], &viewer["email_verified"]), (&json!(ADA), &json!(true)));
    // Known from now on.
    site.arrive(&mut site.app.browser(), "idp", &nobody()).await;
    assert_eq!(site.app.count_users().await, 1);
}

on_both!(only_what_is_missing_is_asked_and_only_what_is_asked_counts);
async fn only_what_is_missing_is_asked_and_only_what_is_asked_counts(site: Social) {
    // The provider vouches for the address: no other can be typed.
    let person = ProviderUser { name: String::new(), ..ada() };
    let mut browser = asked_browser(&site, "idp", &person).await;
    let page = browser.visit(FINISH).await;
    assert!(!page.shows("Email address") && page.shows("Your name"), "{}", page.text());
    browser.post_form(SEND, &[("email", EVE), ("display_name", "Ada")]).await;
    let viewer = browser.call("/api/viewer", &[]).await.json();
    assert_eq!((&viewer["email"], &viewer["email_verified"]), (&json!(ADA), &json!(true)));
    // An address that it does not vouch for is suggested, and the name is its own.
    let person = ProviderUser::named("eve").with_email(EVE, false);
    let mut browser = site.app.browser();
    let page = site.arrive(&mut browser, "idp", &person).await;
    assert!(page.text().contains(&format!("value=\"{EVE}\"")), "{}", page.text());
    assert!(!page.shows("Your name"));
    browser.post_form(SEND, &[("email", EVE), ("display_name", "Mallory")]).await;
    let viewer = browser.call("/api/viewer", &[]).await.json();
    assert_eq!((&viewer["email"], &viewer["display_name"]), (&json!(null), &json!("eve")));
}

on_both!(v5_0_0__6_3_8__the_form_does_not_tell_whether_an_address_has_an_account);
async fn v5_0_0__6_3_8__the_form_does_not_tell_whether_an_address_has_an_account(site: Social) {
    site.verified_user(ADA).await;
    site.app.mails().await;
    let mut pages = Vec::new();
    for (subject, email) in [("one", ADA), ("two", EVE)] {
        let mut browser = site.app.browser();
        site.arrive(&mut browser, "idp", &ProviderUser::named(subject)).await;
        let page = browser.post_form(SEND, &[("email", email)]).await;
        pages.push((browser.at.clone(), page.status, page.shows("We sent a link")));
        let viewer = browser.call("/api/viewer", &[]).await.json();
        assert_eq!(viewer["email"], json!(null));
        assert_eq!(site.app.mail().await.to, email);
    }
    assert_eq!(pages[0], pages[1]);
    assert_eq!(site.app.number("SELECT COUNT(email) FROM users").await, 1);
}

on_both!(v5_0_0__10_2_1__only_the_browser_that_began_can_finish_once_and_within_an_hour);
async fn v5_0_0__10_2_1__only_the_browser_that_began_can_finish_once_and_within_an_hour(
    site: Social,
) {
    let fields = [("email", EVE), ("display_name", "Eve")];
    let mut browser = asked_browser(&site, "idp", &nobody()).await;
    let mut other = asked_browser(&site, "forge", &nobody()).await;
    let key = |it: &Browser| it.cookies["portcullis-sign-up"].clone();
    assert_ne!(key(&browser), key(&other));
    assert!(!site.app.all_rows().await.concat().contains(&key(&browser)), "only its digest");
    // Without the cookie there is nothing, and the cookie of another sign-up leads to that one.
    let mut fresh = site.app.browser();
    for key in ["", "x", &"A".repeat(43)] {
        fresh.cookies.insert("portcullis-sign-up".to_owned(), key.to_owned());
        let answer = fresh.call(SEND, &fields).await;
        assert_eq!(answer.json(), json!({"social": "expired"}), "{key}");
    }
    site.app.clock.advance(3599);
    let used = browser.clone();
    browser.post_form(SEND, &fields).await;
    assert_eq!(browser.at, "/dashboard");
    let mut again = used.clone();
    assert_eq!(again.call(SEND, &fields).await.json(), json!({"social": "expired"}));
    site.app.clock.advance(1);
    let page = other.post_form(SEND, &fields).await;
    assert!(page.shows(&Expired.to_string()), "{}", page.text());
    assert_eq!(site.app.count_users().await, 1);
    jobs::run_sweeps(&site.app.app).await;
    assert_eq!(site.app.number("SELECT COUNT(*) FROM unfinished_sign_ups").await, 0);
}

on_both!(the_form_returns_to_where_the_visitor_began);
async fn the_form_returns_to_where_the_visitor_began(site: Social) {
    let mut browser = site.app.browser();
    let begin = [("provider", "idp"), ("next", "/dashboard/profile")];
    let there = browser.post("/api/sign-in/social", &begin).await.location().unwrap();
    browser.visit(&site.idp.consent(&there.parse().unwrap(), &nobody())).await;
    assert_eq!(browser.at, FINISH);
    browser.post_form(SEND, &[("email", ADA), ("display_name", "Ada")]).await;
    assert_eq!(browser.at, "/dashboard/profile");
}

on_both!(whoever_signs_up_agrees_to_the_terms);
async fn whoever_signs_up_agrees_to_the_terms(engine: Engine) {
    let site = Social::with_settings(engine, TERMS).await;
    let page = site.app.browser().visit("/sign-up").await;
    assert!(page.shows("By creating an account, you agree to the terms of service"));
    assert!(page.text().contains("href=\"https://example.com/terms\""));
    let mut browser = asked_browser(&site, "idp", &ada()).await;
    let page = browser.visit(FINISH).await;
    assert!(page.shows("I agree to the terms of service") && !page.shows("Your name"));
    let page = browser.post_form(SEND, &[]).await;
    assert!(page.shows(&TermsNotAccepted.to_string()), "{}", page.text());
    assert_eq!(site.app.count_users().await, 0);
    browser.post_form(SEND, &[("terms", "on")]).await;
    assert_eq!(browser.at, "/dashboard");
    site.app.browser().sign_up(EVE).await;
    let accepted = "SELECT COUNT(*) FROM audit_events WHERE kind = 'terms_accepted' \
                    AND about = 'https://example.com/terms'";
    assert_eq!(site.app.number(accepted).await, 2);
    // Who is known is asked for nothing.
    site.arrive(&mut browser, "idp", &ada()).await;
    assert_eq!(browser.at, "/dashboard");
    assert_eq!(site.app.number(accepted).await, 2);
}

on_both!(the_sign_up_rule_holds_for_a_typed_address);
async fn the_sign_up_rule_holds_for_a_typed_address(engine: Engine) {
    let rule = "[sign_up]\nmode = \"domains\"\ndomains = \"example.com\"\n";
    let site = Social::with_settings(engine, rule).await;
    let mut browser = asked_browser(&site, "idp", &ProviderUser::named("ada")).await;
    let page = browser.post_form(SEND, &[("email", "ada@example.org")]).await;
    assert_eq!(browser.at, FINISH);
    assert!(page.problem_at("email").is_some(), "{}", page.text());
    assert_eq!(site.app.count_users().await, 0);
    // An address in the domain proves nothing until its link was opened.
    browser.post_form(SEND, &[("email", ADA)]).await;
    assert_eq!(browser.at, "/verify-address");
    assert_eq!(browser.call("/api/sessions", &[]).await.status, 403);
    browser.visit(&site.app.mail().await.link()).await;
    browser.post_form("/api/verification/finish-change", &[]).await;
    assert_eq!(browser.call("/api/sessions", &[]).await.status, 200);
    // A vouched address of another domain is refused before any form.
    let other = ProviderUser::named("eve").with_email("eve@example.org", true);
    let mut browser = site.app.browser();
    site.arrive(&mut browser, "idp", &other).await;
    assert!(browser.at.starts_with("/sign-in"), "{}", browser.at);
}

on_both!(an_account_that_appeared_meanwhile_is_found);
async fn an_account_that_appeared_meanwhile_is_found(site: Social) {
    let mut first = asked_browser(&site, "idp", &nobody()).await;
    let mut second = asked_browser(&site, "idp", &nobody()).await;
    let fields = [("email", ADA), ("display_name", "Ada")];
    first.post_form(SEND, &fields).await;
    // The same person in another browser is signed in, and creates no second user.
    second.post_form(SEND, &fields).await;
    assert_eq!((first.at.as_str(), second.at.as_str()), ("/dashboard", "/dashboard"));
    assert_eq!((site.app.count_users().await, site.app.count_sessions().await), (1, 2));
    // Someone verified the vouched address meanwhile.
    let person = ProviderUser { name: String::new(), ..ada() };
    let mut browser = site.app.browser();
    site.arrive(&mut browser, "idp", &person).await;
    site.verified_user(ADA).await;
    let page = browser.post_form(SEND, &[]).await;
    assert!(page.shows(&EmailTaken.to_string()), "{}", page.text());
}

on_both!(a_provider_that_is_no_longer_configured_finishes_nothing);
async fn a_provider_that_is_no_longer_configured_finishes_nothing(engine: Engine) {
    let site = Social::with_settings(engine, "").await;
    let browser = asked_browser(&site, "idp", &nobody()).await;
    let app = site.app.reopen(&site.forge.oauth("forge")).await;
    let fields = [("email", ADA), ("display_name", "Ada")];
    let answer = browser.with_app(&app).call(SEND, &fields).await;
    assert_eq!(answer.json(), json!({"social": "expired"}));
}

on_both!(an_endpoint_of_addresses_that_fails_leads_to_the_form);
async fn an_endpoint_of_addresses_that_fails_leads_to_the_form(engine: Engine) {
    let site: Social = Social::with_settings(engine, "").await;
    site.forge.respond(ProviderEndpoint::Emails, 200, "text/html", "<p>no</p>");
    asked_browser(&site, "forge", &ada()).await;
}

on_both!(an_invitation_verifies_a_typed_address);
async fn an_invitation_verifies_a_typed_address(engine: Engine) {
    let site = Social::with_settings(engine, "[sign_up]\nmode = \"invited\"\n").await;
    let mut browser = site.app.browser();
    let page = site.arrive(&mut browser, "idp", &ProviderUser::named("ada")).await;
    assert!(page.shows("Sign-up is by invitation."), "{}", page.text());
    let link = invite(&site.app, ADA).await;
    browser.visit(&link).await;
    site.arrive(&mut browser, "idp", &ProviderUser::named("ada")).await;
    assert_eq!(browser.at, FINISH);
    // Not for another address.
    let page = browser.post_form(SEND, &[("email", EVE)]).await;
    assert!(page.shows("Sign-up is by invitation."), "{}", page.text());
    browser.post_form(SEND, &[("email", ADA)]).await;
    assert_eq!(browser.at, "/dashboard");
    let viewer = browser.call("/api/viewer", &[]).await.json();
    assert_eq!((&viewer["email"], &viewer["email_verified"]), (&json!(ADA), &json!(true)));
}

async fn invite(app: &TestApp, email: &str) -> String {
    let by = portcullis::role::server::Principal::operator();
    let email = email.parse().unwrap();
    let link = portcullis::sign_up::server::invite(&app.app, &by, &email, None).await.unwrap();
    link.strip_prefix("http://localhost:3000").unwrap().to_owned()
}
