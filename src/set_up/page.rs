//! The form behind the link that the first start prints.

use leptos::prelude::*;

use super::SetUp;
use crate::form::{FormAction, Submission, form_action, use_submission};
use crate::password::NewPasswordField;
use crate::ticket::TicketView;
use crate::ui::{Field, Form, NoticeBar, PageTitle, Submit};

/// The form's action, shared by context: the form renders after the ticket has loaded.
#[derive(Clone, Copy)]
struct Act {
    action: FormAction<SetUp>,
    submission: Submission,
}

/// Provides the context that [`SetUpForm`] needs.
pub fn provide_set_up() {
    let action = form_action();
    provide_context(Act { action, submission: use_submission(action) });
}

/// Asks for the first administrator's email address and password.
#[component]
pub fn SetUpForm(ticket: TicketView) -> impl IntoView {
    let Act { action, submission } = expect_context();
    view! {
        <PageTitle text="Set up"/>
        <NoticeBar/>
        <p>"Make the account of the first administrator. It may do everything here."</p>
        <Form
            action=action
            submission=submission
            check=|it, visit| it.form.parse(visit.with(|it| it.password_min_length)).err()
        >
            <input type="hidden" name="ticket" value=ticket.id/>
            <Field
                submission=submission
                name="email"
                label="E-mail"
                kind="email"
                autocomplete="username"
                autofocus=true
            />
            <NewPasswordField submission=submission name="password" label="Password"/>
            <Submit
                submission=submission
                label="Create administrator"
                busy="Creating…"
                class="button primary wide"
            />
        </Form>
    }
}
