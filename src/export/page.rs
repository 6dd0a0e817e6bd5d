//! The card of the profile that exports what is held.

use leptos::prelude::*;

use super::PATH;

/// Sends a real form in either case: what comes is a file and no page.
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
