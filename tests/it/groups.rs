//! Groups at a provider: only members get in where the provider's section names some, and they may sign up
//! where the site says so.

use portcullis::social::SocialProblem::{NotMember, Unreachable, Unusable};
use serde_json::json;

use crate::support::{
    ADA, Engine, Fault, PASSWORD, Provider, ProviderEndpoint, ProviderUser, Social, TestApp,
};

fn ada() -> ProviderUser {
    ProviderUser::named("ada").with_email(ADA, true)
}

/// A site whose providers are for members of a group only.
async fn members_only(engine: Engine, mode: &str) -> Social {
    let (idp, forge) = (Provider::start().await, Provider::start().await);
    let members = idp.oidc("idp") + "groups = \"staff | board of directors\"\n";
    let others = forge.oauth("forge")
        + "groups = \"acme\"\ngroups_path = \"[].login\"\ngroups_scopes = \"read:org\"\n";
    let url = others.lines().find_map(|it| it.strip_prefix("emails_url = ")).unwrap();
    let url = url.replace("/user/emails", "/groups");
    let settings = format!("{members}{others}groups_url = {url}\n[sign_up]\nmode = {mode:?}\n");
    Social { app: TestApp::with_settings(engine, &settings).await, idp, forge }
}

async fn assert_refused(site: &Social, name: &str) {
    let mut browser = site.app.browser();
    let page = site.sign_in(&mut browser, name, &ada()).await;
    site.assert_not_signed_in(&mut browser, &page, NotMember).await;
    assert_eq!(site.app.count_users().await, 0);
}

on_both!(v5_0_0__8_2_1__only_members_of_a_named_group_get_in);
async fn v5_0_0__8_2_1__only_members_of_a_named_group_get_in(engine: Engine) {
    let site = members_only(engine, "open").await;
    assert_refused(&site, "idp").await;
    for groups in [json!([]), json!("staff2"), json!(["Staff"]), json!({"staff": true}), json!(7)] {
        site.idp.set_claim("groups", groups);
        assert_refused(&site, "idp").await;
    }
    for groups in [json!(["x", "board of directors"]), json!("staff")] {
        site.idp.set_claim("groups", groups);
        site.signed_in_browser("idp", &ada()).await;
    }
    // Who leaves the group stays out, even if known.
    site.idp.set_claim("groups", json!(["x"]));
    let mut browser = site.app.browser();
    let page = site.sign_in(&mut browser, "idp", &ada()).await;
    assert!(page.shows(&NotMember.to_string()) && browser.session().is_none());
}

on_both!(groups_come_from_the_userinfo_response_if_the_id_token_lacks_them);
async fn groups_come_from_the_userinfo_response_if_the_id_token_lacks_them(engine: Engine) {
    let site = members_only(engine, "open").await;
    let user = |groups| json!({"sub": "ada", "groups": groups});
    site.idp.set_response(ProviderEndpoint::Userinfo, Some(user(json!(["guests"]))));
    assert_refused(&site, "idp").await;
    // Unknown is not the same as no.
    site.idp.set_response(ProviderEndpoint::Userinfo, None);
    let (place, fault) = (ProviderEndpoint::Userinfo, Fault::Status500);
    site.assert_sign_in_fails("idp", place, fault, Unreachable).await;
    site.idp.set_response(ProviderEndpoint::Userinfo, Some(user(json!(["staff"]))));
    site.signed_in_browser("idp", &ada()).await;
}

on_both!(groups_come_from_an_endpoint_of_their_own);
async fn groups_come_from_an_endpoint_of_their_own(engine: Engine) {
    let site = members_only(engine, "open").await;
    let mut browser = site.app.browser();
    let authorize = browser.start_sign_in_at("forge").await;
    let scope = authorize.query_pairs().find(|(name, _)| name == "scope").unwrap().1;
    assert_eq!(scope, "read:user user:email read:org");
    for (groups, problem) in [
        (r#"[{"login": "other"}]"#, NotMember),
        ("[]", NotMember),
        ("{}", NotMember),
        ("no JSON", Unusable),
    ] {
        site.forge.respond(ProviderEndpoint::Groups, 200, "application/json", groups);
        let mut browser = site.app.browser();
        let page = site.sign_in(&mut browser, "forge", &ada()).await;
        site.assert_not_signed_in(&mut browser, &page, problem).await;
    }
    let (place, fault) = (ProviderEndpoint::Groups, Fault::Status500);
    site.assert_sign_in_fails("forge", place, fault, Unreachable).await;
    let groups = r#"[{"login": "other"}, {"login": "acme"}]"#;
    site.forge.respond(ProviderEndpoint::Groups, 200, "application/json", groups);
    site.signed_in_browser("forge", &ada()).await;
}

on_both!(members_may_sign_up_where_the_mode_is_groups);
async fn members_may_sign_up_where_the_mode_is_groups(engine: Engine) {
    let site = members_only(engine, "groups").await;
    let mut browser = site.app.browser();
    let page = browser.visit("/sign-up").await;
    assert!(page.shows("Sign-up is for members of certain groups."), "{}", page.text());
    let fields = [("email", ADA), ("password", PASSWORD)];
    let answer = browser.call("/api/sign-up", &fields).await;
    assert_eq!((answer.status.as_u16(), answer.json()), (403, json!("members_only")));
    assert_refused(&site, "idp").await;
    site.idp.set_claim("groups", json!("staff"));
    site.signed_in_browser("idp", &ada()).await;
    assert_eq!(site.app.count_users().await, 1);
}

on_both!(an_outsider_can_neither_link_nor_confirm);
async fn an_outsider_can_neither_link_nor_confirm(engine: Engine) {
    let site = members_only(engine, "open").await;
    let mut browser = site.app.signed_in_browser(ADA).await;
    let page = site.link_account(&mut browser, "idp", &ProviderUser::named("ada")).await;
    assert!(page.shows(&NotMember.to_string()), "{}", page.text());
    assert_eq!(site.count_linked_accounts().await, 0);
    site.idp.set_claim("groups", json!("staff"));
    site.link_account(&mut browser, "idp", &ProviderUser::named("ada")).await;
    assert_eq!(site.count_linked_accounts().await, 1);
    site.idp.clear_claims();
    site.app.clock.advance(601);
    browser.at = "/reauthenticate".to_owned();
    let authorize = browser.start_at_provider("/api/reauthentication/provider", "idp").await;
    let page = browser.visit(&site.idp.consent(&authorize, &ProviderUser::named("ada"))).await;
    assert!(page.shows(&NotMember.to_string()), "{}", page.text());
}
