//! `/sign-in/second-factor`.

use leptos::prelude::*;

use super::{
    AttemptForm, AuthenticatorCodeForm, MailSecondFactorCode, MailedCodeForm, MailedCodeState,
    RecoveryCodeForm, ReportLostFactors, SecondFactorStep, SecondFactorView, SetUpRequiredPasskey,
    SetUpSecondFactor, SignInByAuthenticatorCode, SignInByMailedCode, SignInByRecoveryCode,
    SignInBySecondPasskey, begin_required_passkey, begin_second_factor_passkey, load_second_factor,
    text,
};
use crate::authenticator_app::{AuthenticatorAppForm, AuthenticatorSetUp, SetUpFields};
use crate::error::AppError;
use crate::form::{Fields, Submission, provide_submission, submission_of};
use crate::lazy_page;
use crate::passkey::{PasskeyButton, answer};
use crate::ui::{CardPage, Field, Form, Loaded, Submit};

lazy_page!(
    /// Asks for the second factor of a sign-in.
    SecondFactorPage => second_factor_page
);

fn second_factor_page() -> impl IntoView {
    provide_submission::<SignInBySecondPasskey>();
    provide_submission::<SignInByAuthenticatorCode>();
    provide_submission::<SignInByRecoveryCode>();
    provide_submission::<ReportLostFactors>();
    provide_submission::<SignInByMailedCode>();
    let mailing = provide_submission::<MailSecondFactorCode>();
    let setting_up = provide_submission::<SetUpSecondFactor>();
    provide_submission::<SetUpRequiredPasskey>();
    // Without scripts, a refused form shows the same key again.
    let token = setting_up.typed("token").unwrap_or_default();
    let sent = mailing.done;
    let pending = Resource::new(move || sent.get(), move |_| load_second_factor(token.clone()));
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
            SecondFactorStep::Prove { has, provider, accepts_codes, by_mail, trust, recovery_wait } => {
                view! {
                    {has.passkeys
                        .then(|| view! { <Passkey attempt=attempt.clone() trust=trust.clone()/> })}
                    {(has.passkeys && has.apps)
                        .then(|| view! { <p class="divider"><span>{text::OR}</span></p> })}
                    {has.apps
                        .then(|| view! { <AuthenticatorCode attempt=attempt.clone() trust=trust/> })}
                    {provider.map(|it| view! { <p>{text::use_provider(&it)}</p> })}
                    <OtherWays
                        attempt=attempt
                        has_recovery_codes=has.recovery_codes
                        accepts_codes=accepts_codes
                        by_mail=by_mail
                        recovery_wait=recovery_wait
                    />
                }
                    .into_any()
            }
            SecondFactorStep::SetUp { app, has_passkeys, is_device_bound } => {
                let can_choose = has_passkeys && app.is_some();
                view! {
                    <p>{text::set_up_lead(has_passkeys, app.is_some(), is_device_bound)}</p>
                    {has_passkeys.then(|| view! { <SetUpPasskey attempt=attempt.clone()/> })}
                    {can_choose.then(|| view! { <p class="divider"><span>{text::OR}</span></p> })}
                    {app.map(|it| view! { <SetUpApp attempt=attempt set_up=it is_alternative=has_passkeys/> })}
                }
                    .into_any()
            }
        }}
    }
}

/// Asks for one of the user's passkeys.
#[component]
fn Passkey(attempt: String, trust: Option<String>) -> impl IntoView {
    let submission = submission_of::<SignInBySecondPasskey>();
    view! {
        <Form submission=submission prepare=|it| Box::pin(passkey_answer(it))>
            <input type="hidden" name="attempt" value=attempt/>
            <TrustBox trust=trust/>
            <PasskeyButton
                submission=submission
                label=text::USE_PASSKEY
                busy=text::SIGNING_IN
                class="button primary wide"
            />
        </Form>
    }
}

async fn passkey_answer(fields: Fields) -> Result<Fields, AppError> {
    let form = AttemptForm { attempt: fields.text("attempt").into() };
    answer(fields, begin_second_factor_passkey(form).await).await
}

#[component]
fn TrustBox(trust: Option<String>) -> impl IntoView {
    trust.map(|it| {
        view! {
            <label class="check">
                <input type="checkbox" name="trust"/>
                <span>{text::trust(&it)}</span>
            </label>
        }
    })
}

