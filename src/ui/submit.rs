//! Forms, sent by the action if hydrated and by the browser itself if not.

use std::pin::Pin;

use leptos::form::form_data_from_event;
use leptos::html::Div;
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos::web_sys::SubmitEvent;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::error::{AppError, RequestProblem};
use crate::form::{Fields, Submission};
use crate::visit::Visit;

#[wasm_bindgen]
extern "C" {
    type CookieStore;

    #[wasm_bindgen(thread_local_v2, js_name = document)]
    static COOKIES: CookieStore;

    #[wasm_bindgen(method, getter)]
    fn cookie(this: &CookieStore) -> String;

    #[wasm_bindgen(method, setter)]
    fn set_cookie(this: &CookieStore, cookie: &str);
}

/// Returns an error if cookies are blocked: no form works without them. Sets one and removes it, since
/// `navigator.cookieEnabled` is true in a Chromium that blocks them.
fn cookies_needed() -> Option<AppError> {
    COOKIES.with(|it| {
        it.set_cookie("a=b");
        let is_kept = !it.cookie().is_empty();
        it.set_cookie("a=;max-age=0");
        (!is_kept).then_some(AppError::Request(RequestProblem::CookiesNeeded))
    })
}

/// What [`Prepare`] returns.
pub type PreparedFields = Pin<Box<dyn Future<Output = Result<Fields, AppError>>>>;

/// Completes the fields in the browser before they are sent.
pub type Prepare = fn(Fields) -> PreparedFields;

/// Renders a form with its error summary on top. `check` finds in the browser what
/// the server would refuse, before anything is sent.
#[component]
pub fn Form(
    submission: Submission,
    #[prop(optional)] id: Option<&'static str>,
    #[prop(optional)] check: Option<fn(&Fields, &Visit) -> Option<AppError>>,
    #[prop(optional)] prepare: Option<Prepare>,
    children: Children,
) -> impl IntoView {
    let visit = expect_context::<Visit>();
    let on_submit = move |ev: SubmitEvent| {
        ev.prevent_default();
        // Ignore a second click while the first is pending.
        if submission.pending.get_untracked() {
            return;
        }
        // Fails only if the form was removed meanwhile.
        let Ok(form) = form_data_from_event(&ev) else { return };
        let fields = Fields::of(&form);
        match cookies_needed().or_else(|| check.and_then(|check| check(&fields, &visit))) {
            Some(error) => submission.refuse(error),
            None => match prepare {
                Some(prepare) => spawn_local(async move {
                    match prepare(fields).await {
                        Ok(fields) => submission.send(fields),
                        Err(error) => submission.refuse(error),
                    }
                }),
                None => submission.send(fields),
            },
        }
    };
    view! {
        <form
            method="post"
            action=submission.path
            id=id
            class="form"
            novalidate
            on:submit=on_submit
        >
            <Alert submission=submission/>
            {children()}
        </form>
    }
}

/// Renders the summary of a refusal, announced and focused.
#[component]
pub fn Alert(submission: Submission) -> impl IntoView {
    let node = NodeRef::<Div>::new();
    let hydrated = expect_context::<Visit>().hydrated;
    Effect::new(move |_| {
        if submission.error.get().is_some()
            && hydrated.get_untracked()
            && let Some(alert) = node.get()
        {
            // Fails only if the element was removed meanwhile.
            let _ = alert.focus();
        }
    });
    move || {
        submission.error.get().map(|error| {
            view! {
                <div
                    class="alert"
                    role="alert"
                    tabindex="-1"
                    autofocus=submission.flashed
                    node_ref=node
                >
                    {error.to_string()}
                </div>
            }
        })
    }
}

/// Renders the button that sends a form. It says what happens and keeps its width.
#[component]
pub fn Submit(
    submission: Submission,
    #[prop(into)] label: String,
    /// The label while the response is pending.
    #[prop(into)]
    busy: String,
    #[prop(default = "button primary")] class: &'static str,
) -> impl IntoView {
    let pending = submission.pending;
    view! {
        <button
            type="submit"
            class=class
            aria-disabled=move || pending.get().then_some("true")
            data-pending=move || pending.get().then_some("")
        >
            <span class="label">{label}</span>
            <span class="busy" aria-hidden=move || (!pending.get()).then_some("true")>{busy}</span>
        </button>
    }
}

/// Renders an action that asks for confirmation: folded, named and explained. Needs no script.
#[component]
pub fn Confirm(
    #[prop(into)] summary: String,
    #[prop(into)] explanation: String,
    /// Whether to start open, to show a refusal inside.
    #[prop(optional)]
    open: bool,
    children: Children,
) -> impl IntoView {
    view! {
        <details class="confirm" open=open>
            <summary class="button quiet">{summary}</summary>
            <div class="confirm-body">
                <p>{explanation}</p>
                {children()}
            </div>
        </details>
    }
}
