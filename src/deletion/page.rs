//! The profile card that deletes the account.

use leptos::either::Either;
use leptos::prelude::*;

use super::RequestDeletion;
use crate::error::AppError;
use crate::form::Submission;
use crate::role::AdminProblem;
use crate::ui::{Confirm, Form, Submit};

/// Deletes the account after a confirmation. If deletion would be refused, shows the reason.
#[component]
pub fn DeletionCard(is_refused: bool) -> impl IntoView {
    let submission = Submission::of::<RequestDeletion>();
    view! {
        <section class="card">
            <h2>"Delete account"</h2>
            {if is_refused {
                Either::Left(view! { <p>{AppError::Admin(AdminProblem::LastAdministrator).to_string()}</p> })
            } else {
                Either::Right(view! {
                    <p>"For a while you can have it back by signing in; we'll mail you until when. Then it is gone."</p>
                    <Confirm
                        summary="Delete account"
                        explanation="Your account will be deleted with all that it holds, and every session ends at once."
                    >
                        <Form submission=submission>
                            <Submit
                                submission=submission
                                label="Delete account"
                                busy="Deleting…"
                                class="button danger"
                            />
                        </Form>
                    </Confirm>
                })
            }}
        </section>
    }
}
