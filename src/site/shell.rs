//! The document around the app.

use leptos::nonce::use_nonce;
use leptos::prelude::*;
use leptos_meta::MetaTags;

use crate::app::App;
use crate::error::AppError;
use crate::server::assets;
use crate::ui::{ErrorCard, ErrorLink, Frame};
use crate::user::Appearance;
use crate::visit::VisitFacts;

/// Renders the document of every page of the app.
pub fn shell() -> impl IntoView {
    let facts = use_context::<VisitFacts>().unwrap_or_default();
    view! {
        <!DOCTYPE html>
        <html lang="en" data-appearance=facts.appearance.as_str()>
            <head>
                <Head/>
                {scripts()}
                <MetaTags/>
            </head>
            <body>
                <App/>
            </body>
        </html>
    }
}

#[component]
fn Head() -> impl IntoView {
    view! {
        <meta charset="utf-8"/>
        <meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover"/>
        <meta name="color-scheme" content="light dark"/>
        <link rel="icon" href="/favicon.svg" type="image/svg+xml"/>
        {assets::style().map(|href| view! { <link rel="stylesheet" href=href/> })}
    }
}

/// Starts hydration. A page is complete without its scripts, so a failure to load them is not an error.
fn scripts() -> Option<impl IntoView> {
    let entry = assets::entry()?;
    let nonce = use_nonce();
    let begin = format!(
        "import({:?}).then(m=>m.default({{module_or_path:{:?}}}).then(()=>m.hydrate())).catch(()=>{{}})",
        entry.script, entry.wasm
    );
    Some(view! {
        <link rel="modulepreload" href=entry.script.as_str()/>
        <link rel="preload" href=entry.wasm.as_str() r#as="fetch" r#type="application/wasm" crossorigin="anonymous"/>
        <script type="module" nonce=nonce>{begin}</script>
    })
}

/// Renders an error page without the app, for when the app can't respond.
pub fn error_document(
    site_name: &str,
    error: AppError,
    request_id: &str,
    appearance: Appearance,
    error_link: ErrorLink,
) -> impl IntoView + use<> {
    let title = format!("{} · {site_name}", error.title());
    let site_name = site_name.to_owned();
    let request_id = request_id.to_owned();
    view! {
        <html lang="en" data-appearance=appearance.as_str()>
            <head>
                <Head/>
                <title>{title}</title>
            </head>
            <body>
                <Frame site_name=site_name>{ErrorCard::view(error, request_id, error_link)}</Frame>
            </body>
        </html>
    }
}
