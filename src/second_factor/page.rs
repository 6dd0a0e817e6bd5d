//! `/sign-in/second-factor`.

use leptos::prelude::*;

use super::{
    AuthenticatorCodeForm, RecoveryCodeForm, ReportLostFactors, SecondFactorStep, SecondFactorView,
    SetUpSecondFactor, SignInByAuthenticatorCode, SignInByRecoveryCode, load_second_factor, text,
};
use crate::authenticator_app::{AuthenticatorAppForm, AuthenticatorSetUp, SetUpFields};
use crate::form::{Submission, provide_submission, submission_of};
use crate::lazy_page;
use crate::ui::{CardPage, Field, Form, Loaded, Submit};

lazy_page!(
    /// Asks for the second factor of a sign-in.
    SecondFactorPage => second_factor_page
);

fn second_factor_page() -> impl IntoView {
    provide_submission::<SignInByAuthenticatorCode>();
    provide_submission::<SignInByRecoveryCode>();
    provide_submission::<ReportLostFactors>();
    let setting_up = provide_submission::<SetUpSecondFactor>();
    // Without scripts, a refused form shows the same key again.
    let token = setting_up.typed("token").unwrap_or_default();
    let pending = Resource::new(|| (), move |()| load_second_factor(token.clone()));
    view! {
        <CardPage title=text::TITLE>
            <Loaded data=pending view=step/>
            <p class="small-links"><a href="/sign-in">{text::BACK}</a></p>
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
            SecondFactorStep::Prove { has_recovery_codes, trust, recovery_wait } => {
                view! {
                    <AuthenticatorCode attempt=attempt.clone() trust=trust/>
                    <OtherWays
                        attempt=attempt
                        has_recovery_codes=has_recovery_codes
                        recovery_wait=recovery_wait
                    />
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
fn AuthenticatorCode(attempt: String, trust: Option<String>) -> impl IntoView {
    let submission = submission_of::<SignInByAuthenticatorCode>();
    // Then that refusal takes the focus.
    let is_refused_elsewhere = submission_of::<SignInByRecoveryCode>().flashed
        || submission_of::<ReportLostFactors>().flashed;
    view! {
        <Form submission=submission check=|it, _| AuthenticatorCodeForm::read(it).parse().err()>
            <input type="hidden" name="attempt" value=attempt/>
            <AuthenticatorCodeField submission=submission autofocus=!is_refused_elsewhere/>
            {trust.map(|it| view! {
                <label class="check">
                    <input type="checkbox" name="trust"/>
                    <span>{text::trust(&it)}</span>
                </label>
            })}
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
fn OtherWays(
    attempt: String,
    has_recovery_codes: bool,
    recovery_wait: Option<String>,
) -> impl IntoView {
    let submission = submission_of::<SignInByRecoveryCode>();
    let lost = submission_of::<ReportLostFactors>();
    let is_open = submission.flashed || lost.flashed;
    let attempt_of_lost = attempt.clone();
    view! {
        <details class="confirm other-ways" open=is_open>
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
                {match recovery_wait {
                    Some(wait) => {
                        view! {
                            <Form submission=lost>
                                <p>{text::lost_lead(&wait)}</p>
                                <input type="hidden" name="attempt" value=attempt_of_lost/>
                                <Submit
                                    submission=lost
                                    label=text::LOST
                                    busy=text::SENDING
                                    class="button wide"
                                />
                            </Form>
                        }
                            .into_any()
                    }
                    None => view! { <p>{text::ASK_ADMINISTRATOR}</p> }.into_any(),
                }}
            </div>
        </details>
    }
}

/// Asks for an authenticator app's code.
#[component]
pub fn AuthenticatorCodeField(
    submission: Submission,
    #[prop(default = true)] autofocus: bool,
) -> impl IntoView {
    view! {
        <Field
            submission=submission
            name="app_code"
            label=text::CODE
            hint=text::CODE_HINT
            inputmode="numeric"
            autocomplete="one-time-code"
            autofocus=autofocus
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
fn SetUp(attempt: String, set_up: AuthenticatorSetUp) -> impl IntoView {
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
