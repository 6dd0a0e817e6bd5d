//! `/reauthenticate`.

use leptos::prelude::*;

use super::{
    Reauthenticate, ReauthenticationForm, ReauthenticationOptions, load_reauthentication_options,
    text,
};
use crate::form::{provide_submission, submission_of};
use crate::lazy_page;
use crate::paths::use_query;
use crate::session::SignOutButton;
use crate::social::{ReauthenticationButtons, provide_reauthentication_buttons};
use crate::ui::{CardPage, Field, Form, Loaded, Submit, Username};

lazy_page!(
    /// Asks the user to confirm their identity.
    ReauthenticationPage => page
);

fn page() -> impl IntoView {
    provide_submission::<Reauthenticate>();
    provide_reauthentication_buttons();
    let options = Resource::new(|| (), |()| load_reauthentication_options());
    view! {
        <CardPage title=text::TITLE>
            <p>{text::LEAD}</p>
            <Loaded data=options view=choices/>
        </CardPage>
    }
}

fn choices(options: ReauthenticationOptions) -> impl IntoView {
    let next = use_query().get_untracked("next");
    let has_both = options.has_password && !options.providers.is_empty();
    let has_none = !options.has_password && options.providers.is_empty();
    view! {
        <ReauthenticationButtons linked=options.providers next=next.clone() has_more=has_both/>
        {options.has_password.then(|| view! { <PasswordForm email=options.email next=next.clone()/> })}
        {has_none.then(|| view! {
            <p>{text::NO_METHOD}</p>
            <SignOutButton/>
        })}
        <p class="small-links"><a href="/dashboard">{text::BACK}</a></p>
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
                label=text::PASSWORD
                kind="password"
                autocomplete="current-password"
                autofocus=true
            />
            <input type="hidden" name="next" value=next/>
            <Submit
                submission=submission
                label=text::CONFIRM
                busy=text::CONFIRMING
                class="button primary wide"
            />
        </Form>
    }
}
