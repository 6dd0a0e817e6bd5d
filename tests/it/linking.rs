//! Linked accounts: linked by their user, never because email addresses match, and never unlinked if that
//! would leave no way to sign in.

use std::time::Duration;

use portcullis::social::SocialProblem::{EmailTaken, Expired, LinkedToOtherUser, Refused};
use serde_json::{Value, json};

use crate::support::{
    ADA, Browser, EVE, Engine, Fault, OTHER_PASSWORD, PASSWORD, Provider, ProviderEndpoint,
    ProviderUser, Social,
};

const PAGE: &str = "/dashboard/linked-accounts";
const UNLINK: &str = "/api/linked-accounts/unlink";

fn ada() -> ProviderUser {
    ProviderUser::named("ada").with_email(ADA, true)
}

/// Returns the viewer's linked accounts, as their page requests them.
async fn linked_accounts(browser: &mut Browser) -> Vec<Value> {
    let answer = browser.call("/api/linked-accounts", &[]).await;
    answer.json()["linked"].as_array().unwrap().clone()
}

async fn first_link_id(browser: &mut Browser) -> String {
    linked_accounts(browser).await[0]["id"].as_str().unwrap().to_owned()
}

on_both!(a_matching_verified_email_does_not_link_accounts);
async fn a_matching_verified_email_does_not_link_accounts(site: Social) {
    site.verified_user(ADA).await;
    let before = site.app.comparable_rows().await;
    for (name, email) in [("idp", ADA), ("forge", "ADA@example.com")] {
        let person = ProviderUser::named("ada").with_email(email, true);
        let mut browser = site.app.browser();
        let page = site.sign_in(&mut browser, name, &person).await;
        site.assert_not_signed_in(&mut browser, &page, EmailTaken).await;
        // Signing in now leads to the page that links the provider.
        assert_eq!(browser.at, "/sign-in?next=/dashboard/linked-accounts");
        assert_eq!(site.app.comparable_rows().await, before);
    }
}

on_both!(a_user_refused_for_a_taken_email_can_sign_in_and_link);
async fn a_user_refused_for_a_taken_email_can_sign_in_and_link(site: Social) {
    site.verified_user(ADA).await;
    let mut browser = site.app.browser();
    site.sign_in(&mut browser, "idp", &ada()).await;
    browser.sign_in(ADA).await;
    let page = site.link_account(&mut browser, "idp", &ada()).await;
    assert_eq!(browser.at, PAGE);
    assert!(page.shows("Account linked.") && page.shows("Unlink idp"), "{}", page.text());

    let mut browser = site.signed_in_browser("idp", &ada()).await;
    assert_eq!(linked_accounts(&mut browser).await.len(), 1);
    assert_eq!(site.app.count_users().await, 1);
    // Linking it twice is not an error.
    site.link_account(&mut browser, "idp", &ada()).await;
    assert_eq!(site.count_linked_accounts().await, 1);
}

on_both!(v5_0_0__6_8_1__a_provider_gives_an_unverified_account_to_the_owner_of_its_address);
async fn v5_0_0__6_8_1__a_provider_gives_an_unverified_account_to_the_owner_of_its_address(
    site: Social,
) {
    for (name, email) in [("idp", ADA), ("forge", EVE)] {
        // Someone signed up with the address, and linked an account of theirs, before its owner came.
        let mut planted = site.app.signed_in_browser(email).await;
        site.link_account(&mut planted, "idp", &ProviderUser::named(&format!("thief {name}")))
            .await;
        let person = ProviderUser::named(name).with_email(email, true);
        let mut browser = site.app.browser();
        let page = site.sign_in(&mut browser, name, &person).await;
        assert_eq!(browser.at, "/dashboard");
        assert!(page.shows("Everything set up before that was removed, including any password."));
        assert!(!planted.is_signed_in().await);
        assert_eq!(site.app.browser().try_sign_in(email, PASSWORD).await.alerts(), 1);
        assert_eq!(linked_accounts(&mut browser).await.len(), 1);
        let viewer = browser.call("/api/viewer", &[]).await.json();
        assert_eq!((&viewer["email"], &viewer["email_verified"]), (&json!(email), &json!(true)));
    }
    assert_eq!((site.app.count_users().await, site.count_linked_accounts().await), (2, 2));
    // From now on the address is verified, and no other account gets in by it.
    let other = ProviderUser::named("other").with_email(ADA, true);
    let page = site.sign_in(&mut site.app.browser(), "forge", &other).await;
    assert!(page.shows(&EmailTaken.to_string()));
}

