//! Form submissions: how a server function's response reaches the page, either by the hydrated
//! action or, with scripts off, by a flash across the redirect.

use std::fmt;

use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use leptos::server_fn::client::Client;
use leptos_router::NavigateOptions;
use leptos_router::hooks::{use_location, use_navigate};

use crate::address::{leave_for, reauthentication_path, sign_in_path, use_address};
use crate::error::{AccessProblem, AppError};
pub use crate::notice::Notice;
pub use crate::outcome::{Done, Flash, RowId};
use crate::visit::Visit;

/// The message that the current page shows beside its forms.
#[derive(Clone, Copy, Debug)]
pub struct Notices {
    current: RwSignal<Option<(String, Result<Notice, AppError>)>>,
}

impl Notices {
    /// Starts with the message that a flash brought to this path.
    #[must_use]
    pub fn new(initial: Option<(String, Result<Notice, AppError>)>) -> Self {
        Self { current: RwSignal::new(initial) }
    }

    /// Returns the message, if it is meant for this path.
    #[must_use]
    pub fn at(&self, path: &str) -> Option<Result<Notice, AppError>> {
        self.current.with(|it| it.as_ref().filter(|(on, _)| on == path).map(|(_, it)| *it))
    }

    /// Returns whether the message is a refusal.
    #[must_use]
    pub fn is_refusal(&self) -> bool {
        self.current.with_untracked(|it| matches!(it, Some((_, Err(_)))))
    }

    /// Forgets a message that is meant for another path.
    pub fn leave_for(&self, path: &str) {
        if self.current.with_untracked(|it| it.as_ref().is_some_and(|(on, _)| on != path)) {
            self.current.set(None);
        }
    }

    pub fn show(&self, path: &str, notice: Option<Notice>) {
        self.current.set(notice.map(|it| (path.to_owned(), Ok(it))));
    }
}

/// The latest outcome of one form, the same to a page however it arrived.
#[derive(Clone, Copy, Debug)]
pub struct Submission {
    /// The refusal, if any.
    pub error: Signal<Option<AppError>>,
    /// Whether a response is pending.
    pub pending: Signal<bool>,
    /// How many responses have arrived.
    pub answers: Signal<usize>,
    /// How many of them were successful; for data to reload after a success.
    pub done: Memo<usize>,
    /// Whether the refusal came with the document, and so should be focused at once.
    pub flashed: bool,
    typed: StoredValue<Vec<(String, String)>>,
}

impl Submission {
    /// Returns the text that was typed into this field.
    #[must_use]
    pub fn typed(&self, field: &str) -> Option<String> {
        self.typed.with_value(|it| Some(it.iter().find(|(name, _)| name == field)?.1.clone()))
    }

    /// Narrows the outcome to one of several forms that share an action: it shows only if the form
    /// of this name was sent last.
    #[must_use]
    pub fn only(self, last: Memo<Option<String>>, name: String) -> Self {
        let Self { error, pending, .. } = self;
        // With scripts off, no form of this document was sent; the flash may say which one was.
        let is_flashed = self.typed("part").is_none_or(|it| it == name);
        let is_meant = Signal::derive(move || {
            last.with(|it| it.as_ref().map_or(is_flashed, |it| *it == name))
        });
        Self {
            error: Signal::derive(move || error.get().filter(|_| is_meant.get())),
            pending: Signal::derive(move || pending.get() && is_meant.get()),
            flashed: self.flashed && is_flashed,
            ..self
        }
    }

    /// Returns the sentence to show at this field.
    #[must_use]
    pub fn problem(&self, field: &'static str) -> Signal<Option<String>> {
        let error = self.error;
        Signal::derive(move || error.get().and_then(|it| it.at(field)))
    }
}

/// The action of a form: the call of its server function and the response.
pub type FormAction<S> = Action<S, Result<Done, AppError>>;

/// Creates a form's action. Leptos' own `ServerAction` would also look for an outcome in the URL,
/// where there is none, and every visitor would load that code.
#[must_use]
pub fn form_action<S>() -> FormAction<S>
where
    S: ServerFn<Output = Done, Error = AppError> + Clone + Send + Sync + 'static,
    S::Client: Client<AppError>,
{
    Action::new(|input: &S| S::run_on_client(input.clone()))
}

