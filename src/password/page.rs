//! `/dashboard/security`.

use leptos::either::Either;
use leptos::prelude::*;

use super::{ChangePassword, NewPasswordField, PasswordForm, text};
use crate::error::AppError;
use crate::form::{Fields, provide_submission, submission_of};
use crate::lazy_page;
use crate::ui::{Field, Form, Loaded, PageTitle, Submit, Username};
use crate::user::Viewer;
use crate::viewer::CurrentViewer;
use crate::visit::Visit;

lazy_page!(
    /// Lets a user change their password, or set the first one.
    SecurityPage => security_page
);

fn security_page() -> impl IntoView {
    let changing = provide_submission::<ChangePassword>();
    let CurrentViewer(viewer) = expect_context();
    // Reload the viewer: a user who just set a first password now has one, and gets an empty form.
    Effect::new(move |_| {
        if changing.done.get() > 0 {
            viewer.refetch();
        }
    });
    view! {
        <PageTitle text=text::TITLE/>
        <Loaded data=viewer view=password/>
    }
}

fn check_change(it: &Fields, visit: &Visit) -> Option<AppError> {
    PasswordForm::read(it).parse(visit.with(|it| it.password_min_length), true).err()
}

fn check_first(it: &Fields, visit: &Visit) -> Option<AppError> {
    PasswordForm::read(it).parse(visit.with(|it| it.password_min_length), false).err()
}

fn password(viewer: Viewer) -> impl IntoView {
    let changing = submission_of::<ChangePassword>();
    let has_password = viewer.has_password;
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
                    Either::Left(fields(viewer.email, true))
                } else {
                    Either::Right(fields(viewer.email, false))
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
