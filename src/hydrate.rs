//! Where the browser begins.

use leptos::mount::hydrate_from_async;
use leptos::prelude::*;
use leptos::tachys::dom::body;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::app::App;
use crate::visit::Hydrated;

/// Takes over the document that the server rendered, and says when that is done: a page that is
/// loaded for it comes late, and until then nothing may differ from what the server rendered.
#[wasm_bindgen]
pub fn hydrate() {
    // A panic would else say "unreachable" and nothing more.
    std::panic::set_hook(Box::new(|panic| leptos::logging::error!("{panic}")));
    wasm_bindgen_futures::spawn_local(async {
        let hydrated = Hydrated::default();
        let context = hydrated.clone();
        let (tell, told) = std::sync::mpsc::channel();
        let handle = hydrate_from_async(body(), move || {
            // Its reader is still there.
            let _ = tell.send(Owner::current_shared_context());
            provide_context(context);
            App()
        })
        .await;
        handle.forget();
        // Leptos looks for the shared context where an await has lost it.
        if let Ok(Some(shared)) = told.try_recv() {
            shared.hydration_complete();
        }
        hydrated.0.set(true);
        if let Some(root) = document().document_element() {
            // For whoever waits for it from outside; nothing in here does.
            let _ = root.set_attribute("data-hydrated", "true");
        }
    });
}
