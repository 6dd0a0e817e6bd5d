//! Verifying email addresses: the banner, the page before the dashboard, the profile's card, and
//! the forms behind mailed links.

use leptos::prelude::*;

use super::{
    EmailForm, FinishEmailChange, RequestEmailChange, ResendVerification, VerifyEmail,
    VerifyEmailForm,
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
        <aside class="banner" aria-label="E-mail address">
            <p>"Confirm your address: we've sent a link to " <strong class="address">{email}</strong> "."</p>
            <Form submission=submission>
                <Submit submission=submission label="Send it again" busy="Sending…" class="button"/>
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
        <CardPage title="Confirm your address">
            <Loaded data=viewer view=wait/>
        </CardPage>
    }
}

fn wait(viewer: Viewer) -> impl IntoView {
    if viewer.email_verified {
        return view! {
            <p>"Your address is confirmed."</p>
            <p><a class="button primary" href="/dashboard">"Go to the dashboard"</a></p>
        }
        .into_any();
    }
    let Some(email) = viewer.email else {
        // The user came from a provider that vouches for no email address.
        return view! {
            <p>"This site asks for an e-mail address. Yours is confirmed once you open the link that is sent there."</p>
            <EmailChange label="E-mail"/>
            <SignOutButton/>
        }
        .into_any();
    };
    let submission = submission_of::<ResendVerification>();
    view! {
        <p>
            "We've sent a link to " <strong class="address">{email}</strong>
            ". Open it, and you can go on."
        </p>
        <Form submission=submission>
            <Submit
                submission=submission
                label="Send it again"
                busy="Sending…"
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
    let email = ticket.email;
    view! {
        <PageTitle text="Confirm your address"/>
        <NoticeBar/>
        <p>"Is " <strong class="address">{email.clone()}</strong> " yours?"</p>
        <Form submission=submission check=|it, _| VerifyEmailForm::read(it).parse().err()>
            <input type="hidden" name="ticket" value=ticket.id/>
            {asks_password.then(|| view! {
                <Username email=Some(email)/>
                <Field
                    submission=submission
                    name="current_password"
                    label="Password (optional)"
                    kind="password"
                    autocomplete="current-password"
                    hint="The one you signed up with. Leave it empty to choose another: then everything that was set up in the account before goes."
                    required=false
                />
            })}
            <Submit
                submission=submission
                label="Confirm address"
                busy="Confirming…"
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
            <PageTitle text="Confirm your new address"/>
            <NoticeBar/>
            <p>
                "Sign in to the account that is to have "
                <strong class="address">{ticket.email}</strong> ", then open the link again."
            </p>
            <p><a class="button primary wide" href="/sign-in">"Sign in"</a></p>
        }
        .into_any();
    }
    view! {
        <PageTitle text="Confirm your new address"/>
        <NoticeBar/>
        <p>"Your account is to have " <strong class="address">{ticket.email}</strong> "."</p>
        <Form submission=submission>
            <input type="hidden" name="ticket" value=ticket.id/>
            <Submit
                submission=submission
                label="Confirm address"
                busy="Confirming…"
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
    view! {
        <section class="card">
            <h2>"E-mail address"</h2>
            <p>
                {match email {
                    Some(email) => view! {
                        "It is " <span class="address">{email}</span>
                        " now. Another one is yours once you open the link that is sent there."
                    }
                        .into_any(),
                    None => view! {
                        "None yet. One is yours once you open the link that is sent there."
                    }
                        .into_any(),
                }}
            </p>
            <EmailChange label="New e-mail address"/>
        </section>
    }
}

/// Asks for the account's new email address.
#[component]
fn EmailChange(label: &'static str) -> impl IntoView {
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
            <Submit submission=submission label="Change address" busy="Sending…" class="button"/>
        </Form>
    }
}
