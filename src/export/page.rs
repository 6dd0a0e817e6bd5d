//! The profile card that exports the user's data.

use leptos::prelude::*;

use super::PATH;

/// Submits a real form, with or without scripts, because the response is a file and not a page.
#[component]
pub fn ExportCard() -> impl IntoView {
    view! {
        <section class="card">
            <h2>"Your data"</h2>
            <p>"Everything that this site holds about you, as one JSON file."</p>
            <form method="post" action=PATH>
                <button type="submit" class="button">"Export data"</button>
            </form>
        </section>
    }
}
