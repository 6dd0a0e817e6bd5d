//! Every mail as it is rendered, with hostile text wherever a stranger can choose the text.

use portcullis::mail::server::{EventOrigin, Mail, Message, UntrustedText};
use portcullis::server::Client;

use crate::support::{ADA, Engine, ProviderUser, Social, TestApp};

const HOSTILE: &[&str] = &[
    "Ada\". Your password was leaked. Sign in at https://evil.example/reset now",
    "Ada”. Your password was leaked; “ https://evil.example",
    "leaked http://evil.example leaked",
    "leaked //evil.example",
    "leaked www.evil.example",
    "leaked evil.example",
    "leaked evil。example evil．example",
    "leaked evil\u{200b}.\u{2060}example",
    "leaked \u{202e}elpmaxe.live//:sptth",
    "leaked mailto:eve@evil.example",
    "leaked\r\nSubject: leaked\r\n\r\nhttps://evil.example",
    "leaked\u{2028}https://evil.example\u{2029}\u{85}\u{b}",
    "<a href=\"https://evil.example\">leaked</a><!--",
    "{{ link }} {% raw %} leaked",
    "www.evil.example/leaked@evil.example",
];

/// Returns the mail with this text wherever a stranger can choose it. Each field of each mail is named, so
/// that a new field can't be forgotten.
fn with_text(mail: Mail, text: &str) -> Mail {
    let account = UntrustedText::new(text);
    let client = Client { ip: None, ip_text: text.to_owned(), user_agent: text.to_owned() };
    let event = EventOrigin::new(1_795_536_540, &client);
    match mail {
        Mail::Verification { link, lifetime } => Mail::Verification { link, lifetime },
        Mail::SignUpTaken { event: _ } => Mail::SignUpTaken { event },
        Mail::EmailChange { link, lifetime } => Mail::EmailChange { link, lifetime },
        Mail::EmailChanged { event: _, new_address: _, not_me, lifetime } => {
            Mail::EmailChanged { event, new_address: account, not_me, lifetime }
        }
        Mail::Recovery { event: _, link, lifetime, not_me } => {
            Mail::Recovery { event, link, lifetime, not_me }
        }
        Mail::SignIn { event: _, link, code, lifetime } => {
            Mail::SignIn { event, link, code, lifetime }
        }
        Mail::Invitation { link, lifetime } => Mail::Invitation { link, lifetime },
        Mail::NewSignIn { event: _, not_me } => Mail::NewSignIn { event, not_me },
        Mail::PasswordChanged { event: _, not_me } => Mail::PasswordChanged { event, not_me },
        Mail::PasswordLocked { event: _ } => Mail::PasswordLocked { event },
        Mail::ProviderLinked { event: _, provider, account: _, not_me } => {
            Mail::ProviderLinked { event, provider, account, not_me }
        }
        Mail::ProviderUnlinked { event: _, provider, account: _, not_me } => {
            Mail::ProviderUnlinked { event, provider, account, not_me }
        }
        Mail::SecondFactorAdded { event: _, name: _, not_me } => {
            Mail::SecondFactorAdded { event, name: account, not_me }
        }
        Mail::SecondFactorRemoved { event: _, name: _, not_me } => {
            Mail::SecondFactorRemoved { event, name: account, not_me }
        }
        Mail::PasskeyAdded { event: _, name: _, is_automatic, not_me } => {
            Mail::PasskeyAdded { event, name: account, is_automatic, not_me }
        }
        Mail::PasskeyRemoved { event: _, name: _, not_me } => {
            Mail::PasskeyRemoved { event, name: account, not_me }
        }
        Mail::PasskeyEnabled { event: _, name: _, not_me } => {
            Mail::PasskeyEnabled { event, name: account, not_me }
        }
        Mail::PasskeyDisabled { event: _, name: _, not_me } => {
            Mail::PasskeyDisabled { event, name: account, not_me }
        }
        Mail::RecoveryCodesCreated { event: _, not_me } => {
            Mail::RecoveryCodesCreated { event, not_me }
        }
        Mail::RecoveryCodeUsed { event: _, left, not_me } => {
            Mail::RecoveryCodeUsed { event, left, not_me }
        }
        Mail::SecondFactorCode { event: _, code, lifetime } => {
            Mail::SecondFactorCode { event, code, lifetime }
        }
        Mail::WrongCodes { event: _, not_me } => Mail::WrongCodes { event, not_me },
        Mail::FactorRecovery { event: _, link, from, not_me } => {
            Mail::FactorRecovery { event, link, from, not_me }
        }
        Mail::FactorRemovedByAdministrator { at, name: _ } => {
            Mail::FactorRemovedByAdministrator { at, name: account }
        }
        Mail::DeletionScheduled { event: _, until, not_me } => {
            Mail::DeletionScheduled { event, until, not_me }
        }
        Mail::Impersonated { at, until } => Mail::Impersonated { at, until },
        Mail::PasswordLink { link, lifetime } => Mail::PasswordLink { link, lifetime },
        Mail::DeletedByAdministrator { until } => Mail::DeletedByAdministrator { until },
        Mail::UnlinkedByAdministrator { at, provider, account: _ } => {
            Mail::UnlinkedByAdministrator { at, provider, account }
        }
    }
}

