//! `/sign-up`.

use leptos::prelude::*;

use crate::auth_pages::text;
use crate::error::AppError;
use crate::form::{Fields, Submission};
use crate::lazy_page;
use crate::passkey::{PasskeyButton, answer};
use crate::password::NewPasswordField;
use crate::paths::{passkey_sign_up_path, sign_up_path, use_query};
use crate::sign_up::{
    PasskeySignUpForm, SignUp, SignUpByPasskey, SignUpForm, begin_passkey_sign_up,
};
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

/// Asks for an email address and a password or a passkey, and nothing else.
fn form() -> impl IntoView {
    let query = use_query();
    let ticket = query.get_untracked("ticket");
    let with_password = Submission::of::<SignUp>();
    let with_passkey = Submission::of::<SignUpByPasskey>();
    let visit = expect_context::<Visit>();
    let (has_passkeys, terms) = visit.with(|it| (it.has_passkeys, it.terms_url.clone()));
    view! {
        <CardPage title=text::SIGN_UP_TITLE>
            <SocialButtons next=String::new()/>
            {move || {
                let ticket = ticket.clone();
                if has_passkeys && query.get("with") == "passkey" {
                    view! { <PasskeyForm submission=with_passkey ticket=ticket/> }.into_any()
                } else {
                    view! {
                        <PasswordForm
                            submission=with_password
                            ticket=ticket
                            has_passkeys=has_passkeys
                        />
                    }
                        .into_any()
                }
            }}
            {terms.map(|url| view! {
                <p class="hint">
                    {text::AGREE} " " <a href=url target="_blank" rel="noopener">{text::TERMS}</a> "."
                </p>
            })}
            <p class="small-links">
                {text::HAVE_ACCOUNT} " "
                <a href="/sign-in">{text::SIGN_IN}</a>
            </p>
        </CardPage>
    }
}

#[component]
fn PasswordForm(submission: Submission, ticket: String, has_passkeys: bool) -> impl IntoView {
    let elsewhere = passkey_sign_up_path(&ticket);
    view! {
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
        {has_passkeys.then(|| view! {
            <p class="small-links"><a href=elsewhere>{text::USE_PASSKEY}</a></p>
        })}
    }
}

#[component]
fn PasskeyForm(submission: Submission, ticket: String) -> impl IntoView {
    let elsewhere = sign_up_path(&ticket);
    view! {
        <p>{text::PASSKEY_LEAD}</p>
        <Form
            submission=submission
            check=|it, _| PasskeySignUpForm::read(it).parse().err()
            prepare=|it| Box::pin(passkey_answer(it))
        >
            <input type="hidden" name="ticket" value=ticket/>
            <input type="hidden" name="needs_cookies" value="on"/>
            <EmailField submission=submission/>
            <PasskeyButton
                submission=submission
                label=text::CREATE_ACCOUNT_WITH_PASSKEY
                busy=text::CREATING_ACCOUNT
                class="button primary wide"
            />
        </Form>
        <p class="small-links"><a href=elsewhere>{text::USE_PASSWORD}</a></p>
    }
}

async fn passkey_answer(fields: Fields) -> Result<Fields, AppError> {
    let challenge = begin_passkey_sign_up(PasskeySignUpForm::read(&fields)).await;
    answer(fields, challenge).await
}
