//! `/dashboard/security`.

use leptos::either::Either;
use leptos::prelude::*;

use super::{ChangePassword, NewPasswordField};
use crate::error::AppError;
use crate::form::{FormAction, Submission, form_action, use_submission};
use crate::lazy_page;
use crate::ui::{Field, Form, Loaded, PageTitle, Submit, Username};
use crate::user::Viewer;
use crate::viewer::CurrentViewer;
use crate::visit::Visit;

/// The page's action, shared by context: the form renders after the viewer has loaded.
#[derive(Clone, Copy)]
struct Act {
    change: FormAction<ChangePassword>,
    changing: Submission,
}

lazy_page!(
    /// Lets a user change their password, or set the first one.
    SecurityPage => security_page
);

fn security_page() -> impl IntoView {
    let change = form_action::<ChangePassword>();
    provide_context(Act { change, changing: use_submission(change) });
    let CurrentViewer(viewer) = expect_context();
    // Reload the viewer: a user who just set a first password now has one, and gets an empty form.
    let value = change.value();
    Effect::new(move |_| {
        if value.with(|it| matches!(it, Some(Ok(_)))) {
            viewer.refetch();
        }
    });
    view! {
        <PageTitle text="Security"/>
        <Loaded data=viewer view=password/>
    }
}

fn check_change(it: &ChangePassword, visit: &Visit) -> Option<AppError> {
    it.form.parse(visit.with(|it| it.password_min_length), true).err()
}

fn check_first(it: &ChangePassword, visit: &Visit) -> Option<AppError> {
    it.form.parse(visit.with(|it| it.password_min_length), false).err()
}

fn password(viewer: Viewer) -> impl IntoView {
    let Act { change, changing } = expect_context::<Act>();
    let has_password = viewer.has_password;
    let (label, about) = if has_password {
        ("Change password", "All your other sessions end when you change it.")
    } else {
        ("Set password", "With a password you can sign in without a provider.")
    };
    view! {
        <section class="card">
            <h2>"Password"</h2>
            <p>{about}</p>
            <Form
                action=change
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
                <Submit submission=changing label=label busy="Saving…"/>
            </Form>
        </section>
    }
}

fn fields(email: Option<String>, has_password: bool) -> impl IntoView {
    let Act { changing, .. } = expect_context();
    view! {
        <Username email=email/>
        {has_password.then(|| view! {
            <Field
                submission=changing
                name="current_password"
                label="Current password"
                kind="password"
                autocomplete="current-password"
            />
        })}
        <NewPasswordField submission=changing name="new_password" label="New password"/>
    }
}
