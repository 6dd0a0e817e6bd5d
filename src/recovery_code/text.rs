//! The texts of the page for recovery codes.

pub const TITLE: &str = "New recovery codes";
pub const LEAD: &str = "If you lose your second factor, each of these codes lets you sign in once. Save \
    them where you find them without this device. They are shown only now.";
pub const SAVED: &str = "I saved these codes";
pub const SAVING: &str = "Saving…";
pub const DOWNLOAD: &str = "Download as a text file";
pub const PRINT_HINT: &str = "You can also print this page.";
pub const BACK: &str = "Not now";

/// Says what accepting the codes changes. `left` codes of the current set are unused.
pub fn replaces(left: Option<i64>) -> &'static str {
    match left {
        None => "The codes work as soon as you confirm that you saved them.",
        Some(_) => {
            "As soon as you confirm that you saved them, these codes work and all earlier ones stop working."
        }
    }
}

/// Returns the content of the file with the codes. A user without an email address has an empty `account`.
pub fn file(site_name: &str, account: &str, codes: &[&str]) -> String {
    let owner = if account.is_empty() { String::new() } else { format!(" for {account}") };
    format!(
        "Recovery codes{owner} at {site_name}\n\nEach code works once.\n\n{}\n",
        codes.join("\n")
    )
}
