//! `/sign-up`.

use leptos::prelude::*;

use crate::error::AppError;
use crate::form::Submission;
use crate::lazy_page;
use crate::password::NewPasswordField;
use crate::paths::use_query;
use crate::sign_up::{SignUp, SignUpForm};
use crate::social::SocialButtons;
use crate::ui::{CardPage, Field, Form, Submit};
use crate::visit::{PageFailure, Visit};

lazy_page!(
    /// Shows the sign-up form, or the reason why there is none.
    SignUpPage => page
);

fn page() -> impl IntoView {
    match expect_context::<Visit>().with(|it| it.sign_up_refusal) {
        Some(refusal) => closed(refusal).into_any(),
        None => form().into_any(),
    }
}

/// Shows the refusal that the form's post would get.
fn closed(refusal: AppError) -> impl IntoView {
    if let Some(failure) = use_context::<PageFailure>() {
        failure.set(refusal);
    }
    view! {
        <CardPage title="Create your account">
            <p>{refusal.to_string()}</p>
            <p class="small-links">
                "Have an account? "
                <a href="/sign-in">"Sign in"</a>
            </p>
        </CardPage>
    }
}

/// Asks for an email address and a password, and nothing else.
fn form() -> impl IntoView {
    let ticket = use_query().get_untracked("ticket");
    let submission = Submission::of::<SignUp>();
    view! {
        <CardPage title="Create your account">
            <SocialButtons next=String::new()/>
            <Form
                submission=submission
                check=|it, visit| SignUpForm::read(it).parse(visit.with(|it| it.password_min_length)).err()
            >
                <input type="hidden" name="ticket" value=ticket/>
                <input type="hidden" name="needs_cookies" value="on"/>
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
