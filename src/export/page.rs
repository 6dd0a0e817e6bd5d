//! The profile card that exports the user's data.

use leptos::prelude::*;

use super::{PATH, text};

/// Submits a real form, with or without scripts, because the response is a file and not a page.
#[component]
pub fn ExportCard() -> impl IntoView {
    view! {
        <section class="card">
            <h2>{text::EXPORT}</h2>
            <p>{text::LEAD}</p>
            <form method="post" action=PATH>
                <button type="submit" class="button">{text::EXPORT}</button>
            </form>
        </section>
    }
}