on_both!(a_user_links_several_accounts_of_one_provider);
async fn a_user_links_several_accounts_of_one_provider(site: Social) {
    let mut browser = site.app.signed_in_browser(ADA).await;
    let people = ["ada", "ada at work"].map(ProviderUser::named);
    for person in &people {
        site.link_account(&mut browser, "idp", person).await;
    }
    assert_eq!(linked_accounts(&mut browser).await.len(), 2);
    for person in &people {
        site.signed_in_browser("idp", person).await;
    }
    assert_eq!(site.app.count_users().await, 1);
    // Each can be unlinked alone.
    let id = first_link_id(&mut browser).await;
    assert_eq!(browser.call(UNLINK, &[("id", &id)]).await.status, 200);
    site.signed_in_browser("idp", &people[0]).await;
    site.signed_in_browser("idp", &people[1]).await;
    assert_eq!(site.app.count_users().await, 2);
}

on_both!(an_unverified_provider_email_is_never_used);
async fn an_unverified_provider_email_is_never_used(site: Social) {
    let mut owner = site.app.signed_in_browser(ADA).await;
    for name in ["idp", "forge"] {
        let person = ProviderUser::named("eve").with_email(ADA, false);
        let mut browser = site.signed_in_browser(name, &person).await;
        // The new account has no email address.
        let viewer = browser.call("/api/viewer", &[]).await.json();
        assert_eq!(viewer["email"], Value::Null);
    }
    assert_eq!(site.app.count_users().await, 3);
    assert!(linked_accounts(&mut owner).await.is_empty());
}

on_both!(an_email_verified_by_a_provider_cannot_be_signed_up_again);
async fn an_email_verified_by_a_provider_cannot_be_signed_up_again(site: Social) {
    site.signed_in_browser("idp", &ada()).await;
    // The usual response, and no password that opens Ada's account.
    site.app.browser().sign_up(ADA).await;
    assert_eq!(site.app.browser().try_sign_in(ADA, PASSWORD).await.alerts(), 1);
    assert_eq!(site.app.number("SELECT COUNT(*) FROM passwords").await, 0);
}

on_both!(a_provider_account_can_be_linked_to_one_user_only);
async fn a_provider_account_can_be_linked_to_one_user_only(site: Social) {
    site.signed_in_browser("idp", &ProviderUser::named("ada")).await;
    let mut eve = site.app.signed_in_browser(EVE).await;
    let page = site.link_account(&mut eve, "idp", &ProviderUser::named("ada")).await;
    assert_eq!(eve.at, PAGE);
    assert_eq!(page.alerts(), 1);
    assert!(page.shows(&LinkedToOtherUser.to_string()));
    assert!(linked_accounts(&mut eve).await.is_empty());
    assert_eq!(site.count_linked_accounts().await, 1);
}

on_both!(cve_2026_9087__linking_started_by_one_user_cannot_be_finished_by_another);
async fn cve_2026_9087__linking_started_by_one_user_cannot_be_finished_by_another(site: Social) {
    let mut browser = site.app.signed_in_browser(ADA).await;
    let authorize = browser.start_linking("idp").await;
    let callback = site.idp.consent(&authorize, &ProviderUser::named("ada"));
    // The same browser, but now another user.
    browser.sign_up(EVE).await;
    browser.sign_in(EVE).await;
    let page = browser.visit(&callback).await;
    assert!(page.shows(&Expired.to_string()), "{}", page.text());
    assert_eq!(site.count_linked_accounts().await, 0);
}

on_both!(linking_cannot_be_finished_after_signing_out);
async fn linking_cannot_be_finished_after_signing_out(site: Social) {
    let mut browser = site.app.signed_in_browser(ADA).await;
    let authorize = browser.start_linking("idp").await;
    let callback = site.idp.consent(&authorize, &ProviderUser::named("ada"));
    browser.post_form("/api/sign-out", &[]).await;
    let page = browser.visit(&callback).await;
    assert!(browser.at.starts_with("/sign-in"), "{}", browser.at);
    assert_eq!(page.status, 200);
    assert_eq!(site.count_linked_accounts().await, 0);
    assert_eq!((site.app.count_sessions().await, site.app.count_users().await), (0, 1));
}

