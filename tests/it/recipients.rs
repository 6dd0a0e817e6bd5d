//! The number of mails that many strangers together can cause to one recipient.

use serde_json::json;

use crate::support::{ADA, Browser, EVE, Engine, OTHER_PASSWORD, PASSWORD, TestApp, TestResponse};

const CHANGE: &str = "/api/verification/change";
const ASK: &str = "/api/recovery/ask";
const SIGN_UP: &str = "/api/sign-up";
const VICTIM: &str = "v.ictim@example.net";

/// Disables the limits per account and per IP address, which don't restrain a large number of strangers.
const MANY: &str = "
    [limit]
    sign_up_account = \"none\"
    sign_up_address = \"none\"
    recovery_account = \"none\"
    recovery_address = \"none\"
    resend_account = \"none\"
    resend_address = \"none\"
    mailed_sign_in_account = \"none\"
    mailed_sign_in_address = \"none\"
";

async fn sign_up(app: &TestApp, email: &str) -> TestResponse {
    app.browser().call(SIGN_UP, &[("email", email), ("password", PASSWORD)]).await
}

fn assert_alike(answers: &[TestResponse]) {
    let said = |it: &TestResponse| (it.status.as_u16(), it.text());
    for answer in answers {
        assert_eq!(said(answer), said(&answers[0]));
    }
}

/// Returns how many mails the victim's mailbox received since the last call.
async fn received_mails(app: &TestApp) -> usize {
    let mails = app.mails().await;
    mails.iter().filter(|it| it.to.replace('.', "").starts_with("victim")).count()
}

on_both!(v5_0_0__6_3_1__strangers_together_cause_at_most_ten_mails_an_hour_to_a_recipient);
async fn v5_0_0__6_3_1__strangers_together_cause_at_most_ten_mails_an_hour_to_a_recipient(
    engine: Engine,
) {
    let app = TestApp::with_settings(engine, MANY).await;
    let mut strangers = Vec::new();
    for n in 0..7 {
        strangers.push(app.signed_in_browser(&format!("stranger{n}@example.com")).await);
    }
    app.mails().await;
    let mut answers = Vec::new();
    for stranger in &mut strangers {
        for _ in 0..3 {
            answers.push(stranger.call(CHANGE, &[("email", VICTIM)]).await);
        }
    }
    assert_alike(&answers);
    assert_eq!(received_mails(&app).await, 10);

    // Other kinds of mail, and other spellings of the same mailbox, add nothing.
    let mut answers = Vec::new();
    for n in 0..20 {
        answers.push(sign_up(&app, &format!("victim+{n}@example.net")).await);
        answers.push(sign_up(&app, VICTIM).await);
    }
    assert_alike(&answers);
    for path in [ASK, "/api/sign-in/mail"] {
        for n in 0..20 {
            app.browser().call(path, &[("email", &format!("victim+{n}@example.net"))]).await;
        }
    }
    assert_eq!(received_mails(&app).await, 0);
    app.clock.advance(3600);
    sign_up(&app, VICTIM).await;
    assert_eq!(received_mails(&app).await, 1);
    // Other recipients are not affected.
    sign_up(&app, EVE).await;
    assert_eq!(app.mail().await.to, EVE);
}

on_both!(v5_0_0__6_3_8__a_recipient_at_its_limit_does_not_reveal_whether_it_has_an_account);
async fn v5_0_0__6_3_8__a_recipient_at_its_limit_does_not_reveal_whether_it_has_an_account(
    engine: Engine,
) {
    let app = TestApp::with_settings(engine, MANY).await;
    app.browser().sign_up(ADA).await;
    app.mark_verified(ADA).await;
    let mut stranger = app.signed_in_browser("stranger@example.com").await;
    let mut seen = Vec::new();
    for email in [ADA, "nobody@example.com"] {
        let mut answers = Vec::new();
        for _ in 0..12 {
            answers.push(stranger.call(CHANGE, &[("email", email)]).await);
        }
        assert_alike(&answers);
        seen.push(answers.remove(0));
    }
    assert_alike(&seen);
    let mut seen = Vec::new();
    for email in [ADA, "nobody@example.com"] {
        seen.push(sign_up(&app, email).await);
    }
    assert_alike(&seen);
}

