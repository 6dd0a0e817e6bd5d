//! The activity page: a user's own history.

use crate::support::{ADA, EVE, OTHER_PASSWORD, TestApp};

on_both!(v5_0_0__16_3_1__a_user_sees_only_their_own_account_activity);
async fn v5_0_0__16_3_1__a_user_sees_only_their_own_account_activity(app: TestApp) {
    let mut browser = app.signed_in_browser(ADA).await;
    app.signed_in_browser(EVE).await;
    let mut stranger = app.browser();
    stranger.address = ([198, 51, 100, 9], 50000).into();
    stranger.try_sign_in(ADA, OTHER_PASSWORD).await;
    let page = browser.visit("/dashboard/activity").await;
    assert_eq!((page.status.as_u16(), page.alerts()), (200, 0));
    for sentence in
        ["Signed up", "Signed in", "Sign-in refused", "198.51.100.9", "Firefox on Linux"]
    {
        assert!(page.shows(sentence), "{sentence}: {}", page.text());
    }
    let answer = browser.call("/api/activity", &[("before", "")]).await.json();
    let kinds: Vec<_> = answer["events"].as_array().unwrap().iter().map(|it| &it["kind"]).collect();
    assert_eq!(
        kinds,
        ["sign_in_refused", "signed_in", "signed_up"],
        "the newest first, Ada's only"
    );
}

on_both!(a_long_activity_history_is_paginated);
async fn a_long_activity_history_is_paginated(app: TestApp) {
    let mut browser = app.signed_in_browser(ADA).await;
    for n in 0..60 {
        let name = format!("Ada {n}");
        assert_eq!(
            browser
                .call(
                    "/api/reauthentication/password",
                    &[("current_password", crate::support::PASSWORD)]
                )
                .await
                .status,
            200,
            "{name}"
        );
    }
    let page = browser.visit("/dashboard/activity").await;
    assert!(page.shows("Older") && !page.shows("Signed up"), "{}", page.text());
    let at = page.text().split("/dashboard/activity?before=").nth(1).unwrap()[..36].to_owned();
    let page = browser.visit(&format!("/dashboard/activity?before={at}")).await;
    assert!(page.shows("Signed up") && page.shows("Newest") && !page.shows("Older"));
}

on_both!(v5_0_0__16_4_2__only_sealing_updates_and_only_trimming_deletes_audit_events);
async fn v5_0_0__16_4_2__only_sealing_updates_and_only_trimming_deletes_audit_events(app: TestApp) {
    app.signed_in_browser(ADA).await;
    app.run("UPDATE users SET email_verified_at = created_at").await;
    let table =
        crate::tidy::sources("src").into_iter().filter(|(_, it)| it.contains("audit_events"));
    for (path, text) in table {
        for (verb, only) in [
            // Sealing updates each event once, and trimming deletes old ones.
            ("UPDATE audit_events", "audit/server/chain.rs"),
            ("DELETE FROM audit_events", "audit/server/trim.rs"),
        ] {
            let found = text.matches(verb).count();
            assert_eq!(found, usize::from(path.ends_with(only)), "{path}: {verb}");
        }
    }
}