on_both!(v5_0_0__7_4_1__a_session_that_ends_during_the_provider_request_links_nothing);
async fn v5_0_0__7_4_1__a_session_that_ends_during_the_provider_request_links_nothing(
    site: Social,
) {
    let mut owner = site.app.signed_in_browser(ADA).await;
    let mut thief = site.app.browser();
    thief.sign_in(ADA).await;
    let authorize = thief.start_linking("idp").await;
    let callback = site.idp.consent(&authorize, &ProviderUser::named("thief"));
    // The provider's token response is slow enough for the owner to act meanwhile.
    site.idp.set_fault(ProviderEndpoint::Token, Fault::Slow);
    let arriving = tokio::spawn(async move { thief.get(&callback).await });
    tokio::time::sleep(Duration::from_millis(150)).await;
    assert_eq!(owner.call("/api/sessions/end-others", &[]).await.status, 200);
    let answer = arriving.await.unwrap();
    assert_eq!(site.count_linked_accounts().await, 0, "{:?}", answer.location());
    assert_eq!(site.app.count_sessions().await, 1);
    assert!(owner.is_signed_in().await);
}

on_both!(v5_0_0__7_2_4__linking_rotates_the_session_id);
async fn v5_0_0__7_2_4__linking_rotates_the_session_id(site: Social) {
    let mut browser = site.app.signed_in_browser(ADA).await;
    let mut copy = browser.clone();
    site.link_account(&mut browser, "idp", &ProviderUser::named("ada")).await;
    assert_ne!(browser.session(), copy.session());
    assert!(browser.is_signed_in().await && !copy.is_signed_in().await);
    assert_eq!(site.app.count_sessions().await, 1);
}

