//! The card of the profile that deletes the account.

use leptos::prelude::*;

use super::AskDeletion;
use crate::form::{form_action, use_submission};
use crate::ui::{Confirm, Form, Submit};

/// Deletes the account, after it has asked.
#[component]
pub fn DeletionCard() -> impl IntoView {
    let action = form_action::<AskDeletion>();
    let submission = use_submission(action);
    view! {
        <section class="card">
            <h2>"Delete account"</h2>
            <p>"For a while you can have it back by signing in; we'll mail you until when. Then it is gone."</p>
            <Confirm
                summary="Delete account"
                explanation="Your account will be deleted with all that it holds, and every session ends at once."
            >
                <Form action=action submission=submission>
                    <Submit
                        submission=submission
                        label="Delete account"
                        busy="Deleting…"
                        class="button danger"
                    />
                </Form>
            </Confirm>
        </section>
    }
}
