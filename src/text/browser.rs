//! The browser's Unicode functions.

use std::borrow::Cow;

use leptos::web_sys::js_sys::JsString;

/// Returns the text in Normalization Form C.
#[must_use]
pub fn nfc(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return text.into();
    }
    String::from(JsString::from(text).normalize("NFC")).into()
}

/// Returns the text in Normalization Form C. Only the server merges spaces in a row.
pub use nfc as single_spaced;

/// Returns whether the server may find the text legible.
#[must_use]
pub fn is_legible(text: &str) -> bool {
    !text.contains(char::is_control)
}

/// Returns the host unchanged; the server converts it.
#[must_use]
pub fn ascii_host(host: &str) -> Option<Cow<'_, str>> {
    Some(host.into())
}
