//! `/reauthenticate`.

use leptos::prelude::*;

use super::{
    ConfirmByAuthenticatorCode, ConfirmByPasskey, ConfirmByRecoveryCode, Reauthenticate,
    ReauthenticationForm, ReauthenticationOptions, begin_passkey_confirmation,
    load_reauthentication_options, text,
};
use crate::form::{provide_submission, submission_of};
use crate::lazy_page;
use crate::passkey::{PasskeyButton, answer};
use crate::paths::use_query;
use crate::second_factor::{
    AuthenticatorCodeField, AuthenticatorCodeForm, RecoveryCodeField, RecoveryCodeForm,
    text as second_factor_text,
};
use crate::session::SignOutButton;
use crate::social::{ReauthenticationButtons, provide_reauthentication_buttons};
use crate::ui::{CardPage, Field, Form, Loaded, Submit, Username};

lazy_page!(
    /// Asks the user to confirm their identity.
    ReauthenticationPage => page
);

fn page() -> impl IntoView {
    provide_submission::<Reauthenticate>();
    provide_submission::<ConfirmByPasskey>();
    provide_submission::<ConfirmByAuthenticatorCode>();
    provide_submission::<ConfirmByRecoveryCode>();
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
    if let Some(has) = options.second_factor {
        return view! {
            {has
                .passkeys
                .then(|| view! { <ConfirmWithPasskey next=next.clone()/> })}
            {(has.passkeys && has.apps)
                .then(|| view! { <p class="divider"><span>{second_factor_text::OR}</span></p> })}
            {has.apps.then(|| view! { <ConfirmByCode next=next.clone()/> })}
            {if has.recovery_codes {
                view! { <ConfirmByRecovery next=next/> }.into_any()
            } else {
                view! { <p>{text::NO_RECOVERY_CODES}</p> }.into_any()
            }}
            <p class="small-links"><a href="/dashboard">{text::BACK}</a></p>
        }
        .into_any();
    }
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
    .into_any()
}

#[component]
fn ConfirmWithPasskey(next: String) -> impl IntoView {
    let submission = submission_of::<ConfirmByPasskey>();
    view! {
        <Form
            submission=submission
            prepare=|it| Box::pin(async { answer(it, begin_passkey_confirmation().await).await })
        >
            <input type="hidden" name="next" value=next/>
            <PasskeyButton
                submission=submission
                label=second_factor_text::USE_PASSKEY
                busy=text::CONFIRMING
                class="button primary wide"
            />
        </Form>
    }
}

#[component]
fn ConfirmByCode(next: String) -> impl IntoView {
    let submission = submission_of::<ConfirmByAuthenticatorCode>();
    let is_refused_elsewhere = submission_of::<ConfirmByRecoveryCode>().flashed;
    view! {
        <Form submission=submission check=|it, _| AuthenticatorCodeForm::read(it).parse().err()>
            <AuthenticatorCodeField submission=submission autofocus=!is_refused_elsewhere/>
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

#[component]
fn ConfirmByRecovery(next: String) -> impl IntoView {
    let submission = submission_of::<ConfirmByRecoveryCode>();
    view! {
        <details class="confirm other-ways" open=submission.flashed>
            <summary class="button quiet">{second_factor_text::ANOTHER_WAY}</summary>
            <div class="confirm-body">
                <p>{second_factor_text::RECOVERY_LEAD}</p>
                <Form submission=submission check=|it, _| RecoveryCodeForm::read(it).parse().err()>
                    <RecoveryCodeField submission=submission/>
                    <input type="hidden" name="next" value=next/>
                    <Submit
                        submission=submission
                        label=text::CONFIRM
                        busy=text::CONFIRMING
                        class="button wide"
                    />
                </Form>
            </div>
        </details>
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
