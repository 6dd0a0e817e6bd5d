//! The profile card that deletes the account.

use leptos::either::Either;
use leptos::prelude::*;

use super::{RequestDeletion, text};
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
            <h2>{text::DELETE}</h2>
            {if is_refused {
                Either::Left(view! { <p>{AppError::Admin(AdminProblem::LastAdministrator).to_string()}</p> })
            } else {
                Either::Right(view! {
                    <p>{text::LEAD}</p>
                    <Confirm summary=text::DELETE explanation=text::CONFIRMATION>
                        <Form submission=submission>
                            <Submit
                                submission=submission
                                label=text::DELETE
                                busy=text::DELETING
                                class="button danger"
                            />
                        </Form>
                    </Confirm>
                })
            }}
        </section>
    }
}
