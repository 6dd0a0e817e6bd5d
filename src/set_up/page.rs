//! The form behind the link that the first start prints.

use leptos::prelude::*;

use super::{SetUp, text};
use crate::form::{provide_submission, submission_of};
use crate::password::NewPasswordField;
use crate::sign_up::SignUpForm;
use crate::ticket::TicketView;
use crate::ui::{EmailField, Form, NoticeBar, PageTitle, Submit};

/// Provides the context that [`SetUpForm`] needs.
pub fn provide_set_up() {
    provide_submission::<SetUp>();
}

/// Asks for the first administrator's email address and password.
#[component]
pub fn SetUpForm(ticket: TicketView) -> impl IntoView {
    let submission = submission_of::<SetUp>();
    view! {
        <PageTitle text=text::TITLE/>
        <NoticeBar/>
        <p>{text::LEAD}</p>
        <Form
            submission=submission
            check=|it, visit| SignUpForm::read(it).parse(visit.with(|it| it.password_min_length)).err()
        >
            <input type="hidden" name="ticket" value=ticket.id/>
            <EmailField submission=submission/>
            <NewPasswordField submission=submission name="password" label=text::PASSWORD/>
            <Submit
                submission=submission
                label=text::CREATE
                busy=text::CREATING
                class="button primary wide"
            />
        </Form>
    }
}
