//! The form of a mailed link acts on the link that it was shown for; an invitation is for its email address.

use portcullis::role::ADMINISTRATOR;
use portcullis::role::server::Principal;
use portcullis::sign_up::server::invite;

use crate::support::{
    ADA, Browser, EVE, Engine, OTHER_PASSWORD, PASSWORD, ProviderUser, Social, TestApp,
    TestResponse,
};

const OTHER: &str =
    "Another link was opened in this browser after this page, so nothing was changed.";
const INVITED: &str = "[sign_up]\nmode = \"invited\"\n";

/// A mailed link, the function that its form calls, and the form's other fields.
struct LinkKind {
    link: String,
    function: &'static str,
    fields: Vec<(&'static str, &'static str)>,
}

impl LinkKind {
    const fn new(link: String, function: &'static str) -> Self {
        Self { link, function, fields: Vec::new() }
    }
}

/// Creates an account and returns its links, with a signed-in browser that has requested to sign in by mail.
async fn create_links(app: &TestApp, email: &str) -> (Browser, Vec<LinkKind>) {
    let mut browser = app.signed_in_browser(email).await;
    let verification = app.mail().await.link();
    browser.call("/api/recovery/ask", &[("email", email)]).await;
    let recovery = app.mail().await;
    let other = format!("new-{email}");
    assert_eq!(browser.call("/api/verification/change", &[("email", &other)]).await.status, 200);
    let change = app.mail().await.link();
    assert_eq!(browser.call("/api/sign-in/mail", &[("email", email)]).await.status, 200);
    let sign_in = app.mail().await.link();
    let mut all = vec![
        LinkKind::new(verification, "/api/verification/confirm"),
        LinkKind::new(recovery.link(), "/api/recovery/finish"),
        LinkKind::new(recovery.not_me(), "/api/recovery/not-me"),
        LinkKind::new(change, "/api/verification/finish-change"),
        LinkKind::new(sign_in, "/api/sign-in/link"),
    ];
    all[1].fields.push(("new_password", OTHER_PASSWORD));
    (browser, all)
}

/// Sends a page's form with the ticket that the page shows.
async fn submit_form(browser: &mut Browser, page: &TestResponse, kind: &LinkKind) -> TestResponse {
    let ticket = page.value_of("ticket").unwrap_or_else(|| panic!("a form: {}", page.text()));
    let mut fields = kind.fields.clone();
    fields.push(("ticket", &ticket));
    browser.post_form(kind.function, &fields).await
}

on_both!(v5_0_0__3_5_1__a_form_acts_only_on_the_link_that_it_was_shown_for);
async fn v5_0_0__3_5_1__a_form_acts_only_on_the_link_that_it_was_shown_for(app: TestApp) {
    let (mut browser, own) = create_links(&app, ADA).await;
    let (_, foreign) = create_links(&app, EVE).await;
    for kind in &own {
        for other in &foreign {
            let page = browser.visit(&kind.link).await;
            // Another site leads this browser to a link of its own.
            browser.get(&other.link).await;
            let before = app.comparable_rows().await;
            let ticket = page.value_of("ticket").unwrap();
            let mut fields = kind.fields.clone();
            fields.push(("ticket", &ticket));
            let called = browser.call(kind.function, &fields).await;
            assert_eq!(called.json(), "other_ticket", "{} {}", kind.function, other.function);
            assert_eq!(called.status, 409);
            let page = submit_form(&mut browser, &page, kind).await;
            assert_eq!(browser.at, "/ticket");
            assert!(page.shows(OTHER), "{} {}: {}", kind.function, other.function, page.text());
            // A form that names no ticket does nothing either.
            fields.pop();
            fields.push(("ticket", ""));
            let called = browser.call(kind.function, &fields).await;
            assert_eq!(called.json(), "other_ticket", "{}", kind.function);
            assert_eq!(app.comparable_rows().await, before, "{} {}", kind.function, other.function);
            app.run("DELETE FROM limits").await;
        }
    }
    // After its own link is opened again, the form works.
    let page = browser.visit(&own[0].link).await;
    let page = submit_form(&mut browser, &page, &own[0]).await;
    assert!(page.shows("Your email address is verified."), "{}", page.text());
}

