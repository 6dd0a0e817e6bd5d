//! `/recovery`, and the forms behind mailed links to reset a password or say "this was not me".

use leptos::prelude::*;

use super::{AskRecovery, FinishRecovery, SayNotMe};
use crate::form::{FormAction, Submission, form_action, use_submission};
use crate::lazy_page;
use crate::password::NewPasswordField;
use crate::ticket::TicketView;
use crate::ui::{CardPage, Field, Form, NoticeBar, PageTitle, Submit, Username};

lazy_page!(
    /// Asks for the email address of the account.
    RecoveryPage => page
);

fn page() -> impl IntoView {
    let action = form_action::<AskRecovery>();
    let submission = use_submission(action);
    view! {
        <CardPage title="Choose a new password">
            <p>"Say which address your account has. A link to choose a new password is sent there."</p>
            <Form action=action submission=submission check=|it, _| it.form.parse().err()>
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

/// The actions of mailed links, shared by context: their forms render after the ticket has loaded.
#[derive(Clone, Copy)]
struct Acts {
    finish: FormAction<FinishRecovery>,
    finishing: Submission,
    say: FormAction<SayNotMe>,
    saying: Submission,
}

/// Provides the context that [`NewPasswordForm`] and [`NotMeForm`] need.
pub fn provide_recovery() {
    let (finish, say) = (form_action(), form_action());
    let (finishing, saying) = (use_submission(finish), use_submission(say));
    provide_context(Acts { finish, finishing, say, saying });
}

/// Asks for the new password.
#[component]
pub fn NewPasswordForm(ticket: TicketView) -> impl IntoView {
    let Acts { finish: action, finishing: submission, .. } = expect_context();
    let email = ticket.address;
    view! {
        <PageTitle text="Choose a new password"/>
        <NoticeBar/>
        <p>"For " <strong class="address">{email.clone()}</strong> ". All sessions end."</p>
        <Form
            action=action
            submission=submission
            check=|it, visit| it.form.parse(visit.with(|it| it.password_min_length)).err()
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
    let Acts { say: action, saying: submission, .. } = expect_context();
    view! {
        <PageTitle text="Was this not you?"/>
        <NoticeBar/>
        <p>
            "All sessions of your account end, its password is locked, and what was linked or changed \
             since then is taken back. A link to choose a new password goes to "
            <strong class="address">{ticket.address}</strong> "."
        </p>
        <Form action=action submission=submission>
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
