//! The database is gone, and comes back.

use serde_json::json;

use crate::support::outage::{Lock, Proxy};
use crate::support::{ADA, Answer, Browser, EVE, PASSWORD, TestApp};
use crate::web::is_dressed;

const SIGN_UP: &str = "/api/sign-up";

on_both!(v5_0_0__16_5_3__without_the_database_nobody_comes_in_and_nobody_is_signed_out);
async fn v5_0_0__16_5_3__without_the_database_nobody_comes_in_and_nobody_is_signed_out(
    app: TestApp,
) {
    let mut browser = app.browser_of(ADA).await;
    let session = browser.session();
    app.app.db.close().await;

    for path in ["/dashboard", "/dashboard/sessions", "/sign-in", "/", "/nowhere"] {
        let page = browser.get(path).await;
        if path == "/nowhere" && page.status == 404 {
            continue;
        }
        is_out_of_reach(&page);
    }
    let page = browser.post("/api/profile/display-name", &[("display_name", "Ada")]).await;
    is_out_of_reach(&page);
    let answer = browser.call("/api/viewer", &[]).await;
    assert_eq!((answer.status.as_u16(), answer.json()), (503, json!("unavailable")));
    assert_ne!(answer.header("retry-after"), "");
    assert_eq!(browser.session(), session, "the cookie stays for when it is back");

    let mut stranger = app.browser();
    assert_eq!(stranger.get("/sign-in").await.status, 200, "asks nothing of the database");
    let fields = [("email", ADA), ("password", PASSWORD)];
    is_out_of_reach(&stranger.post("/api/sign-in/password", &fields).await);
    assert_eq!(stranger.call(SIGN_UP, &fields).await.status, 503);
    assert_eq!(stranger.get("/health/live").await.status, 200);
    let ready = stranger.get("/health/ready").await;
    assert_eq!(ready.status, 503);
    is_dressed(&ready, "readiness");
}

fn is_out_of_reach(page: &Answer) {
    assert_eq!(page.status, 503, "{}", page.text());
    assert!(page.says("We can't reach our records right now."), "{}", page.text());
    assert!(page.says(page.header("x-request-id")));
    assert_eq!(page.header("retry-after"), "5");
    is_dressed(page, "503");
}

on_both!(when_the_database_is_back_the_site_is_too);
async fn when_the_database_is_back_the_site_is_too(app: TestApp) {
    let impatient = "[database]\nbusy_timeout = \"1s\"\n";
    if !app.is_postgres() {
        let behind = app.again(impatient).await;
        let mut browser = app.browser_of(ADA).await.at_another(&behind);
        let lock = Lock::take(&app.database.url).await;
        let answer = browser.call(SIGN_UP, &[("email", EVE), ("password", PASSWORD)]).await;
        assert_eq!((answer.status.as_u16(), answer.json()), (503, json!("unavailable")));
        lock.release().await;
        return is_back(browser).await;
    }
    let (_, server) = app.database.url.split_once('@').unwrap();
    let (server, name) = server.split_once('/').unwrap();
    let mut proxy = Proxy::open(server).await;
    let url = format!("postgres://postgres@{}/{name}", proxy.address());
    let behind = app.again(&format!("{impatient}url = {url:?}\n")).await;
    let mut browser = app.browser_of(ADA).await.at_another(&behind);
    assert!(browser.is_signed_in().await);
    proxy.close().await;
    is_out_of_reach(&browser.get("/dashboard").await);
    let answer = browser.call(SIGN_UP, &[("email", EVE), ("password", PASSWORD)]).await;
    assert_eq!((answer.status.as_u16(), answer.json()), (503, json!("unavailable")));
    assert_eq!(browser.get("/health/ready").await.status, 503);
    proxy.reopen().await;
    is_back(browser).await;
}

async fn is_back(mut browser: Browser) {
    assert_eq!(browser.get("/health/ready").await.status, 200);
    assert!(browser.is_signed_in().await);
    browser.sign_up(EVE).await;
    browser.signs_in(EVE).await;
}
