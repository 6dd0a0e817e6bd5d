//! Display names, and the appearance of pages.

use crate::support::{ADA, TestApp};
use crate::web::assert_nothing_inline;

on_both!(a_display_name_is_saved_shown_as_text_and_validated_at_its_field);
async fn a_display_name_is_saved_shown_as_text_and_validated_at_its_field(app: TestApp) {
    let mut browser = app.signed_in_browser(ADA).await;
    browser.at = "/dashboard/profile".to_owned();
    let path = "/api/profile/display-name";
    let name = "</script><script>x=1</script>\u{a0}<b>&amp;\"'{{7*7}}";
    let page = browser.post_form(path, &[("display_name", name)]).await;
    assert!(page.shows("Name saved."));
    assert_eq!(page.value_of("display_name").as_deref(), Some(name));
    assert_eq!(app.text("SELECT display_name FROM users").await, name);
    for path in ["/dashboard", "/dashboard/profile"] {
        let html = browser.get(path).await.text();
        assert!(!html.contains("<script>x=1") && !html.contains("<b>&amp;"), "{path}");
        assert_nothing_inline(&html);
    }
    for bad in ["a\0b", "a\nb", "a\u{202e}b", "\u{3164}", &"é".repeat(81)] {
        let answer = browser.call(path, &[("display_name", bad)]).await;
        assert_eq!(answer.status, 422, "{bad:?}");
        browser.at = "/dashboard/profile".to_owned();
        let page = browser.post_form(path, &[("display_name", bad)]).await;
        assert!(page.problem_at("display_name").is_some(), "{bad:?}");
    }
    assert_eq!(app.text("SELECT display_name FROM users").await, name);
}

on_both!(the_appearance_is_saved_for_this_browser);
async fn the_appearance_is_saved_for_this_browser(app: TestApp) {
    let mut browser = app.signed_in_browser(ADA).await;
    browser.at = "/dashboard/profile".to_owned();
    for (sent, kept) in [("dark", "dark"), ("light", "light"), ("\"><b>", "system")] {
        let page = browser.post_form("/api/profile/appearance", &[("appearance", sent)]).await;
        assert!(page.shows("Appearance saved."));
        assert!(page.text().contains(&format!("data-appearance=\"{kept}\"")), "{}", page.text());
    }
}
