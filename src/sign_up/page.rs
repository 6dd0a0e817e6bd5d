//! `/sign-up`.

use leptos::prelude::*;

use super::SignUp;
use crate::form::use_submission;
use crate::lazy_page;
use crate::social::SocialButtons;
use crate::ui::{Field, Form, Frame, NoticeBar, PageTitle, Submit};
use crate::visit::Visit;

lazy_page!(
    /// `/sign-up`.
    SignUpPage => page
);

/// An address, a password, and nothing else.
fn page() -> impl IntoView {
    let visit = expect_context::<Visit>();
    let (site_name, min_length) = visit.with(|it| (it.site_name.clone(), it.password_min_length));
    let action = ServerAction::<SignUp>::new();
    let submission = use_submission(action);
    let hint = format!("{min_length} characters or more. A few words in a row do well.");
    view! {
        <Frame site_name=site_name>
            <section class="card">
                <PageTitle text="Create your account"/>
                <NoticeBar/>
                <SocialButtons next=String::new()/>
                <Form
                    action=action
                    submission=submission
                    check=|it, visit| it.form.parse(visit.with(|it| it.password_min_length)).err()
                >
                    <Field
                        submission=submission
                        name="email"
                        label="E-mail"
                        kind="email"
                        autocomplete="username"
                        autofocus=true
                    />
                    <Field
                        submission=submission
                        name="password"
                        label="Password"
                        kind="password"
                        autocomplete="new-password"
                        hint=hint
                    />
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
            </section>
        </Frame>
    }
}
