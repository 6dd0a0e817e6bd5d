//! Providers that check two factors themselves, and say so by `acr` or `amr`.

use serde_json::json;

use crate::support::provider::{Provider, ProviderUser};
use crate::support::{ADA, Engine, PASSWORD, TestApp};

const PAGE: &str = "/sign-in/second-factor";
const POLICY: &str = "[second_factor]\nrequire = \"everyone\"\ngrace = \"none\"\n";

/// Starts a site with a policy, and with a provider whose section has these lines.
async fn start(engine: Engine, policy: &str, lines: &str) -> (TestApp, Provider) {
    let idp = Provider::start().await;
    let settings = format!("{policy}{}{lines}", idp.oidc("idp"));
    (TestApp::with_settings(engine, &settings).await, idp)
}

fn saying(acr: Option<&'static str>, amr: &[&'static str]) -> ProviderUser {
    let person = ProviderUser::named("ada").with_email(ADA, true);
    ProviderUser { acr, amr: amr.to_vec(), ..person }
}

on_both!(v5_0_0__6_8_4__only_listed_values_of_acr_and_amr_count_as_two_factors);
async fn v5_0_0__6_8_4__only_listed_values_of_acr_and_amr_count_as_two_factors(engine: Engine) {
    let lines = "acr = \"urn:example:gold urn:example:silver\"\namr = \"mfa hwk\"\n";
    let (site, idp) = start(engine, POLICY, lines).await;
    for (acr, amr, is_enough) in [
        (None, &[][..], false),
        (Some("urn:example:bronze"), &["pwd"], false),
        // Neither a part of a value nor a value of the other claim.
        (Some("urn:example:gold urn:example:silver"), &["mfa hwk", "MFA"], false),
        (Some("mfa"), &["urn:example:gold"], false),
        (Some("urn:example:silver"), &["pwd"], true),
        (None, &["pwd", "hwk"], true),
    ] {
        let mut browser = site.browser();
        let there = browser.start_sign_in_at("idp").await;
        let asked = there.query_pairs().find(|(name, _)| name == "acr_values").unwrap().1;
        assert_eq!(asked, "urn:example:gold urn:example:silver");
        let page = browser.visit(&idp.consent(&there, &saying(acr, amr))).await;
        let expected = if is_enough { "/dashboard" } else { PAGE };
        assert_eq!(browser.at, expected, "{acr:?} {amr:?}: {}", page.text());
        assert_eq!(browser.is_signed_in().await, is_enough);
    }
    // Nothing was set up: the password of the same account would still need a second factor.
    let methods = "SELECT MIN(methods) FROM sessions";
    assert_eq!(site.text(methods).await, "multi_factor_provider:idp");
}

on_both!(without_the_settings_a_provider_proves_one_factor);
async fn without_the_settings_a_provider_proves_one_factor(engine: Engine) {
    let (site, idp) = start(engine, POLICY, "").await;
    let mut browser = site.browser();
    let there = browser.start_sign_in_at("idp").await;
    assert!(!there.as_str().contains("acr_values"), "{there}");
    browser.visit(&idp.consent(&there, &saying(Some("mfa"), &["mfa"]))).await;
    assert_eq!(browser.at, PAGE);
}

on_both!(v5_0_0__6_3_4__a_provider_replaces_no_passkey_where_only_passkeys_count);
async fn v5_0_0__6_3_4__a_provider_replaces_no_passkey_where_only_passkeys_count(engine: Engine) {
    let policy = format!("{POLICY}accept = \"passkeys\"\n");
    let (site, idp) = start(engine, &policy, "amr = \"mfa\"\n").await;
    let mut browser = site.browser();
    let there = browser.start_sign_in_at("idp").await;
    browser.visit(&idp.consent(&there, &saying(None, &["mfa"]))).await;
    assert_eq!(browser.at, PAGE);
    assert!(!browser.is_signed_in().await);
}

on_both!(a_provider_that_checked_two_factors_confirms_an_identity);
async fn a_provider_that_checked_two_factors_confirms_an_identity(engine: Engine) {
    let (site, idp) = start(engine, "", "amr = \"mfa\"\n").await;
    let person = saying(None, &["mfa"]);
    let mut browser = site.browser();
    let there = browser.start_sign_in_at("idp").await;
    browser.visit(&idp.consent(&there, &person)).await;
    browser.add_app(&site, "Phone").await;
    site.clock.advance(601);
    let now = site.clock.now();
    for (person, status) in [
        (saying(None, &["pwd"]).with_auth_time(now), 403),
        // An unlocked browser can keep a provider from asking, if it does not say when it asked.
        (person.clone(), 403),
        (person.with_auth_time(now), 200),
    ] {
        browser.at = "/reauthenticate?next=/dashboard/sessions".to_owned();
        let ask = [("provider", "idp"), ("next", "/dashboard/sessions")];
        let answer = browser.post("/api/reauthentication/provider", &ask).await;
        let there = answer.location().unwrap().parse().unwrap();
        let page = browser.visit(&idp.consent(&there, &person)).await;
        let answer = browser.call("/api/sessions/end-others", &[]).await;
        assert_eq!(answer.status, status, "{}", page.text());
        if status == 403 {
            assert_eq!(answer.json(), json!("reauthenticate"));
        }
    }
}