fn hrefs(html: &str) -> Vec<&str> {
    html.split("href=\"").skip(1).map(|it| it.split('"').next().unwrap()).collect()
}

/// Asserts that a mail with foreign text is as harmless as the same mail with ordinary text.
fn assert_harmless(said: &Message, ordinary: &Message) {
    assert_eq!(said.subject, ordinary.subject, "a subject holds no foreign text");
    assert_eq!(hrefs(&said.html), hrefs(&ordinary.html));
    assert_eq!(said.html.matches('<').count(), ordinary.html.matches('<').count());
    for (said, ordinary) in [(&said.text, &ordinary.text), (&said.html, &ordinary.html)] {
        assert_eq!(said.lines().count(), ordinary.lines().count(), "{said}");
        assert_eq!(said.matches("://").count(), ordinary.matches("://").count(), "{said}");
        let hidden = |it: char| {
            (it.is_control() && it != '\n')
                || matches!(it, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}')
        };
        assert!(!said.contains(hidden), "{said}");
        for link in ["evil.e", "evil。e", "evil．e", "www.e", "//evil", "mailto:e", "@evil"] {
            assert!(!said.contains(link), "{link}: {said}");
        }
    }
    for line in said.text.lines().filter(|it| it.contains("leaked")) {
        let (before, rest) = line.split_once("leaked").unwrap();
        assert_eq!(before.matches('"').count(), 1, "within quotation marks: {line}");
        assert_eq!(rest.matches('"').count(), 1, "which it doesn't close: {line}");
        assert!(line.chars().count() < 300, "short: {line}");
    }
}

on_both!(v5_0_0__1_1_2__foreign_text_in_a_mail_is_quoted_and_never_a_link);
async fn v5_0_0__1_1_2__foreign_text_in_a_mail_is_quoted_and_never_a_link(app: TestApp) {
    let site = app.app.config.site.url.as_str();
    let render = |mail: &Mail| app.app.templates.render(mail).unwrap();
    let long = "leaked ".repeat(36);
    for text in HOSTILE.iter().copied().chain([long.as_str()]) {
        for mail in Mail::samples(site) {
            let ordinary = render(&with_text(mail.clone(), "ada"));
            let said = render(&with_text(mail.clone(), text));
            assert_harmless(&said, &ordinary);
            if ordinary.text.contains("\"ada\"") {
                assert!(said.text.contains("leaked"), "it is shown: {}", said.text);
            }
        }
    }
}

on_both!(html_mails_contain_links_unescaped);
async fn html_mails_contain_links_unescaped(app: TestApp) {
    let site = app.app.config.site.url.as_str();
    for mail in Mail::samples(site) {
        let said = app.app.templates.render(&mail).unwrap();
        assert!(!said.html.contains("&#"), "{}", said.html);
        for line in said.text.lines().filter(|it| it.starts_with(site)) {
            assert!(hrefs(&said.html).contains(&line), "{line}: {}", said.html);
            assert!(said.html.contains(&format!(">{line}</a>")) || line == site, "{}", said.html);
        }
    }
}

on_both!(v5_0_0__1_1_2__a_provider_account_name_is_quoted_in_mails);
async fn v5_0_0__1_1_2__a_provider_account_name_is_quoted_in_mails(site: Social) {
    let app = &site.app;
    let name = format!("{:x<254}", "Your account is locked. Sign in at https://evil.example/ ");
    let mut browser = app.signed_in_browser(ADA).await;
    app.mark_verified(ADA).await;
    app.mails().await;
    let eve = ProviderUser { name, ..ProviderUser::named("eve") };
    site.link_account(&mut browser, "forge", &eve).await;
    let linked = app.mail().await;
    let id = browser.call("/api/linked-accounts", &[]).await.json()["linked"][0]["id"].clone();
    let set = [("current_password", ""), ("id", id.as_str().unwrap())];
    assert_eq!(browser.call("/api/linked-accounts/unlink", &set).await.status, 200);
    let unlinked = app.mail().await;
    for mail in [linked, unlinked] {
        assert!(
            mail.text.contains("\"Your account is locked. Sign in at https: /"),
            "{}",
            mail.text
        );
        assert!(!mail.text.contains("evil.example") && mail.text.contains("…\""), "{}", mail.text);
        assert!(!mail.source.contains("evil.example"));
    }
}

#[tokio::test]
async fn an_operators_html_template_is_escaped_like_ours() {
    let folder = crate::support::app::Folder::new();
    let template = "<a href=\"{{ link|e }}\">{{ site.name|escape }}</a>{{ \"<b>\"|safe }}";
    std::fs::write(folder.path().join("verification.html"), template).unwrap();
    let settings = format!(
        "[mail]\ntemplates = {:?}\n[site]\nname = \"R&D 'Gate'\"\n",
        folder.path().display().to_string()
    );
    let app = TestApp::with_settings(Engine::Sqlite, &settings).await;
    let site = app.app.config.site.url.as_str();
    let said = app.app.templates.render(&Mail::samples(site)[0]).unwrap();
    let link = format!("{site}tickets/sample");
    assert_eq!(said.html, format!("<a href=\"{link}\">R&amp;D &#39;Gate&#39;</a><b>"));
}
