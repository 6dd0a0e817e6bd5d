//! The passkey button of several pages, and `/dashboard/add-passkey`.

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::browser::{self, Task};
use super::{
    AddPasskey, NewPasskeyForm, PasskeyChallenge, PasskeyProblem, SignInByPasskey, begin_passkey,
    text,
};
use crate::error::AppError;
use crate::form::{Fields, Submission};
use crate::lazy_page;
use crate::session::EndOthersBox;
use crate::ui::{Field, Form, PageTitle, Submit};
use crate::visit::Visit;

/// Asks for a passkey as the server wants, and returns the form's fields with the response.
pub async fn answer(
    fields: Fields,
    challenge: Result<PasskeyChallenge, AppError>,
) -> Result<Fields, AppError> {
    browser::run(Task::Answer(fields, challenge?)).await
}

/// Runs a task in the background and ignores its errors: authenticators may ignore signals.
fn run(task: Task) {
    spawn_local(async {
        let _ = browser::run(task).await;
    });
}

/// Tells the visitor's authenticators which passkeys and names the user has now. Call it after every change; with
/// `tells_removal`, after one that removed a passkey.
pub fn keep_authenticators_current(tells_removal: bool) {
    run(Task::SignalCurrent { tells_removal });
}

/// Renders the button of a form that needs a passkey; without scripts, a sentence in its place. After a success, tells
/// authenticators what they should know.
#[component]
pub fn PasskeyButton(
    submission: Submission,
    #[prop(into)] label: String,
    #[prop(into)] busy: String,
    #[prop(default = "button wide")] class: &'static str,
) -> impl IntoView {
    Effect::new(move |_| {
        if submission.done.get() > 0 {
            keep_authenticators_current(false);
        }
    });
    view! {
        <div class="needs-scripts">
            <Submit submission=submission label=label busy=busy class=class/>
        </div>
        <p class="hint without-scripts">{text::NEEDS_SCRIPTS}</p>
    }
}

/// Offers to sign in with a passkey: by a button, and in the suggestions of the email field.
#[component]
pub fn SignInWithPasskey(
    next: String,
    /// The form for passwords on the same page.
    with_password: Submission,
) -> AnyView {
    if !expect_context::<Visit>().with(|it| it.has_passkeys) {
        return ().into_any();
    }
    let submission = Submission::of::<SignInByPasskey>();
    // Again after each response: a refused passkey used up its challenge.
    Effect::new(move |_| {
        submission.responses.track();
        let error = submission.error.get_untracked();
        let is_unknown = matches!(error, Some(AppError::Passkey(PasskeyProblem::Unknown)));
        run(if with_password.done.get() > 0 {
            Task::CreateAutomatically
        } else {
            Task::Autofill { is_unknown }
        });
    });
    // In the browser only: the server cleans up after each page.
    Effect::new(|_| on_cleanup(|| run(Task::CancelAutofill)));
    view! {
        <Form
            submission=submission
            id=browser::SIGN_IN_FORM
            prepare=|fields| Box::pin(browser::run(Task::SignIn(fields)))
        >
            <input type="hidden" name="next" value=next/>
            <input type="hidden" name="needs_cookies" value="on"/>
            <PasskeyButton submission=submission label=text::SIGN_IN busy=text::SIGNING_IN/>
        </Form>
    }
    .into_any()
}

lazy_page!(
    /// Adds a passkey.
    AddPasskeyPage => add_page
);

fn add_page() -> impl IntoView {
    let adding = Submission::of::<AddPasskey>();
    view! {
        <PageTitle text=text::TITLE/>
        <section class="card">
            <p>{text::LEAD}</p>
            <Form
                submission=adding
                check=|it, _| NewPasskeyForm::read(it).parse().err()
                prepare=|fields| Box::pin(async { answer(fields, begin_passkey().await).await })
            >
                <Field
                    submission=adding
                    name="passkey_name"
                    label=text::NAME
                    hint=text::NAME_HINT
                    autocomplete="off"
                    required=false
                />
                <EndOthersBox/>
                <PasskeyButton
                    submission=adding
                    label=text::ADD
                    busy=text::ADDING
                    class="button primary"
                />
            </Form>
            <p class="small-links"><a href="/dashboard/security">{text::BACK}</a></p>
        </section>
    }
}
