//! Codes of authenticator apps, compared with another implementation.

use std::process::Command;

use crate::support::{ADA, TestApp};

/// Returns the code that another implementation computes.
fn code_by_oathtool(key: &str, now: i64) -> String {
    let found = Command::new("scripts/oathtool")
        .args(["--totp", "-b", key, "--now", &format!("@{now}")])
        .output()
        .unwrap();
    assert!(found.status.success(), "{}", String::from_utf8_lossy(&found.stderr));
    String::from_utf8(found.stdout).unwrap().trim().to_owned()
}

on_both!(v5_0_0__6_5_8__codes_agree_with_oathtool_at_any_time);
async fn v5_0_0__6_5_8__codes_agree_with_oathtool_at_any_time(site: TestApp) {
    let mut browser = site.signed_in_browser(ADA).await;
    let offer = browser.call("/api/authenticator-apps/offer", &[]).await.json();
    let (token, key) = (offer["token"].as_str().unwrap(), offer["key"].as_str().unwrap());
    let code = code_by_oathtool(key, site.clock.now());
    let fields = [("token", token), ("app_name", "Phone"), ("app_code", &code)];
    let answer = browser.call("/api/authenticator-apps/add", &fields).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    for seconds in [30, 61, 86_400, 400 * 86_400] {
        site.clock.advance(seconds);
        let (mut pending, attempt) = site.pending_browser(ADA).await;
        let code = code_by_oathtool(key, site.clock.now());
        let answer = pending.enter_app_code(&attempt, &code).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
    }
}
