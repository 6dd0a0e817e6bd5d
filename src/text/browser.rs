//! What the browser knows of Unicode.

use std::borrow::Cow;

use leptos::web_sys::js_sys::JsString;

/// The text in Normalization Form C.
#[must_use]
pub fn nfc(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return text.into();
    }
    String::from(JsString::from(text).normalize("NFC")).into()
}

/// The text in Normalization Form C: of spaces the server knows more.
pub use nfc as single_spaced;

/// Whether the server may find the text legible.
#[must_use]
pub fn is_legible(text: &str) -> bool {
    !text.contains(char::is_control)
}

/// The host as it is: the server converts it.
#[must_use]
pub fn ascii_host(host: &str) -> Option<Cow<'_, str>> {
    Some(host.into())
}
