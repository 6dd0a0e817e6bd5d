//! `/finish-sign-up`: asks for what a provider did not say about a new user.

use leptos::prelude::*;

use crate::form::{provide_submission, submission_of};
use crate::social::{FinishSignUp, UnfinishedSignUp, load_unfinished, text};
use crate::ui::{CardPage, Field, Form, Loaded, Submit};

/// Asks for an email address, a name and consent to the terms, as far as they are missing.
pub(super) fn finish_page() -> impl IntoView {
    provide_submission::<FinishSignUp>();
    let asked = Resource::new(|| (), |()| load_unfinished());
    view! {
        <CardPage title=text::FINISH_TITLE>
            <Loaded data=asked view=form/>
            <p class="small-links"><a href="/sign-in">{text::FINISH_OTHERWISE}</a></p>
        </CardPage>
    }
}

fn form(it: UnfinishedSignUp) -> impl IntoView {
    let submission = submission_of::<FinishSignUp>();
    let agrees = submission.typed("terms").is_some();
    view! {
        <p>
            {text::finish_lead(&it.provider)} " " <strong class="address">{it.account}</strong> ". "
            {it.email.is_some().then_some(text::FINISH_EMAIL_LEAD)}
        </p>
        <Form submission=submission>
            {it.email.map(|email| view! {
                <Field
                    submission=submission
                    name="email"
                    label=text::FINISH_EMAIL
                    kind="email"
                    autocomplete="email"
                    value=email
                />
            })}
            {it.asks_name.then(|| view! {
                <Field
                    submission=submission
                    name="display_name"
                    label=text::FINISH_NAME
                    autocomplete="name"
                    hint=text::FINISH_NAME_HINT
                    required=false
                />
            })}
            {it.terms_url.map(|url| view! {
                <label class="check">
                    <input type="checkbox" name="terms" checked=agrees/>
                    <span>
                        {text::AGREE} " " <a href=url target="_blank" rel="noopener">{text::TERMS}</a>
                    </span>
                </label>
            })}
            <Submit
                submission=submission
                label=text::FINISH
                busy=text::FINISHING
                class="button primary wide"
            />
        </Form>
    }
}
