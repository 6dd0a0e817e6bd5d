//! `/recovery`, and the forms behind mailed links to reset a password or say "this was not me".

use leptos::prelude::*;

use super::{FinishRecovery, RecoveryForm, ReportNotMe, RequestRecovery, ResetPasswordForm};
use crate::form::{Submission, provide_submission, submission_of};
use crate::lazy_page;
use crate::password::NewPasswordField;
use crate::ticket::TicketView;
use crate::ui::{CardPage, Field, Form, NoticeBar, PageTitle, Submit, Username};

lazy_page!(
    /// Asks for the email address of the account.
    RecoveryPage => page
);

fn page() -> impl IntoView {
    let submission = Submission::of::<RequestRecovery>();
    view! {
        <CardPage title="Choose a new password">
            <p>"Say which address your account has. A link to choose a new password is sent there."</p>
            <Form submission=submission check=|it, _| RecoveryForm::read(it).parse().err()>
                <input type="hidden" name="needs_cookies" value="on"/>
                <Field
                    submission=submission
                    name="email"
                    label="E-mail"
                    kind="email"
                    autocomplete="username"
                    autofocus=true
                />
                <Submit
                    submission=submission
                    label="Send the link"
                    busy="Sending…"
                    class="button primary wide"
                />
            </Form>
            <p class="small-links"><a href="/sign-in">"Back to sign-in"</a></p>
        </CardPage>
    }
}

/// Provides the context that [`NewPasswordForm`] and [`NotMeForm`] need.
pub fn provide_recovery() {
    provide_submission::<FinishRecovery>();
    provide_submission::<ReportNotMe>();
}

/// Asks for the new password.
#[component]
pub fn NewPasswordForm(ticket: TicketView) -> impl IntoView {
    let submission = submission_of::<FinishRecovery>();
    let email = ticket.email;
    view! {
        <PageTitle text="Choose a new password"/>
        <NoticeBar/>
        <p>"For " <strong class="address">{email.clone()}</strong> ". All sessions end."</p>
        <Form
            submission=submission
            check=|it, visit| ResetPasswordForm::read(it).parse(visit.with(|it| it.password_min_length)).err()
        >
            <input type="hidden" name="ticket" value=ticket.id/>
            <Username email=Some(email)/>
            <NewPasswordField
                submission=submission
                name="new_password"
                label="New password"
                autofocus=true
            />
            <Submit
                submission=submission
                label="Save password"
                busy="Saving…"
                class="button primary wide"
            />
        </Form>
    }
}

/// Lets the owner say "this was not me".
#[component]
pub fn NotMeForm(ticket: TicketView) -> impl IntoView {
    let submission = submission_of::<ReportNotMe>();
    view! {
        <PageTitle text="Was this not you?"/>
        <NoticeBar/>
        <p>
            "All sessions of your account end, its password is locked, and what was linked or changed \
             since then is taken back. A link to choose a new password goes to "
            <strong class="address">{ticket.email}</strong> "."
        </p>
        <Form submission=submission>
            <input type="hidden" name="ticket" value=ticket.id/>
            <Submit
                submission=submission
                label="This was not me"
                busy="Locking…"
                class="button danger wide"
            />
        </Form>
    }
}
