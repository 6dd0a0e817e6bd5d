//! `/sign-up`.

use leptos::prelude::*;

use crate::auth_pages::text;
use crate::error::AppError;
use crate::form::Submission;
use crate::lazy_page;
use crate::password::NewPasswordField;
use crate::paths::use_query;
use crate::sign_up::{SignUp, SignUpForm};
use crate::social::SocialButtons;
use crate::ui::{CardPage, EmailField, Form, Submit};
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
        <CardPage title=text::SIGN_UP_REFUSED_TITLE>
            <p>{refusal.to_string()}</p>
            <p class="small-links">
                {text::HAVE_ACCOUNT} " "
                <a href="/sign-in">{text::SIGN_IN}</a>
            </p>
        </CardPage>
    }
}

/// Asks for an email address and a password, and nothing else.
fn form() -> impl IntoView {
    let ticket = use_query().get_untracked("ticket");
    let submission = Submission::of::<SignUp>();
    view! {
        <CardPage title=text::SIGN_UP_TITLE>
            <SocialButtons next=String::new()/>
            <Form
                submission=submission
                check=|it, visit| SignUpForm::read(it).parse(visit.with(|it| it.password_min_length)).err()
            >
                <input type="hidden" name="ticket" value=ticket/>
                <input type="hidden" name="needs_cookies" value="on"/>
                <EmailField submission=submission/>
                <NewPasswordField submission=submission name="password" label=text::PASSWORD/>
                <Submit
                    submission=submission
                    label=text::CREATE_ACCOUNT
                    busy=text::CREATING_ACCOUNT
                    class="button primary wide"
                />
            </Form>
            <p class="small-links">
                {text::HAVE_ACCOUNT} " "
                <a href="/sign-in">{text::SIGN_IN}</a>
            </p>
        </CardPage>
    }
}