on_both!(v5_0_0__6_3_4__a_providers_second_factor_counts_no_longer_than_its_link);
async fn v5_0_0__6_3_4__a_providers_second_factor_counts_no_longer_than_its_link(engine: Engine) {
    const UNLINK: &str = "/api/linked-accounts/unlink";
    let (site, idp) = start(engine, POLICY, "amr = \"mfa\"\n").await;
    let mut browser = site.browser();
    let there = browser.start_sign_in_at("idp").await;
    browser.visit(&idp.consent(&there, &saying(None, &["mfa"]))).await;
    let answer = browser.call("/api/password/change", &[("new_password", PASSWORD)]).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let link = site.text("SELECT id FROM linked_accounts").await;
    let answer = browser.call(UNLINK, &[("id", &link)]).await;
    assert_eq!((answer.status.as_u16(), answer.json()), (409, json!("last_second_factor")));

    // Neither without the setting, nor at another issuer under the same name, nor once it is gone.
    let other = Provider::start().await;
    for (settings, counts) in [
        (format!("{POLICY}{}amr = \"hwk\"\n", idp.oidc("idp")), true),
        (format!("{POLICY}{}", idp.oidc("idp")), false),
        (format!("{POLICY}{}amr = \"mfa\"\n", other.oidc("idp")), false),
        (POLICY.to_owned(), false),
    ] {
        let app = site.reopen(&settings).await;
        let mut browser = browser.clone().with_app(&app);
        assert_eq!(browser.is_signed_in().await, counts, "{settings}");
    }
    let app = site.reopen(&idp.oidc("idp")).await;
    let answer = browser.clone().with_app(&app).call(UNLINK, &[("id", &link)]).await;
    assert_eq!(answer.status, 200, "nothing requires it: {}", answer.text());
    assert!(!browser.is_signed_in().await, "but with the policy back, the session proves nothing");
}

on_both!(a_provider_stays_linked_while_only_a_disabled_passkey_is_left);
async fn a_provider_stays_linked_while_only_a_disabled_passkey_is_left(engine: Engine) {
    let (site, idp) = start(engine, "", "amr = \"mfa\"\n").await;
    let mut browser = site.browser();
    let there = browser.start_sign_in_at("idp").await;
    browser.visit(&idp.consent(&there, &saying(None, &["mfa"]))).await;
    browser.call("/api/password/change", &[("new_password", PASSWORD)]).await;
    browser.add_passkey("Laptop").await;
    site.run("UPDATE passkeys SET disabled_at = 1").await;
    let link = site.text("SELECT id FROM linked_accounts").await;
    let unlink = "/api/linked-accounts/unlink";
    let answer = browser.call(unlink, &[("id", &link)]).await;
    assert_eq!((answer.status.as_u16(), answer.json()), (409, json!("only_disabled_left")));
    // Where it proves no second factor any more, it protects nothing.
    let app = site.reopen(&format!("{POLICY}{}", idp.oidc("idp"))).await;
    let answer = browser.with_app(&app).call(unlink, &[("id", &link)]).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
}

on_both!(v5_0_0__6_3_4__with_the_password_alone_nobody_sets_up_a_factor_beside_the_providers);
async fn v5_0_0__6_3_4__with_the_password_alone_nobody_sets_up_a_factor_beside_the_providers(
    engine: Engine,
) {
    let (site, idp) = start(engine, POLICY, "amr = \"mfa\"\n").await;
    let mut browser = site.browser();
    let there = browser.start_sign_in_at("idp").await;
    browser.visit(&idp.consent(&there, &saying(None, &["mfa"]))).await;
    let fields = [("new_password", PASSWORD)];
    let answer = browser.call("/api/password/change", &fields).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let (mut thief, attempt) = site.pending_browser(ADA).await;
    let page = thief.visit(PAGE).await;
    assert!(page.shows("You can also sign in with idp, which checks your second factor."));
    for path in ["set-up", "set-up-passkey", "set-up-passkey/begin"] {
        let path = format!("/api/sign-in/second-factor/{path}");
        let fields = [("attempt", attempt.as_str()), ("app_code", "123456")];
        let answer = thief.call(&path, &fields).await;
        assert!([409, 422].contains(&answer.status.as_u16()), "{path}: {}", answer.text());
        assert!(!thief.is_signed_in().await);
    }
    // Without the setting, the provider proves no second factor, and the user sets one up.
    let app = site.reopen(&format!("{POLICY}{}", idp.oidc("idp"))).await;
    let mut browser = site.browser().with_app(&app);
    let page = browser.try_sign_in(ADA, PASSWORD).await;
    assert!(page.shows("This site requires a second factor."), "{}", page.text());
}