on_both!(a_linked_account_of_an_unconfigured_issuer_is_not_a_sign_in_method);
async fn a_linked_account_of_an_unconfigured_issuer_is_not_a_sign_in_method(engine: Engine) {
    let site = Social::with_settings(engine, "").await;
    let mut browser = site.signed_in_browser("idp", &ada()).await;
    site.link_account(&mut browser, "forge", &ProviderUser::named("ada")).await;
    // The section keeps its name but names another provider.
    let other = Provider::start().await;
    let settings = site.idp.oidc("idp") + &other.oauth("forge");
    let app = site.app.reopen(&settings).await;
    let mut after = browser.with_app(&app);
    let links = after.call("/api/linked-accounts", &[]).await.json();
    assert_eq!(links["removable"], json!(false), "{links}");
    let id = links["linked"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(after.call(UNLINK, &[("id", &id)]).await.status, 409);
}

on_both!(a_renamed_section_keeps_its_linked_accounts);
async fn a_renamed_section_keeps_its_linked_accounts(engine: Engine) {
    let site = Social::with_settings(engine, "").await;
    let browser = site.signed_in_browser("idp", &ada()).await;
    let app = site.app.reopen(&site.idp.oidc("renamed")).await;
    let mut after = browser.with_app(&app);
    let links = after.call("/api/linked-accounts", &[]).await.json();
    assert_eq!(links["linked"][0]["label"], json!("renamed"));
    assert_eq!(links["removable"], json!(false), "it is the last way to sign in");
    // It still confirms the identity, and signs in.
    assert!(after.visit("/reauthenticate").await.shows("Confirm with renamed"));
    let mut new = site.app.browser().with_app(&app);
    let there = new.start_sign_in_at("renamed").await;
    new.visit(&site.idp.consent(&there, &ada())).await;
    assert_eq!(new.at, "/dashboard");
    assert_eq!(site.app.count_users().await, 1);
}

on_both!(a_provider_removed_during_a_sign_in_returns_the_visitor_to_sign_in);
async fn a_provider_removed_during_a_sign_in_returns_the_visitor_to_sign_in(engine: Engine) {
    let site = Social::with_settings(engine, "").await;
    let mut browser = site.app.browser();
    let authorize = browser.start_sign_in_at("forge").await;
    let callback = site.forge.consent(&authorize, &ada());
    let app = site.app.reopen(&site.idp.oidc("idp")).await;
    let mut after = browser.with_app(&app);
    let page = after.visit(&callback).await;
    site.assert_not_signed_in(&mut after, &page, Expired).await;
}

on_both!(linking_started_in_another_browser_is_refused);
async fn linking_started_in_another_browser_is_refused(site: Social) {
    // Eve makes Ada's browser finish Eve's link, so that Eve's account at the provider would open Ada's here.
    let mut eve = site.app.signed_in_browser(EVE).await;
    let callback = site.idp.consent(&eve.start_linking("idp").await, &ProviderUser::named("eve"));
    let mut victim = site.app.signed_in_browser(ADA).await;
    let page = victim.visit(&callback).await;
    assert_eq!(site.count_linked_accounts().await, 0);
    assert!(page.status.as_u16() < 500);
    assert!(victim.is_signed_in().await);
}

on_both!(declining_at_the_provider_returns_to_the_linked_accounts_page);
async fn declining_at_the_provider_returns_to_the_linked_accounts_page(site: Social) {
    let mut browser = site.app.signed_in_browser(ADA).await;
    let authorize = browser.start_linking("forge").await;
    let page = browser.visit(&site.forge.deny(&authorize)).await;
    assert_eq!(browser.at, PAGE);
    assert_eq!(page.alerts(), 1);
    assert!(page.shows(&Refused.to_string()));
    assert!(browser.is_signed_in().await);
}

on_both!(an_unlinked_account_no_longer_signs_the_user_in);
async fn an_unlinked_account_no_longer_signs_the_user_in(site: Social) {
    let mut browser = site.app.signed_in_browser(ADA).await;
    site.link_account(&mut browser, "idp", &ProviderUser::named("ada")).await;
    let id = first_link_id(&mut browser).await;
    let page = browser.post_form(UNLINK, &[("id", &id)]).await;
    assert_eq!(browser.at, PAGE);
    assert!(page.shows("Account unlinked."));
    assert_eq!(site.count_linked_accounts().await, 0);
    // Signing in from the provider now creates a new user.
    site.signed_in_browser("idp", &ProviderUser::named("ada")).await;
    assert_eq!(site.app.count_users().await, 2);
    // Unlinking it again is not an error.
    assert_eq!(browser.call(UNLINK, &[("id", &id)]).await.status, 200);
}

on_both!(the_last_sign_in_method_cannot_be_unlinked);
async fn the_last_sign_in_method_cannot_be_unlinked(site: Social) {
    let mut browser = site.signed_in_browser("idp", &ada()).await;
    let id = first_link_id(&mut browser).await;
    let page = browser.visit(PAGE).await;
    assert!(page.shows("This is your only way to sign in.") && !page.shows("Unlink idp"));

    let answer = browser.call(UNLINK, &[("id", &id)]).await;
    assert_eq!((answer.status.as_u16(), answer.json()), (409, json!("last_way_in")));
    browser.at = PAGE.to_owned();
    let page = browser.post_form(UNLINK, &[("id", &id)]).await;
    assert_eq!(browser.at, PAGE);
    assert!(page.shows("Set a password, add a passkey or link another account first."));
    assert_eq!(site.count_linked_accounts().await, 1);
}

on_both!(a_user_with_a_password_can_unlink_their_last_account);
async fn a_user_with_a_password_can_unlink_their_last_account(site: Social) {
    let mut browser = site.signed_in_browser("idp", &ada()).await;
    let page = browser.visit("/dashboard/security").await;
    assert!(page.shows("Set password") && !page.shows("Current password"));
    browser.at = "/dashboard/security".to_owned();
    let page = browser.post_form("/api/password/change", &[("new_password", OTHER_PASSWORD)]).await;
    assert!(page.shows("Password set. All other sessions were ended."), "{}", page.text());
    let id = first_link_id(&mut browser).await;
    assert_eq!(browser.call(UNLINK, &[("id", &id)]).await.status, 200);
    site.app.browser().try_sign_in(ADA, OTHER_PASSWORD).await;
    assert_eq!(site.app.count_sessions().await, 2);
}

on_both!(v5_0_0__15_4_2__concurrent_unlinking_leaves_one_linked_account);
async fn v5_0_0__15_4_2__concurrent_unlinking_leaves_one_linked_account(site: Social) {
    for round in 0..5 {
        let person = ProviderUser::named(&format!("ada {round}"));
        let mut browser = site.signed_in_browser("idp", &person).await;
        site.link_account(&mut browser, "forge", &person).await;
        let links = linked_accounts(&mut browser).await;
        assert_eq!(links.len(), 2);
        let removals: Vec<_> = links
            .into_iter()
            .map(|link| {
                let (mut browser, id) = (browser.clone(), link["id"].as_str().unwrap().to_owned());
                tokio::spawn(async move { browser.call(UNLINK, &[("id", &id)]).await.status })
            })
            .collect();
        let mut statuses = Vec::new();
        for removal in removals {
            statuses.push(removal.await.unwrap().as_u16());
        }
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 409]);
        assert_eq!(linked_accounts(&mut browser).await.len(), 1);
    }
}

