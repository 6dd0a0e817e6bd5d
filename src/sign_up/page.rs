//! `/sign-up`.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use super::SignUp;
use crate::form::{form_action, use_submission};
use crate::lazy_page;
use crate::password::NewPasswordField;
use crate::social::SocialButtons;
use crate::ui::{CardPage, Field, Form, Submit};

lazy_page!(
    /// `/sign-up`.
    SignUpPage => page
);

/// An address, a password, and nothing else.
fn page() -> impl IntoView {
    let ticket = use_query_map().with_untracked(|it| it.get("ticket").unwrap_or_default());
    let action = form_action::<SignUp>();
    let submission = use_submission(action);
    view! {
        <CardPage title="Create your account">
            <SocialButtons next=String::new()/>
            <Form
                action=action
                submission=submission
                check=|it, visit| it.form.parse(visit.with(|it| it.password_min_length)).err()
            >
                <input type="hidden" name="ticket" value=ticket/>
                <Field
                    submission=submission
                    name="email"
                    label="E-mail"
                    kind="email"
                    autocomplete="username"
                    autofocus=true
                />
                <NewPasswordField submission=submission name="password" label="Password"/>
                <Submit
                    submission=submission
                    label="Create account"
                    busy="Creating account…"
                    class="button primary wide"
                />
            </Form>
            <p class="small-links">
                "Have an account? "
                <a href="/sign-in">"Sign in"</a>
            </p>
        </CardPage>
    }
}