on_both!(v5_0_0__3_5_1__set_up_uses_only_the_link_that_its_form_was_shown_for);
async fn v5_0_0__3_5_1__set_up_uses_only_the_link_that_its_form_was_shown_for(app: TestApp) {
    let mut links = Vec::new();
    for _ in 0..2 {
        let mut tx = app.app.db.begin().await.unwrap();
        let issued = portcullis::ticket::server::issue_set_up(&app.app, &mut tx).await.unwrap();
        tx.commit().await.unwrap();
        links.push(issued.link[issued.link.find("/tickets/").unwrap()..].to_owned());
    }
    let mut browser = app.browser();
    let page = browser.visit(&links[0]).await;
    browser.get(&links[1]).await;
    let kind = LinkKind {
        fields: vec![("email", ADA), ("password", PASSWORD)],
        ..LinkKind::new(links[0].clone(), "/api/set-up")
    };
    let answer = submit_form(&mut browser, &page, &kind).await;
    assert!(answer.shows(OTHER), "{}", answer.text());
    assert_eq!(app.count_users().await, 0);
    browser.visit(&links[0]).await;
    submit_form(&mut browser, &page, &kind).await;
    assert_eq!((browser.at.as_str(), app.count_users().await), ("/admin", 1));
}

/// Creates an invitation and returns its link.
async fn create_invitation(app: &TestApp, email: &str, role: Option<&str>) -> String {
    let link =
        invite(&app.app, &Principal::operator(), &email.parse().unwrap(), role).await.unwrap();
    app.mails().await;
    link[link.find("/tickets/").unwrap()..].to_owned()
}

on_both!(v5_0_0__3_5_1__sign_up_uses_only_the_invitation_that_its_form_was_shown_for);
async fn v5_0_0__3_5_1__sign_up_uses_only_the_invitation_that_its_form_was_shown_for(
    engine: Engine,
) {
    let app = TestApp::with_settings(engine, INVITED).await;
    let own = create_invitation(&app, ADA, None).await;
    let other = create_invitation(&app, EVE, None).await;
    let mut browser = app.browser();
    let page = browser.visit(&own).await;
    let path = page
        .text()
        .split("href=\"/sign-up")
        .nth(1)
        .map(|it| it.split('"').next().unwrap().to_owned());
    let page = browser.visit(&format!("/sign-up{}", path.unwrap())).await;
    browser.get(&other).await;
    let kind = LinkKind {
        fields: vec![("email", ADA), ("password", PASSWORD)],
        ..LinkKind::new(own.clone(), "/api/sign-up")
    };
    let answer = submit_form(&mut browser, &page, &kind).await;
    assert!(answer.shows(OTHER) && browser.at.starts_with("/sign-up?ticket="), "{}", answer.text());
    assert_eq!(app.count_users().await, 0);
    browser.get(&own).await;
    submit_form(&mut browser, &page, &kind).await;
    assert_eq!((browser.at.as_str(), app.count_users().await), ("/sign-in", 1));
    assert_eq!(app.number("SELECT COUNT(used_at) FROM tickets").await, 1);
}

