//! The password on the security page.

use leptos::either::Either;
use leptos::prelude::*;

use super::{ChangePassword, NewPasswordField, PasswordForm, text};
use crate::error::AppError;
use crate::form::{Fields, Submission, provide_submission, submission_of};
use crate::ui::{Field, Form, Submit, Username};
use crate::visit::Visit;

/// Provides what [`PasswordCard`] needs. The returned submission is done when the password was changed.
pub fn provide_password() -> Submission {
    provide_submission::<ChangePassword>()
}

fn check_change(it: &Fields, visit: &Visit) -> Option<AppError> {
    PasswordForm::read(it).parse(visit.with(|it| it.password_min_length), true).err()
}

fn check_first(it: &Fields, visit: &Visit) -> Option<AppError> {
    PasswordForm::read(it).parse(visit.with(|it| it.password_min_length), false).err()
}

/// Lets a user change their password, or set the first one.
#[component]
pub fn PasswordCard(email: Option<String>, has_password: bool) -> impl IntoView {
    let changing = submission_of::<ChangePassword>();
    let (label, about) =
        if has_password { (text::CHANGE, text::CHANGE_LEAD) } else { (text::SET, text::SET_LEAD) };
    view! {
        <section class="card">
            <h2>{text::PASSWORD}</h2>
            <p>{about}</p>
            <Form
                submission=changing
                check=if has_password { check_change } else { check_first }
            >
                // Rebuilt after a first password is set: Chromium looks only at new fields and
                // would miss the existing field of the email address.
                {if has_password {
                    Either::Left(fields(email, true))
                } else {
                    Either::Right(fields(email, false))
                }}
                <Submit submission=changing label=label busy=text::SAVING/>
            </Form>
        </section>
    }
}

fn fields(email: Option<String>, has_password: bool) -> impl IntoView {
    let changing = submission_of::<ChangePassword>();
    view! {
        <Username email=email/>
        {has_password.then(|| view! {
            <Field
                submission=changing
                name="current_password"
                label=text::CURRENT_PASSWORD
                kind="password"
                autocomplete="current-password"
            />
        })}
        <NewPasswordField submission=changing name="new_password" label=text::NEW_PASSWORD/>
    }
}