#[component]
fn AuthenticatorCode(attempt: String, trust: Option<String>) -> impl IntoView {
    let submission = submission_of::<SignInByAuthenticatorCode>();
    // Then that refusal takes the focus.
    let is_refused_elsewhere = submission_of::<SignInByRecoveryCode>().flashed
        || submission_of::<SignInBySecondPasskey>().flashed
        || submission_of::<ReportLostFactors>().flashed
        || submission_of::<SignInByMailedCode>().flashed
        || submission_of::<MailSecondFactorCode>().flashed;
    view! {
        <Form submission=submission check=|it, _| AuthenticatorCodeForm::read(it).parse().err()>
            <input type="hidden" name="attempt" value=attempt/>
            <AuthenticatorCodeField submission=submission autofocus=!is_refused_elsewhere/>
            <TrustBox trust=trust/>
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
    accepts_codes: bool,
    by_mail: Option<MailedCodeState>,
    recovery_wait: Option<String>,
) -> impl IntoView {
    let submission = submission_of::<SignInByRecoveryCode>();
    let lost = submission_of::<ReportLostFactors>();
    let is_open = submission.flashed
        || lost.flashed
        || submission_of::<SignInByMailedCode>().flashed
        || submission_of::<MailSecondFactorCode>().flashed
        || by_mail == Some(MailedCodeState::Sent);
    let (attempt_of_lost, attempt_of_mail) = (attempt.clone(), attempt.clone());
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
                    let reason =
                        if accepts_codes { text::NO_RECOVERY_CODES } else { text::NO_CODES_HERE };
                    view! { <p>{reason}</p> }.into_any()
                }}
                {by_mail.map(|it| view! { <MailedCode attempt=attempt_of_mail state=it/> })}
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

/// Offers to mail a code, and asks for it once it was sent.
#[component]
fn MailedCode(attempt: String, state: MailedCodeState) -> impl IntoView {
    let mailing = submission_of::<MailSecondFactorCode>();
    let entering = submission_of::<SignInByMailedCode>();
    let is_sent = state == MailedCodeState::Sent;
    let label = if is_sent { text::MAIL_ANOTHER_CODE } else { text::MAIL_CODE };
    let attempt_of_code = attempt.clone();
    view! {
        {is_sent.then(|| view! {
            <Form submission=entering check=|it, _| MailedCodeForm::read(it).parse().err()>
                <input type="hidden" name="attempt" value=attempt_of_code/>
                <Field
                    submission=entering
                    name="code"
                    label=text::MAILED_CODE
                    inputmode="numeric"
                    autocomplete="one-time-code"
                />
                <Submit
                    submission=entering
                    label=text::USE_MAILED_CODE
                    busy=text::SIGNING_IN
                    class="button wide"
                />
            </Form>
        })}
        <Form submission=mailing>
            {(!is_sent).then(|| view! { <p>{text::MAIL_LEAD}</p> })}
            <input type="hidden" name="attempt" value=attempt/>
            <Submit submission=mailing label=label busy=text::SENDING class="button wide"/>
        </Form>
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
fn SetUpPasskey(attempt: String) -> impl IntoView {
    let submission = submission_of::<SetUpRequiredPasskey>();
    view! {
        <Form submission=submission prepare=|it| Box::pin(new_passkey(it))>
            <input type="hidden" name="attempt" value=attempt/>
            <PasskeyButton
                submission=submission
                label=text::SET_UP_PASSKEY
                busy=text::ADDING
                class="button primary wide"
            />
        </Form>
    }
}

async fn new_passkey(fields: Fields) -> Result<Fields, AppError> {
    let form = AttemptForm { attempt: fields.text("attempt").into() };
    answer(fields, begin_required_passkey(form).await).await
}

#[component]
fn SetUpApp(
    attempt: String,
    set_up: AuthenticatorSetUp,
    /// Whether the page offers something better.
    is_alternative: bool,
) -> impl IntoView {
    let submission = submission_of::<SetUpSecondFactor>();
    view! {
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
                class=if is_alternative { "button wide" } else { "button primary wide" }
            />
        </Form>
    }
}
