//! Typed and pasted text: passwords in any Unicode composition, email addresses with characters added by
//! copying, and names that identify a user.

use portcullis::args;
use portcullis::secret::Secret;
use serde_json::json;

use crate::support::{ADA, EVE, OTHER_PASSWORD, PASSWORD, TestApp};

const SIGN_IN: &str = "/api/sign-in/password";

/// The same letters, composed and decomposed.
const COMPOSED: &str = "Ma\u{f1}ana \u{fc}ber \u{c5}ngstr\u{f6}m";
const DECOMPOSED: &str = "Man\u{303}ana u\u{308}ber A\u{30a}ngstro\u{308}m";

on_both!(v5_0_0__6_2_8__a_password_matches_in_any_unicode_composition);
async fn v5_0_0__6_2_8__a_password_matches_in_any_unicode_composition(app: TestApp) {
    for (email, chosen, typed) in [(ADA, COMPOSED, DECOMPOSED), (EVE, DECOMPOSED, COMPOSED)] {
        let mut browser = app.browser();
        browser.call("/api/sign-up", &[("email", email), ("password", chosen)]).await;
        for password in [chosen, typed] {
            let answer = browser.call(SIGN_IN, &[("email", email), ("password", password)]).await;
            assert_eq!(answer.status, 200, "{password:?}: {}", answer.text());
            let fields = [("current_password", password)];
            let answer = browser.call("/api/reauthentication/password", &fields).await;
            assert_eq!(answer.status, 200, "{password:?}: {}", answer.text());
        }
        let fields = [("current_password", typed), ("new_password", OTHER_PASSWORD)];
        let answer = browser.call("/api/password/change", &fields).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
    }
}

on_both!(a_hash_of_a_decomposed_password_signs_in_and_is_renewed);
async fn a_hash_of_a_decomposed_password_signs_in_and_is_renewed(app: TestApp) {
    const HASH: &str = "SELECT hash FROM passwords";
    app.browser().sign_up(ADA).await;
    let old = app.app.hasher.hash(&Secret::from(DECOMPOSED.to_owned())).await.unwrap();
    let sql = "UPDATE passwords SET hash = $1";
    app.app.db.execute(sql, args![old.as_str()]).await.map(drop).unwrap();
    let mut browser = app.browser();
    assert_eq!(
        browser.try_sign_in(ADA, COMPOSED).await.alerts(),
        1,
        "typed otherwise, it is not known yet"
    );
    assert_eq!(app.text(HASH).await, old.as_str());
    browser.try_sign_in(ADA, DECOMPOSED).await;
    assert_eq!(browser.at, "/dashboard");
    assert_ne!(app.text(HASH).await, old.as_str());
    for password in [COMPOSED, DECOMPOSED] {
        let before = app.app.hasher.verifications();
        browser.try_sign_in(ADA, password).await;
        assert_eq!(browser.at, "/dashboard");
        assert_eq!(app.app.hasher.verifications() - before, 1, "{password:?}");
    }
}

on_both!(v5_0_0__6_3_8__a_decomposed_password_costs_the_same_for_an_unknown_email);
async fn v5_0_0__6_3_8__a_decomposed_password_costs_the_same_for_an_unknown_email(app: TestApp) {
    app.browser().sign_up(ADA).await;
    for (password, expected) in [(OTHER_PASSWORD, 1), (COMPOSED, 1), (DECOMPOSED, 2)] {
        for email in [ADA, EVE] {
            let before = app.app.hasher.verifications();
            let fields = [("email", email), ("password", password)];
            assert_eq!(app.browser().call(SIGN_IN, &fields).await.status, 401);
            let cost = app.app.hasher.verifications() - before;
            assert_eq!(cost, expected, "{email} {password:?}");
        }
    }
}

on_both!(v5_0_0__6_2_11__a_display_name_is_refused_as_a_password_in_any_composition);
async fn v5_0_0__6_2_11__a_display_name_is_refused_as_a_password_in_any_composition(app: TestApp) {
    let mut browser = app.signed_in_browser(ADA).await;
    browser.call("/api/profile/display-name", &[("display_name", "Zo\u{eb} M\u{fc}ller")]).await;
    for new in ["M\u{fc}llerM\u{fc}ller12345", "Mu\u{308}llerMu\u{308}ller12345"] {
        let fields = [("current_password", PASSWORD), ("new_password", new)];
        let answer = browser.call("/api/password/change", &fields).await;
        assert_eq!(answer.json(), json!({"invalid": {"new_password": "personal"}}), "{new:?}");
    }
}