on_both!(v5_0_0__6_3_7__mails_caused_by_strangers_do_not_displace_an_owners_notices);
async fn v5_0_0__6_3_7__mails_caused_by_strangers_do_not_displace_an_owners_notices(
    engine: Engine,
) {
    let app = TestApp::with_settings(engine, MANY).await;
    let mut owner = app.signed_in_browser(ADA).await;
    app.mark_verified(ADA).await;
    let mut stranger = app.signed_in_browser("stranger@example.com").await;
    for _ in 0..20 {
        stranger.call(CHANGE, &[("email", ADA)]).await;
        sign_up(&app, ADA).await;
    }
    app.mails().await;
    // Recovery and sign-in by mail still work, and notices still report a thief's actions.
    for (path, subject) in
        [(ASK, "Reset your password"), ("/api/sign-in/mail", "Your sign-in code is ")]
    {
        app.browser().call(path, &[("email", ADA)]).await;
        let mail = app.mail().await;
        assert!(mail.to == ADA && mail.subject.starts_with(subject), "{mail:?}");
    }
    let mut thief = app.browser();
    thief.user_agent = "curl/8".to_owned();
    thief.address = ([198, 51, 100, 9], 50000).into();
    thief.sign_in(ADA).await;
    assert_eq!(app.mail().await.subject, "New sign-in to your account");
    for n in 0..30 {
        let (old, new) =
            if n % 2 == 0 { (PASSWORD, OTHER_PASSWORD) } else { (OTHER_PASSWORD, PASSWORD) };
        change_password(&mut owner, old, new).await;
        assert_eq!(app.mail().await.subject, "Your password was changed", "{n}");
    }
}

async fn change_password(browser: &mut Browser, old: &str, new: &str) {
    let fields = [("current_password", old), ("new_password", new)];
    let answer = browser.call("/api/password/change", &fields).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
}

on_both!(notices_to_an_unverified_email_have_a_limit_of_their_own);
async fn notices_to_an_unverified_email_have_a_limit_of_their_own(engine: Engine) {
    let app = TestApp::with_settings(engine, MANY).await;
    // The email address belongs to a stranger: the user who signed up with it doesn't own it.
    let mut browser = app.signed_in_browser(VICTIM).await;
    for _ in 0..20 {
        sign_up(&app, VICTIM).await;
    }
    received_mails(&app).await;
    for n in 0..30 {
        let (old, new) =
            if n % 2 == 0 { (PASSWORD, OTHER_PASSWORD) } else { (OTHER_PASSWORD, PASSWORD) };
        change_password(&mut browser, old, new).await;
    }
    assert_eq!(
        received_mails(&app).await,
        10,
        "no other mail has used them up, and no more than these"
    );
}

on_both!(an_invitation_over_the_recipients_limit_is_refused);
async fn an_invitation_over_the_recipients_limit_is_refused(app: TestApp) {
    let mut admin = app.signed_in_browser(ADA).await;
    app.assign_role(ADA, "administrator").await;
    app.mails().await;
    for n in 0..10 {
        let fields = [("email", VICTIM), ("role", "")];
        let answer = admin.call("/api/admin/invitations/invite", &fields).await;
        assert_eq!(answer.status, 200, "{n}: {}", answer.text());
    }
    let fields = [("email", VICTIM), ("role", "")];
    let answer = admin.call("/api/admin/invitations/invite", &fields).await;
    assert_eq!(
        (answer.status.as_u16(), answer.json()),
        (429, json!({"too_many_attempts": {"retry_after": 360}}))
    );
    assert_eq!(received_mails(&app).await, 10);
    let limits = admin.visit("/admin/limits").await;
    assert!(limits.shows("mail_recipient"), "{}", limits.text());
}
