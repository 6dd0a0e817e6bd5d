//! Where the browser begins.

use wasm_bindgen::prelude::wasm_bindgen;

use crate::app::App;

/// Takes over the document that the server rendered.
#[wasm_bindgen]
pub fn hydrate() {
    leptos::mount::hydrate_lazy(App);
}
