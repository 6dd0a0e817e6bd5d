//! `/recovery`, and the forms behind mailed links to reset a password or secure an account.

use leptos::prelude::*;

use super::{
    FinishRecovery, RecoverFactors, RecoveryForm, ReportNotMe, RequestRecovery, ResetPasswordForm,
    text,
};
use crate::form::{Submission, provide_submission, submission_of};
use crate::lazy_page;
use crate::password::NewPasswordField;
use crate::text::utc;
use crate::ticket::{TicketState, TicketView};
use crate::ui::{CardPage, EmailField, Form, NoticeBar, PageTitle, Submit, Username};

lazy_page!(
    /// Asks for the email address of the account.
    RecoveryPage => page
);

fn page() -> impl IntoView {
    let submission = Submission::of::<RequestRecovery>();
    view! {
        <CardPage title=text::TITLE>
            <p>{text::LEAD}</p>
            <Form submission=submission check=|it, _| RecoveryForm::read(it).parse().err()>
                <input type="hidden" name="needs_cookies" value="on"/>
                <EmailField submission=submission/>
                <Submit
                    submission=submission
                    label=text::SEND_LINK
                    busy=text::SENDING
                    class="button primary wide"
                />
            </Form>
            <p class="small-links"><a href="/sign-in">{text::BACK}</a></p>
        </CardPage>
    }
}

/// Provides the context that the forms behind mailed links need.
pub fn provide_recovery() {
    provide_submission::<FinishRecovery>();
    provide_submission::<ReportNotMe>();
    provide_submission::<RecoverFactors>();
}

/// Lets a user who lost all second factors remove them, once the waiting period is over.
#[component]
pub fn FactorRecoveryForm(ticket: TicketView) -> impl IntoView {
    let submission = submission_of::<RecoverFactors>();
    let early = ticket.works_from.filter(|_| ticket.state == TicketState::TooEarly);
    view! {
        <PageTitle text=text::FACTORS_TITLE/>
        <NoticeBar/>
        {match early {
            Some(at) => view! { <p>{text::factors_early(&utc(at))}</p> }.into_any(),
            None => {
                view! {
                    <p>{text::FACTORS_LEAD} " " <strong class="address">{ticket.email}</strong> "."</p>
                    <Form submission=submission>
                        <input type="hidden" name="ticket" value=ticket.id/>
                        <Submit
                            submission=submission
                            label=text::FACTORS_REMOVE
                            busy=text::FACTORS_REMOVING
                            class="button danger wide"
                        />
                    </Form>
                }
                    .into_any()
            }
        }}
    }
}

/// Asks for the new password.
#[component]
pub fn NewPasswordForm(ticket: TicketView) -> impl IntoView {
    let submission = submission_of::<FinishRecovery>();
    let email = ticket.email;
    view! {
        <PageTitle text=text::TITLE/>
        <NoticeBar/>
        <p>{text::RESET_LEAD} " " <strong class="address">{email.clone()}</strong> "."</p>
        <Form
            submission=submission
            check=|it, visit| ResetPasswordForm::read(it).parse(visit.with(|it| it.password_min_length)).err()
        >
            <input type="hidden" name="ticket" value=ticket.id/>
            <Username email=Some(email)/>
            <NewPasswordField
                submission=submission
                name="new_password"
                label=text::NEW_PASSWORD
                autofocus=true
            />
            <Submit
                submission=submission
                label=text::RESET
                busy=text::RESETTING
                class="button primary wide"
            />
        </Form>
    }
}

/// Lets the owner secure the account.
#[component]
pub fn NotMeForm(ticket: TicketView) -> impl IntoView {
    let submission = submission_of::<ReportNotMe>();
    view! {
        <PageTitle text=text::NOT_ME_TITLE/>
        <NoticeBar/>
        <p>{text::NOT_ME_LEAD}</p>
        <p>{text::NOT_ME_LINK} " " <strong class="address">{ticket.email}</strong> "."</p>
        <Form submission=submission>
            <input type="hidden" name="ticket" value=ticket.id/>
            <Submit
                submission=submission
                label=text::SECURE
                busy=text::SECURING
                class="button danger wide"
            />
        </Form>
    }
}
