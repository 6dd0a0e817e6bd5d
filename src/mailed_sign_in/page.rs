//! `/sign-in-by-mail`, `/sign-in-code`, and the form behind the mailed link.

use leptos::prelude::*;

use super::{
    CodeForm, MailedSignInForm, RequestMailedSignIn, ResendMailedSignIn, SignInByCode, SignInByLink,
};
use crate::form::{Submission, provide_submission, submission_of};
use crate::lazy_page;
use crate::paths::{sign_in_path, use_query};
use crate::ticket::{TicketState, TicketView};
use crate::ui::{CardPage, Field, Form, NoticeBar, PageTitle, Submit};

lazy_page!(
    /// Asks for the email address of the account.
    MailedSignInPage => mailed_sign_in_page
);

fn mailed_sign_in_page() -> impl IntoView {
    let next = use_query().get_untracked("next");
    let elsewhere = if next.is_empty() { "/sign-in".to_owned() } else { sign_in_path(&next) };
    let submission = Submission::of::<RequestMailedSignIn>();
    let is_remembered = submission.typed("remember").is_some();
    view! {
        <CardPage title="Sign in by e-mail">
            <p>"Say which address your account has. A code and a link are sent there; both work in this browser only."</p>
            <Form submission=submission check=|it, _| MailedSignInForm::read(it).parse().err()>
                <Field
                    submission=submission
                    name="email"
                    label="E-mail"
                    kind="email"
                    autocomplete="username"
                    autofocus=true
                />
                <input type="hidden" name="next" value=next/>
                <input type="hidden" name="needs_cookies" value="on"/>
                <label class="check">
                    <input type="checkbox" name="remember" checked=is_remembered/>
                    <span>"Keep me signed in"</span>
                </label>
                <Submit
                    submission=submission
                    label="Send the code"
                    busy="Sending…"
                    class="button primary wide"
                />
            </Form>
            <p class="small-links"><a href=elsewhere>"Sign in another way"</a></p>
        </CardPage>
    }
}

lazy_page!(
    /// Asks for the mailed code.
    CodePage => code_page
);

fn code_page() -> impl IntoView {
    let submission = Submission::of::<SignInByCode>();
    let asking = Submission::of::<ResendMailedSignIn>();
    view! {
        <CardPage title="Enter the code">
            <p>"The mail has six digits and a link. Use either, in this browser."</p>
            <Form submission=submission check=|it, _| CodeForm::read(it).parse().err()>
                <input type="hidden" name="needs_cookies" value="on"/>
                <Field
                    submission=submission
                    name="code"
                    label="Code"
                    inputmode="numeric"
                    autocomplete="one-time-code"
                    autofocus=true
                />
                <Submit
                    submission=submission
                    label="Sign in"
                    busy="Signing in…"
                    class="button primary wide"
                />
            </Form>
            <Form submission=asking>
                <input type="hidden" name="needs_cookies" value="on"/>
                <Submit
                    submission=asking
                    label="Send another code"
                    busy="Sending…"
                    class="button wide"
                />
            </Form>
            <p class="small-links"><a href="/sign-in">"Sign in another way"</a></p>
        </CardPage>
    }
}

/// Provides the context that [`SignInLinkForm`] needs.
pub fn provide_sign_in_link() {
    provide_submission::<SignInByLink>();
}

/// Signs the user in, in the browser that asked for the link.
#[component]
pub fn SignInLinkForm(ticket: TicketView) -> impl IntoView {
    let submission = submission_of::<SignInByLink>();
    let email = ticket.email;
    if ticket.state == TicketState::OtherBrowser {
        return view! {
            <PageTitle text="Sign in"/>
            <NoticeBar/>
            <p>
                "This link works in the browser that asked for it. Open it there, or enter there the \
                 code that stands beside it."
            </p>
            <p><a class="button wide" href="/sign-in">"Sign in here"</a></p>
        }
        .into_any();
    }
    view! {
        <PageTitle text="Sign in"/>
        <NoticeBar/>
        <p>"As " <strong class="address">{email}</strong> "."</p>
        <Form submission=submission>
            <input type="hidden" name="ticket" value=ticket.id/>
            <Submit
                submission=submission
                label="Sign in"
                busy="Signing in…"
                class="button primary wide"
            />
        </Form>
    }
    .into_any()
}