on_both!(v5_0_0__6_4_1__only_the_invited_email_uses_up_an_invitation);
async fn v5_0_0__6_4_1__only_the_invited_email_uses_up_an_invitation(engine: Engine) {
    // Sign-up is open, so another email address can create an account.
    let site = Social::with_settings(engine, "").await;
    let app = &site.app;
    let role = app.role("support", &["users.read"]).await;
    let link = create_invitation(app, "Ada@Example.com", Some(&role)).await;
    let unused = "SELECT COUNT(*) FROM tickets WHERE purpose = 'invitation' AND used_at IS NULL";
    let mut browser = app.browser();
    browser.get(&link).await;
    browser.sign_up(EVE).await;
    assert_eq!((app.count_users().await, app.number(unused).await), (1, 1));
    browser.get(&link).await;
    let bob = ProviderUser::named("bob").with_email("bob@example.com", true);
    site.sign_in(&mut browser, "idp", &bob).await;
    assert_eq!((app.count_users().await, app.number(unused).await), (2, 1));
    // The provider doesn't vouch for this email address, so there is none to compare.
    let mut browser = app.browser();
    browser.get(&link).await;
    site.sign_in(&mut browser, "idp", &ProviderUser::named("carol").with_email(ADA, false)).await;
    assert_eq!((app.count_users().await, app.number(unused).await), (3, 1));

    let mut browser = app.browser();
    browser.get(&link).await;
    browser.sign_up(ADA).await;
    assert_eq!((app.count_users().await, app.number(unused).await), (4, 0));
    browser.sign_in(ADA).await;
    assert_eq!(browser.get("/admin/users").await.status, 200, "it has brought its role");
}

on_both!(v5_0_0__6_4_1__only_the_invited_email_can_use_an_invitation_at_a_provider);
async fn v5_0_0__6_4_1__only_the_invited_email_can_use_an_invitation_at_a_provider(engine: Engine) {
    let site = Social::with_settings(engine, INVITED).await;
    let link = create_invitation(&site.app, ADA, None).await;
    let mut browser = site.app.browser();
    browser.get(&link).await;
    let eve = ProviderUser::named("eve").with_email(EVE, true);
    site.sign_in(&mut browser, "idp", &eve).await;
    assert_eq!(site.app.count_users().await, 0, "{}", browser.at);
    let ada = ProviderUser::named("ada").with_email("ADA@example.com", true);
    site.sign_in(&mut browser, "idp", &ada).await;
    assert_eq!((browser.at.as_str(), site.app.count_users().await), ("/dashboard", 1));
}

on_both!(v5_0_0__8_3_1__an_invitation_with_a_role_above_the_actor_cannot_be_withdrawn);
async fn v5_0_0__8_3_1__an_invitation_with_a_role_above_the_actor_cannot_be_withdrawn(
    app: TestApp,
) {
    let mut inviter = app.signed_in_browser(EVE).await;
    app.role("inviter", &["users.invite", "users.read"]).await;
    let reader = app.role("reader", &["users.read"]).await;
    app.assign_role(EVE, "inviter").await;
    for (email, role) in [
        ("a@example.com", Some(ADMINISTRATOR)),
        ("b@example.com", Some(reader.as_str())),
        ("c@example.com", None),
    ] {
        create_invitation(&app, email, role).await;
    }
    let mut statuses = Vec::new();
    for id in [
        app.text("SELECT id FROM tickets WHERE address = 'a@example.com'").await,
        app.text("SELECT id FROM tickets WHERE address = 'b@example.com'").await,
        app.text("SELECT id FROM tickets WHERE address = 'c@example.com'").await,
    ] {
        let answer = inviter.call("/api/admin/invitations/withdraw", &[("part", &id)]).await;
        statuses.push(answer.status.as_u16());
    }
    assert_eq!(statuses, [403, 200, 200]);
    assert_eq!(
        app.text("SELECT address FROM tickets WHERE purpose = 'invitation'").await,
        "a@example.com"
    );
    let withdrawn = "SELECT COUNT(*) FROM audit_events WHERE kind = 'invitation_withdrawn'";
    assert_eq!(app.number(withdrawn).await, 2);
}

