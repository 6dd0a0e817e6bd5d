//! A labelled input with its hint and its problem.

use leptos::html::Input;
use leptos::prelude::*;

use super::text;
use crate::form::{Notices, Submission};
use crate::visit::Visit;

/// Help text under a field.
pub type Hint = String;

/// Asks for the email address of the visitor's account, as the first field of a page.
#[component]
pub fn EmailField(
    submission: Submission,
    #[prop(default = "username")] autocomplete: &'static str,
) -> impl IntoView {
    view! {
        <Field
            submission=submission
            name="email"
            label=text::EMAIL
            kind="email"
            autocomplete=autocomplete
            autofocus=true
        />
    }
}

/// Renders an input with its label. A problem shows under it and is linked to it for screen readers.
#[component]
pub fn Field(
    submission: Submission,
    name: &'static str,
    label: &'static str,
    autocomplete: &'static str,
    /// The element's id; the name if the page has one such field.
    #[prop(optional, into)]
    id: Option<String>,
    #[prop(default = "text")] kind: &'static str,
    /// The keyboard that a touch screen shows, if `kind` does not determine it.
    #[prop(optional)]
    inputmode: Option<&'static str>,
    #[prop(optional, into)] hint: Option<Hint>,
    /// The initial value.
    #[prop(optional, into)]
    value: Option<String>,
    #[prop(optional)] autofocus: bool,
    #[prop(default = true)] required: bool,
    /// Called with the value whenever it changes.
    #[prop(optional)]
    on_change: Option<Callback<String>>,
    /// Content between the hint and the problem.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    let problem = submission.problem(name);
    let value = submission.typed(name).or(value);
    let is_password = kind == "password";
    let shown = RwSignal::new(false);
    let node = NodeRef::<Input>::new();
    if is_password {
        clear_on_response(submission, node);
    }
    // A refusal takes the focus first; after navigation in the browser, the heading does.
    let visit = expect_context::<Visit>();
    let is_refused = submission.flashed || expect_context::<Notices>().is_refusal();
    let autofocus = autofocus && !is_refused && !visit.hydrated.get_untracked();
    let kind = move || if shown.get() { "text" } else { kind };
    let id = id.unwrap_or_else(|| name.to_owned());
    let hint_id = format!("{id}-hint");
    let problem_id = format!("{id}-problem");
    let described_by = {
        let hint_id = hint.as_ref().map(|_| hint_id.clone());
        let problem_id = problem_id.clone();
        move || {
            let problem_id = problem.get().map(|_| problem_id.clone());
            let ids: Vec<_> = hint_id.clone().into_iter().chain(problem_id).collect();
            (!ids.is_empty()).then(|| ids.join(" "))
        }
    };
    view! {
        <div class="field">
            <label for=id.clone()>{label}</label>
            <div class="field-input">
                <input
                    node_ref=node
                    id=id
                    name=name
                    type=kind
                    value=value
                    autocomplete=autocomplete
                    inputmode=inputmode
                    autocapitalize=is_password.then_some("none")
                    spellcheck=is_password.then_some("false")
                    required=required
                    autofocus=autofocus
                    aria-invalid=move || problem.get().map(|_| "true")
                    aria-describedby=described_by
                    on:input=move |ev| {
                        if let Some(on_change) = on_change {
                            on_change.run(event_target_value(&ev));
                        }
                    }
                />
                {is_password.then(|| view! { <Reveal shown=shown controls=name/> })}
            </div>
            {hint.map(|it| view! { <p class="hint" id=hint_id>{it}</p> })}
            {children.map(|it| it())}
            {move || {
                let id = problem_id.clone();
                problem.get().map(|it| view! { <p class="problem" id=id>{it}</p> })
            }}
        </div>
    }
}

/// Tells password managers which user's password a form is about.
#[component]
pub fn Username(email: Option<String>) -> impl IntoView {
    view! {
        <input
            class="visually-hidden"
            type="text"
            autocomplete="username"
            value=email
            tabindex="-1"
            aria-hidden="true"
            readonly
        />
    }
}

/// Clears a sent password from the page after every response.
fn clear_on_response(submission: Submission, node: NodeRef<Input>) {
    Effect::new(move |before: Option<usize>| {
        let responses = submission.responses.get();
        if before.is_some_and(|before| before != responses)
            && let Some(input) = node.get_untracked()
        {
            input.set_value("");
        }
        responses
    });
}

/// Renders the button that shows the password. It needs scripts, so it is absent without them.
#[component]
fn Reveal(shown: RwSignal<bool>, controls: &'static str) -> impl IntoView {
    let hydrated = expect_context::<Visit>().hydrated;
    move || {
        hydrated.get().then(|| {
            view! {
                <button
                    type="button"
                    class="reveal"
                    aria-controls=controls
                    aria-pressed=move || if shown.get() { "true" } else { "false" }
                    on:click=move |_| shown.update(|it| *it = !*it)
                >
                    {move || if shown.get() { text::HIDE } else { text::SHOW }}
                    <span class="visually-hidden">" " {text::PASSWORD}</span>
                </button>
            }
        })
    }
}

/// Renders a text area with its label. A problem shows under it and is linked to it for screen readers.
#[component]
pub fn TextArea(
    submission: Submission,
    name: &'static str,
    label: &'static str,
    #[prop(into)] hint: Hint,
    /// The initial value.
    value: String,
) -> impl IntoView {
    let problem = submission.problem(name);
    let value = submission.typed(name).unwrap_or(value);
    let (hint_id, problem_id) = (format!("{name}-hint"), format!("{name}-problem"));
    let described_by = format!("{hint_id} {problem_id}");
    view! {
        <div class="field">
            <label for=name>{label}</label>
            <textarea
                id=name
                name=name
                rows="4"
                autocomplete="off"
                autocapitalize="none"
                spellcheck="false"
                aria-invalid=move || problem.get().map(|_| "true")
                aria-describedby=described_by
            >
                {value}
            </textarea>
            <p class="hint" id=hint_id>{hint}</p>
            <p class="problem" id=problem_id>{move || problem.get()}</p>
        </div>
    }
}
