//! `/sign-in-by-mail`, `/sign-in-code`, and the form behind the mailed link.

use leptos::prelude::*;

use super::{
    CodeForm, MailedSignInForm, RequestMailedSignIn, ResendMailedSignIn, SignInByCode,
    SignInByLink, text,
};
use crate::form::{Submission, provide_submission, submission_of};
use crate::lazy_page;
use crate::paths::{sign_in_path, use_query};
use crate::ticket::{TicketState, TicketView};
use crate::ui::{CardPage, EmailField, Field, Form, NoticeBar, PageTitle, Submit};

/// The two pages, in one file.
#[derive(Clone, Copy, Debug, Default)]
pub enum MailedSignInStep {
    /// Asks for the email address of the account.
    #[default]
    Request,
    /// Asks for the mailed code.
    Code,
}

lazy_page!(
    /// Shows one of the two pages.
    MailedSignInView(MailedSignInStep) => view
);

fn view(step: MailedSignInStep) -> AnyView {
    match step {
        MailedSignInStep::Request => mailed_sign_in_page().into_any(),
        MailedSignInStep::Code => code_page().into_any(),
    }
}

fn mailed_sign_in_page() -> impl IntoView {
    let next = use_query().get_untracked("next");
    let elsewhere = if next.is_empty() { "/sign-in".to_owned() } else { sign_in_path(&next) };
    let submission = Submission::of::<RequestMailedSignIn>();
    let is_remembered = submission.typed("remember").is_some();
    view! {
        <CardPage title=text::TITLE>
            <p>{text::LEAD}</p>
            <Form submission=submission check=|it, _| MailedSignInForm::read(it).parse().err()>
                <EmailField submission=submission/>
                <input type="hidden" name="next" value=next/>
                <input type="hidden" name="needs_cookies" value="on"/>
                <label class="check">
                    <input type="checkbox" name="remember" checked=is_remembered/>
                    <span>{text::REMEMBER}</span>
                </label>
                <Submit
                    submission=submission
                    label=text::SEND_CODE
                    busy=text::SENDING
                    class="button primary wide"
                />
            </Form>
            <p class="small-links"><a href=elsewhere>{text::OTHER_METHOD}</a></p>
        </CardPage>
    }
}

fn code_page() -> impl IntoView {
    let submission = Submission::of::<SignInByCode>();
    let asking = Submission::of::<ResendMailedSignIn>();
    view! {
        <CardPage title=text::CODE_TITLE>
            <p>{text::CODE_LEAD}</p>
            <Form submission=submission check=|it, _| CodeForm::read(it).parse().err()>
                <input type="hidden" name="needs_cookies" value="on"/>
                <Field
                    submission=submission
                    name="code"
                    label=text::CODE
                    inputmode="numeric"
                    autocomplete="one-time-code"
                    autofocus=true
                />
                <Submit
                    submission=submission
                    label=text::SIGN_IN
                    busy=text::SIGNING_IN
                    class="button primary wide"
                />
            </Form>
            <Form submission=asking>
                <input type="hidden" name="needs_cookies" value="on"/>
                <Submit
                    submission=asking
                    label=text::SEND_NEW_CODE
                    busy=text::SENDING
                    class="button wide"
                />
            </Form>
            <p class="small-links"><a href="/sign-in">{text::OTHER_METHOD}</a></p>
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
            <PageTitle text=text::SIGN_IN/>
            <NoticeBar/>
            <p>{text::OTHER_BROWSER}</p>
            <p><a class="button wide" href="/sign-in">{text::SIGN_IN_HERE}</a></p>
        }
        .into_any();
    }
    view! {
        <PageTitle text=text::SIGN_IN/>
        <NoticeBar/>
        <p>{text::SIGN_IN_AS} " " <strong class="address">{email}</strong> "."</p>
        <Form submission=submission>
            <input type="hidden" name="ticket" value=ticket.id/>
            <Submit
                submission=submission
                label=text::SIGN_IN
                busy=text::SIGNING_IN
                class="button primary wide"
            />
        </Form>
    }
    .into_any()
}