on_both!(v5_0_0__7_4_1__signing_out_removes_the_cookies_of_unfinished_flows);
async fn v5_0_0__7_4_1__signing_out_removes_the_cookies_of_unfinished_flows(engine: Engine) {
    let site = Social::with_settings(engine, "").await;
    let (mut browser, kinds) = create_links(&site.app, ADA).await;
    browser.start_sign_in_at("idp").await;
    browser.get(&kinds[1].link).await;
    let pending = ["portcullis-ticket", "portcullis-mail", "portcullis-authorization"];
    for name in pending {
        assert!(browser.cookies.contains_key(name), "{name}: {:?}", browser.cookies);
    }
    let mut deleting = browser.clone();
    browser.post_form("/api/sign-out", &[]).await;
    for name in pending {
        assert!(!browser.cookies.contains_key(name), "{name}: {:?}", browser.cookies);
    }
    assert_eq!(browser.visit("/ticket").await.status, 410);
    deleting.cookies.remove("portcullis");
    deleting.sign_in(ADA).await;
    assert_eq!(deleting.call("/api/deletion/ask", &[]).await.status, 200);
    for name in pending {
        assert!(!deleting.cookies.contains_key(name), "{name}: {:?}", deleting.cookies);
    }
}

on_both!(v5_0_0__6_4_1__an_invitation_takes_over_an_unverified_account_with_its_email);
async fn v5_0_0__6_4_1__an_invitation_takes_over_an_unverified_account_with_its_email(
    app: TestApp,
) {
    let mut stranger = app.browser();
    stranger.call("/api/sign-up", &[("email", ADA), ("password", OTHER_PASSWORD)]).await;
    assert_eq!(stranger.try_sign_in(ADA, OTHER_PASSWORD).await.status, 200);
    let reader = app.role("reader", &["users.read"]).await;
    let link = create_invitation(&app, ADA, Some(&reader)).await;
    let mut browser = app.browser();
    browser.get(&link).await;
    browser.sign_up(ADA).await;
    assert!(!stranger.is_signed_in().await);
    stranger.try_sign_in(ADA, OTHER_PASSWORD).await;
    assert!(!stranger.is_signed_in().await, "nor does the stranger's password work");
    browser.sign_in(ADA).await;
    assert_eq!(browser.get("/admin/users").await.status, 200, "it has brought its role");
    assert_eq!((app.count_users().await, browser.visit("/ticket").await.status.as_u16()), (1, 410));

    // If the email address is already verified, the account stays as it is and the invitation stays unused.
    let link = create_invitation(&app, ADA, None).await;
    let mut browser = app.browser();
    browser.get(&link).await;
    let fields = [("email", ADA), ("password", OTHER_PASSWORD)];
    let refused = browser.call("/api/sign-up", &fields).await;
    assert_eq!((refused.status.as_u16(), refused.json()), (409, "address_taken".into()));
    let unused = "SELECT COUNT(*) FROM tickets WHERE purpose = 'invitation' AND used_at IS NULL";
    assert_eq!(app.number(unused).await, 1);
    app.browser().sign_in(ADA).await;
}

on_both!(v5_0_0__6_4_1__a_form_that_names_an_invitation_is_refused_without_it);
async fn v5_0_0__6_4_1__a_form_that_names_an_invitation_is_refused_without_it(app: TestApp) {
    let link = create_invitation(&app, ADA, None).await;
    let mut browser = app.browser();
    browser.visit(&link).await;
    let id = browser.call("/api/ticket", &[]).await.json()["id"].as_str().unwrap().to_owned();
    let fields = [("email", ADA), ("password", PASSWORD), ("ticket", id.as_str())];
    for other in [format!("/tickets/{}", "A".repeat(43)), "/tickets/x".to_owned()] {
        browser.get(&other).await;
        let refused = browser.call("/api/sign-up", &fields).await;
        assert_eq!(
            (refused.status.as_u16(), refused.json()),
            (409, "other_ticket".into()),
            "{other}"
        );
    }
    assert_eq!(app.count_users().await, 0);
    browser.visit(&link).await;
    assert_eq!(browser.call("/api/sign-up", &fields).await.status, 200);
    app.browser().sign_in(ADA).await;
}
