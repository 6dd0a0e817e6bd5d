//! `/reauthenticate`.

use leptos::prelude::*;

use super::{ProofView, Reauthenticate, ReauthenticationForm, load_proofs};
use crate::address::use_query;
use crate::form::{provide_submission, submission_of};
use crate::lazy_page;
use crate::session::SignOutButton;
use crate::social::{ProofButtons, provide_proof_buttons};
use crate::ui::{CardPage, Field, Form, Loaded, Submit, Username};

lazy_page!(
    /// Asks the user to confirm their identity.
    ReauthenticationPage => page
);

fn page() -> impl IntoView {
    provide_submission::<Reauthenticate>();
    provide_proof_buttons();
    let proofs = Resource::new(|| (), |()| load_proofs());
    view! {
        <CardPage title="Confirm it is you">
            <p>"This needs a fresh proof of who you are. Then you go on where you were."</p>
            <Loaded data=proofs view=choices/>
        </CardPage>
    }
}

fn choices(proofs: ProofView) -> impl IntoView {
    let next = use_query().get_untracked("next");
    let has_both = proofs.has_password && !proofs.providers.is_empty();
    let has_none = !proofs.has_password && proofs.providers.is_empty();
    view! {
        <ProofButtons linked=proofs.providers next=next.clone() has_more=has_both/>
        {proofs.has_password.then(|| view! { <PasswordForm email=proofs.email next=next.clone()/> })}
        {has_none.then(|| view! {
            <p>"You have no password and no linked provider. Sign out, sign in again, and then go on."</p>
            <SignOutButton/>
        })}
        <p class="small-links"><a href="/dashboard">"Back to the dashboard"</a></p>
    }
}

#[component]
fn PasswordForm(email: Option<String>, next: String) -> impl IntoView {
    let submission = submission_of::<Reauthenticate>();
    view! {
        <Form submission=submission check=|it, _| ReauthenticationForm::read(it).parse().err()>
            <Username email=email/>
            <Field
                submission=submission
                name="current_password"
                label="Password"
                kind="password"
                autocomplete="current-password"
                autofocus=true
            />
            <input type="hidden" name="next" value=next/>
            <Submit submission=submission label="Confirm" busy="Confirming…" class="button primary wide"/>
        </Form>
    }
}