on_both!(v5_0_0__8_2_2__a_user_cannot_unlink_another_users_account);
async fn v5_0_0__8_2_2__a_user_cannot_unlink_another_users_account(site: Social) {
    let mut ada = site.app.signed_in_browser(ADA).await;
    site.link_account(&mut ada, "idp", &ProviderUser::named("ada")).await;
    let id = first_link_id(&mut ada).await;
    let mut eve = site.app.signed_in_browser(EVE).await;
    site.link_account(&mut eve, "forge", &ProviderUser::named("eve")).await;
    for id in [&id, "", "x", "' OR 1=1 --"] {
        assert_eq!(eve.call(UNLINK, &[("id", id)]).await.status, 200);
    }
    assert_eq!(site.count_linked_accounts().await, 2);
    assert_eq!(linked_accounts(&mut eve).await.len(), 1);
}

on_both!(an_id_with_a_nul_unlinks_nothing);
async fn an_id_with_a_nul_unlinks_nothing(site: Social) {
    let mut browser = site.signed_in_browser("idp", &ada()).await;
    let answer = browser.call(UNLINK, &[("id", "a\0b")]).await;
    assert!(answer.status.as_u16() < 500, "{}", answer.text());
    assert_eq!(site.count_linked_accounts().await, 1);
}

on_both!(a_provider_removed_from_the_settings_is_not_a_sign_in_method);
async fn a_provider_removed_from_the_settings_is_not_a_sign_in_method(engine: Engine) {
    let site = Social::with_settings(engine, "").await;
    let mut browser = site.signed_in_browser("idp", &ada()).await;
    site.link_account(&mut browser, "forge", &ProviderUser::named("ada")).await;
    // The site restarts without the provider `forge`.
    let app = site.app.reopen(&site.idp.oidc("idp")).await;
    let mut after = browser.with_app(&app);
    let links = linked_accounts(&mut after).await;
    let id_of = |name: &str| {
        links.iter().find(|it| it["label"] == name).unwrap()["id"].as_str().unwrap().to_owned()
    };
    assert_eq!(after.call(UNLINK, &[("id", &id_of("idp"))]).await.status, 409);
    assert_eq!(after.call(UNLINK, &[("id", &id_of("forge"))]).await.status, 200);
}

on_both!(concurrent_first_sign_ins_at_a_provider_create_one_account);
async fn concurrent_first_sign_ins_at_a_provider_create_one_account(site: Social) {
    for round in 1..=8 {
        let person = ProviderUser::named(&format!("ada{round}"));
        let person = person.with_email(&format!("ada{round}@example.com"), true);
        let mut browser = site.app.browser();
        let mut arrivals = Vec::new();
        for _ in 0..4 {
            let authorize = browser.start_sign_in_at("idp").await;
            let callback = site.idp.consent(&authorize, &person);
            arrivals.push((browser.clone(), callback));
        }
        let arrivals: Vec<_> = arrivals
            .into_iter()
            .map(|(mut browser, callback)| {
                tokio::spawn(async move {
                    let answer = browser.get(&callback).await;
                    answer.location().ok_or(answer.text())
                })
            })
            .collect();
        for arrival in arrivals {
            assert_eq!(arrival.await.unwrap().as_deref(), Ok("/dashboard"));
        }
        assert_eq!(
            (site.app.count_users().await, site.count_linked_accounts().await),
            (round, round)
        );
    }
}
