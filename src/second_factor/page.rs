//! `/sign-in/second-factor`.

use leptos::prelude::*;

use super::{
    AppCodeForm, RecoveryCodeForm, SecondFactorStep, SecondFactorView, SetUpSecondFactor,
    SignInByAppCode, SignInByRecoveryCode, load_second_factor, text,
};
use crate::authenticator_app::{AppSetUp, AuthenticatorAppForm, SetUpFields};
use crate::form::{Submission, provide_submission, submission_of};
use crate::lazy_page;
use crate::ui::{CardPage, Field, Form, Loaded, Submit};

lazy_page!(
    /// Asks for the second factor of a sign-in.
    SecondFactorPage => second_factor_page
);

fn second_factor_page() -> impl IntoView {
    provide_submission::<SignInByAppCode>();
    provide_submission::<SignInByRecoveryCode>();
    let setting_up = provide_submission::<SetUpSecondFactor>();
    // Without scripts, a refused form shows the same key again.
    let token = setting_up.typed("token").unwrap_or_default();
    let pending = Resource::new(|| (), move |()| load_second_factor(token.clone()));
    view! {
        <CardPage title=text::TITLE>
            <Loaded data=pending view=step/>
            <p class="small-links"><a href="/sign-in">{text::START_AGAIN}</a></p>
        </CardPage>
    }
}

fn step(it: SecondFactorView) -> impl IntoView {
    let SecondFactorView { attempt, email, step } = it;
    view! {
        {email.map(|it| view! {
            <p>{text::SIGNING_IN_AS} " " <strong class="address">{it}</strong> "."</p>
        })}
        {match step {
            SecondFactorStep::Prove { has_recovery_codes } => {
                view! {
                    <Code attempt=attempt.clone()/>
                    <OtherWays attempt=attempt has_recovery_codes=has_recovery_codes/>
                }
                    .into_any()
            }
            SecondFactorStep::SetUp(set_up) => {
                view! { <SetUp attempt=attempt set_up=set_up/> }.into_any()
            }
        }}
    }
}

#[component]
fn Code(attempt: String) -> impl IntoView {
    let submission = submission_of::<SignInByAppCode>();
    view! {
        <p>{text::LEAD}</p>
        <Form submission=submission check=|it, _| AppCodeForm::read(it).parse().err()>
            <input type="hidden" name="attempt" value=attempt/>
            <CodeField submission=submission/>
            <Submit
                submission=submission
                label=text::SIGN_IN
                busy=text::SIGNING_IN
                class="button primary wide"
            />
        </Form>
    }
}

#[component]
fn OtherWays(attempt: String, has_recovery_codes: bool) -> impl IntoView {
    let submission = submission_of::<SignInByRecoveryCode>();
    view! {
        <details class="confirm other-ways" open=submission.flashed>
            <summary class="button quiet">{text::ANOTHER_WAY}</summary>
            <div class="confirm-body">
                {if has_recovery_codes {
                    view! {
                        <p>{text::RECOVERY_LEAD}</p>
                        <Form
                            submission=submission
                            check=|it, _| RecoveryCodeForm::read(it).parse().err()
                        >
                            <input type="hidden" name="attempt" value=attempt/>
                            <RecoveryCodeField submission=submission/>
                            <Submit
                                submission=submission
                                label=text::USE_RECOVERY_CODE
                                busy=text::SIGNING_IN
                                class="button wide"
                            />
                        </Form>
                    }
                        .into_any()
                } else {
                    view! { <p>{text::NO_RECOVERY_CODES}</p> }.into_any()
                }}
            </div>
        </details>
    }
}

/// Asks for an authenticator app's code.
#[component]
pub fn CodeField(submission: Submission) -> impl IntoView {
    view! {
        <Field
            submission=submission
            name="app_code"
            label=text::CODE
            inputmode="numeric"
            autocomplete="one-time-code"
            autofocus=true
        />
    }
}

/// Asks for a recovery code.
#[component]
pub fn RecoveryCodeField(submission: Submission) -> impl IntoView {
    view! {
        <Field
            submission=submission
            name="recovery_code"
            label=text::RECOVERY_CODE
            autocomplete="off"
        />
    }
}

#[component]
fn SetUp(attempt: String, set_up: AppSetUp) -> impl IntoView {
    let submission = submission_of::<SetUpSecondFactor>();
    view! {
        <p>{text::SET_UP_LEAD}</p>
        <Form
            submission=submission
            check=|it, _| AuthenticatorAppForm::read(it).parse().err()
        >
            <input type="hidden" name="attempt" value=attempt/>
            <SetUpFields submission=submission set_up=set_up/>
            <Submit
                submission=submission
                label=text::SET_UP
                busy=text::ADDING
                class="button primary wide"
            />
        </Form>
    }
}
