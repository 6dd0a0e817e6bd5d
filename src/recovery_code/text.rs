//! The texts of the page for recovery codes.

pub const TITLE: &str = "New recovery codes";
pub const LEAD: &str = "If you lose your second factor, each of these codes lets you sign in once. Save \
    them in a place that you can reach without this device. You can't see them again.";
pub const ACTIVATE: &str = "Activate these codes";
pub const ACTIVATING: &str = "Activating…";
pub const DOWNLOAD: &str = "Download as a text file";
pub const PRINT_HINT: &str = "You can also print this page.";
pub const NOT_NOW: &str = "Not now";

pub fn activation_effect(has_codes: bool) -> &'static str {
    if has_codes {
        "Save the codes, then activate them. Your earlier codes stop working."
    } else {
        "Save the codes, then activate them."
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