/// Follows one action: gives its refusals to the form and its notices to the page, and redirects.
pub fn use_submission<S>(action: FormAction<S>) -> Submission
where
    S: ServerFn<Output = Done, Error = AppError> + Clone + Send + Sync + 'static,
{
    let visit = expect_context::<Visit>();
    let flash = visit.take_flash(S::PATH);
    let (flashed, typed) = match flash {
        Some(Flash { outcome, typed, .. }) => (outcome.err(), typed),
        None => (None, Vec::new()),
    };
    let value = action.value();
    follow(Signal::derive(move || value.get()));
    Submission {
        error: Signal::derive(move || match value.get() {
            Some(outcome) => outcome.err(),
            None => flashed,
        }),
        pending: Signal::derive(move || action.pending().get()),
        answers: {
            let version = action.version();
            Signal::derive(move || version.get())
        },
        done: Memo::new(move |before: Option<&usize>| {
            before.copied().unwrap_or(0) + usize::from(value.with(|it| matches!(it, Some(Ok(_)))))
        }),
        flashed: flashed.is_some(),
        typed: StoredValue::new(typed),
    }
}

/// An action and its submission, for forms rendered where no submission may start. Passed by
/// context, which distinguishes actions by their server function.
pub struct Act<S: 'static> {
    pub action: FormAction<S>,
    pub submission: Submission,
    /// The name of the form that was sent last, of those that share the action.
    last: Memo<Option<String>>,
}

impl<S> Clone for Act<S> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<S> Copy for Act<S> {}

impl<S> fmt::Debug for Act<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Act")
    }
}

impl<S> Act<S>
where
    S: ServerFn<Output = Done, Error = AppError> + Clone + Send + Sync + 'static,
    S::Client: Client<AppError>,
{
    #[must_use]
    #[expect(clippy::new_without_default, reason = "it asks for a page around it")]
    pub fn new() -> Self {
        Self::of_many(|_| "")
    }

    /// Creates the action of several forms, which `name` tells apart.
    #[must_use]
    pub fn of_many(name: fn(&S) -> &str) -> Self {
        let action = form_action();
        Self { action, submission: use_submission(action), last: last_sent(action, name) }
    }

    /// Returns the submission of the form of this name.
    #[must_use]
    pub fn only(&self, name: String) -> Submission {
        self.submission.only(self.last, name)
    }
}

/// Returns the name of the form that was sent last, of those that share an action. The action
/// itself forgets it when the response arrives.
pub fn last_sent<S>(action: FormAction<S>, name: fn(&S) -> &str) -> Memo<Option<String>>
where
    S: Send + Sync + 'static,
{
    let input = action.input();
    Memo::new(move |before: Option<&Option<String>>| {
        let sent = input.with(|it| it.as_ref().map(|it| name(it).to_owned()));
        sent.or_else(|| before.cloned().flatten())
    })
}

/// Shows notices and redirects. Not generic, so that the browser loads it once for all forms.
fn follow(value: Signal<Option<Result<Done, AppError>>>) {
    let notices = expect_context::<Notices>();
    let navigate = use_navigate();
    let path = use_location().pathname;
    let whole = use_address();
    Effect::new(move |_| match value.get() {
        None => {}
        Some(Ok(Done { notice, go: None })) => notices.show(&path.get_untracked(), notice),
        Some(Ok(Done { notice, go: Some(go) })) if go.starts_with('/') => {
            let on = go.split(['?', '#']).next().unwrap_or(&go);
            notices.show(on, notice);
            navigate(&go, NavigateOptions::default());
        }
        Some(Ok(Done { go: Some(go), .. })) => leave_for(&go),
        Some(Err(AppError::Access(AccessProblem::Unauthenticated))) => {
            leave_for(&sign_in_path(&whole()));
        }
        Some(Err(AppError::Access(AccessProblem::Reauthenticate))) => {
            navigate(&reauthentication_path(&whole()), NavigateOptions::default());
        }
        Some(Err(_)) => notices.show("", None),
    });
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_row_id_is_unchanged_or_empty(text in "[ -~]{0,140}|\\PC{0,70}") {
            let id = RowId::from(text.clone());
            prop_assert!(id.as_str().is_empty() || id.as_str() == text);
            prop_assert!(id.as_str().len() <= 128 && id.as_str().bytes().all(|b| (b' '..=b'~').contains(&b)));
            prop_assert_eq!(RowId::from(id.as_str().to_owned()), id);
        }

        #[test]
        fn a_uuid_row_id_is_unchanged(text in "[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{12}") {
            let id = RowId::from(text.clone());
            prop_assert_eq!(id.as_str(), text);
        }
    }
}
