//! `/dashboard/add-authenticator-app`.

use leptos::prelude::*;

use super::{
    AddAuthenticatorApp, AuthenticatorAppForm, AuthenticatorSetUp, offer_authenticator_app, text,
};
use crate::form::{Submission, provide_submission, submission_of};
use crate::lazy_page;
use crate::session::EndOthersBox;
use crate::ui::{Field, Form, Loaded, PageTitle, Submit};

lazy_page!(
    /// Sets up a new authenticator app.
    AddAuthenticatorAppPage => add_page
);

fn add_page() -> impl IntoView {
    let adding = provide_submission::<AddAuthenticatorApp>();
    // Without scripts, a refused form shows the same key again.
    let token = adding.typed("token").unwrap_or_default();
    let offer = Resource::new(|| (), move |()| offer_authenticator_app(token.clone()));
    view! {
        <PageTitle text=text::TITLE/>
        <Loaded data=offer view=set_up/>
    }
}

fn set_up(it: AuthenticatorSetUp) -> impl IntoView {
    let adding = submission_of::<AddAuthenticatorApp>();
    view! {
        <section class="card">
            <Form
                submission=adding
                check=|it, _| AuthenticatorAppForm::read(it).parse().err()
            >
                <SetUpFields submission=adding set_up=it/>
                <EndOthersBox/>
                <Submit submission=adding label=text::ADD busy=text::ADDING/>
            </Form>
            <p class="small-links"><a href="/dashboard/security">{text::BACK}</a></p>
        </section>
    }
}

/// Shows a key as a QR code, a link and a text, and asks for the app's name and its first code.
#[component]
pub fn SetUpFields(submission: Submission, set_up: AuthenticatorSetUp) -> impl IntoView {
    let AuthenticatorSetUp { token, key, uri, qr } = set_up;
    let view_box = format!("0 0 {0} {0}", qr.size);
    view! {
        <p>{text::SCAN}</p>
        // Dark on white in both colour schemes: many scanners can't read the reverse.
        <svg class="qr" viewBox=view_box role="img" aria-label=text::QR_LABEL shape-rendering="crispEdges">
            <rect width="100%" height="100%" fill="#fff"/>
            <path fill="#000" d=qr.path.expose().to_owned()/>
        </svg>
        <p class="small-links">
            <a href=uri.expose().to_owned() rel="external">{text::OPEN_APP}</a>
        </p>
        <p>{text::ENTER_KEY}</p>
        <p><code class="shared-key">{key.expose().to_owned()}</code></p>
        <input type="hidden" name="token" value=token/>
        <Field
            submission=submission
            name="app_name"
            label=text::NAME
            hint=text::NAME_HINT
            autocomplete="off"
            required=false
        />
        <Field
            submission=submission
            name="app_code"
            label=text::CODE
            hint=text::CODE_HINT
            inputmode="numeric"
            autocomplete="one-time-code"
        />
    }
}
