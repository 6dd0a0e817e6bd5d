//! Set-up of the first administrator.

use portcullis::ticket::server::issue_set_up;

use crate::support::app::Folder;
use crate::support::process::{Server, portcullis};
use crate::support::{ADA, EVE, PASSWORD, TestApp};

/// Returns the path of a link that creates the first administrator.
async fn link(app: &TestApp) -> String {
    let mut tx = app.app.db.begin().await.unwrap();
    let issued = issue_set_up(&app.app, &mut tx).await.unwrap();
    tx.commit().await.unwrap();
    issued.link[issued.link.find("/tickets/").unwrap()..].to_owned()
}

const FIELDS: [(&str, &str); 2] = [("email", ADA), ("password", PASSWORD)];

on_both!(v5_0_0__6_5_1__the_first_administrator_is_created_once);
async fn v5_0_0__6_5_1__the_first_administrator_is_created_once(app: TestApp) {
    let (first, second) = (link(&app).await, link(&app).await);
    let mut browser = app.browser();
    let page = browser.visit(&first).await;
    assert!(page.shows("Create the first administrator"), "{}", page.text());
    assert!(page.shows("Create administrator"), "{}", page.text());
    assert!(!page.text().contains(&first), "the secret is out of sight");
    // Each problem is shown at its field.
    let short = [("email", "ada"), ("password", "short")];
    let page = browser.post_form("/api/set-up", &short).await;
    assert!(page.problem_at("email").is_some() && page.problem_at("password").is_some());
    let page = browser.post_form("/api/set-up", &FIELDS).await;
    assert_eq!((page.status.as_u16(), browser.at.as_str()), (200, "/admin"));
    assert!(page.shows("You are the first administrator."), "{}", page.text());

    for path in [&first, &second] {
        let mut late = app.browser();
        late.visit(path).await;
        let answer = late.call("/api/set-up", &[("email", EVE), ("password", PASSWORD)]).await;
        assert_eq!(answer.status, 410, "{}", answer.text());
    }
    // Without a usable link, the response says nothing about the password: it is neither checked nor hashed.
    let guess = [("email", EVE), ("password", "portcullis portcullis")];
    assert_eq!(app.browser().call("/api/set-up", &guess).await.status, 410);
    assert_eq!(app.count_users().await, 1);
    let kinds =
        "SELECT COUNT(*) FROM audit_events WHERE kind IN ('set_up', 'role_given', 'signed_in')";
    assert_eq!(app.number(kinds).await, 3);
}

on_both!(v5_0_0__2_3_4__concurrent_set_ups_create_one_administrator);
async fn v5_0_0__2_3_4__concurrent_set_ups_create_one_administrator(app: TestApp) {
    let links = [link(&app).await, link(&app).await];
    let unused = link(&app).await;
    let mut racing = Vec::new();
    for n in 0..12 {
        let mut browser = app.browser();
        browser.visit(&links[n % 2]).await;
        racing.push(tokio::spawn(async move {
            let email = format!("x{n}@example.com");
            browser.call("/api/set-up", &[("email", &email), ("password", PASSWORD)]).await.status
        }));
    }
    let mut made = 0;
    for it in racing {
        made += usize::from(it.await.unwrap() == 200);
    }
    assert_eq!((made, app.count_users().await), (1, 1));
    assert_eq!(app.number("SELECT COUNT(*) FROM user_roles").await, 1);
    // Nor does the page of another link show a form that would be refused.
    assert_eq!(app.browser().visit(&unused).await.status, 410);
}

on_both!(a_set_up_link_expires_after_an_hour);
async fn a_set_up_link_expires_after_an_hour(app: TestApp) {
    let link = link(&app).await;
    app.clock.advance(3600);
    let mut browser = app.browser();
    assert_eq!(browser.visit(&link).await.status, 410);
    assert_eq!(browser.call("/api/set-up", &FIELDS).await.status, 410);
    assert_eq!(app.count_users().await, 0);
}

#[test]
fn each_start_prints_a_set_up_link_until_there_is_an_administrator() {
    let folder = Folder::new();
    let printed = |folder: &Folder| {
        let mut server = Server::launch_with_stdout(folder.path(), &[]);
        server.wait_for("serving");
        server.terminate();
        server.wait();
        server.stdout()
    };
    let text = printed(&folder);
    assert!(text.contains("Create the first administrator with") && text.contains("/tickets/"));
    let again = printed(&folder);
    assert!(again.contains("/tickets/") && again != text, "nobody used it: there is another");
    let made = portcullis(folder.path(), &[])
        .args(["user", "create", "ada@example.com", "--admin"])
        .output()
        .unwrap();
    assert!(made.status.success(), "{made:?}");
    assert_eq!(printed(&folder), "");
}