on_both!(a_byte_order_mark_before_a_password_is_ignored);
async fn a_byte_order_mark_before_a_password_is_ignored(app: TestApp) {
    let marked = format!("\u{feff}{PASSWORD}");
    for (email, chosen) in [(ADA, marked.as_str()), (EVE, PASSWORD)] {
        app.browser().call("/api/sign-up", &[("email", email), ("password", chosen)]).await;
        for typed in [PASSWORD, &marked] {
            let fields = [("email", email), ("password", typed)];
            let answer = app.browser().call(SIGN_IN, &fields).await;
            assert_eq!(answer.status, 200, "{chosen:?} {typed:?}: {}", answer.text());
        }
    }
}

on_both!(a_pasted_email_signs_in);
async fn a_pasted_email_signs_in(app: TestApp) {
    app.browser().sign_up(&format!("\u{a0}{ADA}\u{3000}")).await;
    assert_eq!(app.text("SELECT email FROM users").await, ADA);
    let around = ["\r\n", "\u{a0}", "\u{3000}", "\u{feff}", "\u{200b}", "\u{202a}", " \t"];
    let pasted = around.map(|it| format!("{it}{ADA}{it}"));
    for pasted in pasted.into_iter().chain([format!("<{ADA}>"), format!("mailto:{ADA}")]) {
        let fields = [("email", pasted.as_str()), ("password", PASSWORD)];
        let answer = app.browser().call(SIGN_IN, &fields).await;
        assert_eq!(answer.status, 200, "{pasted:?}: {}", answer.text());
    }
}

on_both!(an_internationalized_domain_is_one_account_in_unicode_and_ascii);
async fn an_internationalized_domain_is_one_account_in_unicode_and_ascii(app: TestApp) {
    app.browser().sign_up("ada@b\u{fc}cher.example").await;
    let mail = app.mail().await;
    assert!(mail.to.contains("ada@xn--bcher-kva.example"), "{mail:?}");
    for email in ["ada@b\u{fc}cher.example", "ada@B\u{dc}CHER.example", "ada@xn--bcher-kva.example"]
    {
        app.browser().sign_in(email).await;
    }
    assert_eq!(app.count_users().await, 1);
    let mut admin = app.administrator(EVE).await;
    for q in ["ada@b\u{fc}cher.example", "\u{a0}ada@xn--bcher-kva.example"] {
        let found = admin.call("/api/admin/users", &[("q", q)]).await.json();
        assert_eq!(found["users"].as_array().unwrap().len(), 1, "{q}: {found}");
        let events = admin.call("/api/admin/audit", &[("user", q)]).await.json();
        assert_eq!(events["notes"], json!([]), "{q}");
    }
}

on_both!(an_impersonated_user_is_shown_with_name_and_email);
async fn an_impersonated_user_is_shown_with_name_and_email(app: TestApp) {
    let mut ada = app.administrator(ADA).await;
    let mut eve = app.signed_in_browser(EVE).await;
    eve.call("/api/profile/display-name", &[("display_name", "Grace Hopper")]).await;
    app.act_on_user(&mut ada, "impersonate", EVE, &[]).await;
    let page = ada.visit("/dashboard").await;
    assert!(page.shows(&format!("You are impersonating Grace Hopper ({EVE})")), "{}", page.text());
    // Without a name, the email address is shown once.
    ada.call("/api/impersonation/end", &[]).await;
    eve.call("/api/profile/display-name", &[("display_name", "")]).await;
    ada.sign_in(ADA).await;
    app.act_on_user(&mut ada, "impersonate", EVE, &[]).await;
    let page = ada.visit("/dashboard").await;
    assert!(page.shows(&format!("You are impersonating {EVE}")), "{}", page.text());
    assert!(!page.shows(&format!("({EVE})")), "{}", page.text());
}
