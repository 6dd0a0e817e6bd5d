//! The entry point in the browser.

use leptos::mount::hydrate_from;
use leptos::prelude::*;
use leptos::tachys::dom::body;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::app::{App, load_page};
use crate::visit::Hydrated;

/// Hydrates the document that the server rendered. Loads the page's own file first, because
/// hydration is synchronous (decisions/0055).
#[wasm_bindgen]
pub fn hydrate() {
    // Without this, a panic would only say "unreachable".
    std::panic::set_hook(Box::new(|panic| leptos::logging::error!("{panic}")));
    wasm_bindgen_futures::spawn_local(async {
        load_page(&location().pathname().unwrap_or_default()).await;
        let hydrated = Hydrated::default();
        let context = hydrated.clone();
        hydrate_from(body(), move || {
            provide_context(context);
            App()
        })
        .forget();
        hydrated.0.set(true);
        if let Some(root) = document().document_element() {
            // For tests; nothing here waits for it.
            let _ = root.set_attribute("data-hydrated", "true");
        }
    });
}
