//! Verifying email addresses: the banner, the page before the dashboard, the profile's card, and
//! the forms behind mailed links.

use leptos::prelude::*;

use super::{
    EmailForm, FinishEmailChange, RequestEmailChange, ResendVerification, VerifyEmail,
    VerifyEmailForm, text,
};
use crate::form::{provide_submission, submission_of};
use crate::lazy_page;
use crate::session::SignOutButton;
use crate::ticket::TicketView;
use crate::ui::{CardPage, Field, Form, Loaded, NoticeBar, PageTitle, Submit, Username};
use crate::user::Viewer;
use crate::viewer::load_viewer;

/// Provides the context that [`UnverifiedBanner`] needs.
pub fn provide_resend() {
    provide_submission::<ResendVerification>();
}

/// Shows on every page of the dashboard that the email address is not verified.
#[component]
pub fn UnverifiedBanner(email: String) -> impl IntoView {
    let submission = submission_of::<ResendVerification>();
    view! {
        <aside class="banner" aria-label=text::BANNER>
            <p>{text::BANNER_LEAD} " " <strong class="address">{email}</strong> "."</p>
            <Form submission=submission>
                <Submit submission=submission label=text::RESEND busy=text::SENDING class="button"/>
            </Form>
        </aside>
    }
}

lazy_page!(
    /// Asks the user to verify their email address before the dashboard, if the site requires it.
    VerifyEmailPage => verify_page
);

fn verify_page() -> impl IntoView {
    provide_resend();
    provide_email_change();
    let viewer = Resource::new(|| (), |()| load_viewer());
    view! {
        <CardPage title=text::TITLE>
            <Loaded data=viewer view=content/>
        </CardPage>
    }
}

fn content(viewer: Viewer) -> impl IntoView {
    if viewer.email_verified {
        return view! {
            <p>{text::VERIFIED}</p>
            <p><a class="button primary" href="/dashboard">{text::DASHBOARD}</a></p>
        }
        .into_any();
    }
    let Some(email) = viewer.email else {
        // The user came from a provider that vouches for no email address.
        return view! {
            <p>{text::REQUIRED}</p>
            <EmailChange label=text::EMAIL action=text::ADD/>
            <SignOutButton/>
        }
        .into_any();
    };
    let submission = submission_of::<ResendVerification>();
    view! {
        <p>{text::LINK_SENT} " " <strong class="address">{email}</strong> "."</p>
        <Form submission=submission>
            <Submit
                submission=submission
                label=text::RESEND
                busy=text::SENDING
                class="button wide"
            />
        </Form>
        <SignOutButton/>
    }
    .into_any()
}

/// Provides the context that [`VerificationForm`] and [`EmailChangeForm`] need.
pub fn provide_verification() {
    provide_submission::<VerifyEmail>();
    provide_submission::<FinishEmailChange>();
}

/// Verifies the email address of an account.
#[component]
pub fn VerificationForm(ticket: TicketView) -> impl IntoView {
    let submission = submission_of::<VerifyEmail>();
    let asks_password = !ticket.is_owner && ticket.has_password;
    let warns = !ticket.is_owner && !ticket.has_password;
    let email = ticket.email;
    view! {
        <PageTitle text=text::TITLE/>
        <NoticeBar/>
        <p>{text::IS_YOURS} " " <strong class="address">{email.clone()}</strong></p>
        {warns.then(|| view! {
            <p>{text::NO_PASSWORD_LEAD}</p>
            <p class="small-links"><a href="/sign-in">{text::SIGN_IN}</a></p>
        })}
        <Form submission=submission check=|it, _| VerifyEmailForm::read(it).parse().err()>
            <input type="hidden" name="ticket" value=ticket.id/>
            {asks_password.then(|| view! {
                <Username email=Some(email)/>
                <Field
                    submission=submission
                    name="current_password"
                    label=text::PASSWORD
                    kind="password"
                    autocomplete="current-password"
                    hint=text::PASSWORD_HINT
                    required=false
                />
            })}
            <Submit
                submission=submission
                label=text::VERIFY
                busy=text::VERIFYING
                class="button primary wide"
            />
        </Form>
    }
}

/// Changes the account's email address to the one to which the link was sent.
#[component]
pub fn EmailChangeForm(ticket: TicketView) -> impl IntoView {
    let submission = submission_of::<FinishEmailChange>();
    if !ticket.is_owner {
        return view! {
            <PageTitle text=text::NEW_TITLE/>
            <NoticeBar/>
            <p>{text::NEW_SIGN_IN_LEAD} " " <strong class="address">{ticket.email}</strong> "."</p>
            <p><a class="button primary wide" href="/sign-in">{text::SIGN_IN}</a></p>
        }
        .into_any();
    }
    view! {
        <PageTitle text=text::NEW_TITLE/>
        <NoticeBar/>
        <p>{text::NEW_LEAD} " " <strong class="address">{ticket.email}</strong> "."</p>
        <Form submission=submission>
            <input type="hidden" name="ticket" value=ticket.id/>
            <Submit
                submission=submission
                label=text::VERIFY
                busy=text::VERIFYING
                class="button primary wide"
            />
        </Form>
    }
    .into_any()
}

/// Provides the context that [`EmailCard`] needs.
pub fn provide_email_change() {
    provide_submission::<RequestEmailChange>();
}

/// Shows the profile's card to change the email address.
#[component]
pub fn EmailCard(email: Option<String>) -> impl IntoView {
    let (label, action) = match email {
        Some(_) => (text::NEW_EMAIL, text::CHANGE),
        None => (text::EMAIL, text::ADD),
    };
    view! {
        <section class="card">
            <h2>{text::EMAIL_ADDRESS}</h2>
            {match email {
                Some(email) => view! {
                    <p>{text::CURRENT} " " <span class="address">{email}</span> "."</p>
                    <p>{text::CHANGE_LEAD}</p>
                }
                    .into_any(),
                None => view! { <p>{text::ADD_LEAD}</p> }.into_any(),
            }}
            <EmailChange label=label action=action/>
        </section>
    }
}

/// Asks for the account's new email address.
#[component]
fn EmailChange(
    label: &'static str,
    /// The label of the button.
    action: &'static str,
) -> impl IntoView {
    let submission = submission_of::<RequestEmailChange>();
    view! {
        <Form submission=submission check=|it, _| EmailForm::read(it).parse().err()>
            <Field
                submission=submission
                name="email"
                label=label
                kind="email"
                autocomplete="email"
            />
            <Submit submission=submission label=action busy=text::SENDING class="button"/>
        </Form>
    }
}
