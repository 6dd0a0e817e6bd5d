//! The state of a form.

use std::fmt;
use std::marker::PhantomData;

use leptos::prelude::*;
use leptos::server_fn::client::Client;
use leptos::server_fn::codec::{Json, PostUrl};
use leptos::server_fn::{Http, ServerFn};
use leptos_router::NavigateOptions;
use leptos_router::hooks::{use_location, use_navigate};

use super::{Done, Fields, Flash, Notices};
use crate::error::{AccessProblem, AppError};
use crate::paths::{
    SECOND_FACTOR_PAGE, load_document, reauthentication_path, sign_in_path, use_path_and_query,
};
use crate::sign_in::SignInProblem;
use crate::visit::Visit;

/// A server function that a form can be posted to.
pub trait FormFunction:
    ServerFn<
        Protocol = Http<PostUrl, Json>,
        Output = Done,
        Error = AppError,
        Client: Client<AppError>,
    > + 'static
{
}

impl<S> FormFunction for S where
    S: ServerFn<
            Protocol = Http<PostUrl, Json>,
            Output = Done,
            Error = AppError,
            Client: Client<AppError>,
        > + 'static
{
}

/// The state of a form, the same to a page whether its outcome came by the hydrated form or by a flash. Not
/// generic, so that the browser loads its code once for all forms.
#[derive(Clone, Copy)]
pub struct Submission {
    /// The path of the form's server function.
    pub path: &'static str,
    /// The refusal, if any.
    pub error: Signal<Option<AppError>>,
    /// Whether a response is pending.
    pub pending: Signal<bool>,
    /// How many responses have arrived.
    pub responses: Signal<usize>,
    /// How many of them were successful; for data to reload after a success.
    pub done: Memo<usize>,
    /// Whether the refusal came with the document, and so should be focused at once.
    pub flashed: bool,
    /// Whether the typed text belongs to another form that shares this state.
    is_others: bool,
    typed: StoredValue<Vec<(String, String)>>,
    action: Action<Fields, Result<Done, AppError>>,
}

impl fmt::Debug for Submission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Submission").field("path", &self.path).finish_non_exhaustive()
    }
}

impl Submission {
    /// Creates the state of a form of this server function: gives its refusals to the form and its notices to
    /// the page, and redirects.
    #[must_use]
    pub fn of<S: FormFunction>() -> Self {
        Self::at::<S::Client>(S::PATH)
    }

    fn at<C: Client<AppError> + 'static>(path: &'static str) -> Self {
        let visit = expect_context::<Visit>();
        let (flashed, typed) = match visit.take_flash(path) {
            Some(Flash { outcome, typed, .. }) => (outcome.err(), typed),
            None => (None, Vec::new()),
        };
        let action = Action::new(move |it: &Fields| it.clone().send::<C>(path));
        let value = action.value();
        handle_outcome(Signal::derive(move || value.get()));
        let version = action.version();
        Self {
            path,
            error: Signal::derive(move || match value.get() {
                Some(outcome) => outcome.err(),
                None => flashed,
            }),
            pending: Signal::derive(move || action.pending().get()),
            responses: Signal::derive(move || version.get()),
            done: Memo::new(move |before: Option<&usize>| {
                let is_done = value.with(|it| matches!(it, Some(Ok(_))));
                before.copied().unwrap_or(0) + usize::from(is_done)
            }),
            flashed: flashed.is_some(),
            is_others: false,
            typed: StoredValue::new(typed),
            action,
        }
    }

    /// Sends the form.
    pub fn send(&self, fields: Fields) {
        self.action.dispatch(fields);
    }

    /// Shows a refusal without sending anything.
    pub fn refuse(&self, error: AppError) {
        self.action.value().set(Some(Err(error)));
    }

    /// Returns the text that was typed into this field.
    #[must_use]
    pub fn typed(&self, field: &str) -> Option<String> {
        if self.is_others {
            return None;
        }
        self.typed.with_value(|it| Some(it.iter().find(|(name, _)| name == field)?.1.clone()))
    }

    /// Returns this field's value in the form that was sent last.
    #[must_use]
    pub fn last(&self, field: &'static str) -> Memo<Option<String>> {
        let input = self.action.input();
        let last = Memo::new(move |before: Option<&Option<String>>| {
            let sent = input.with(|it| it.as_ref().map(|it| it.text(field)));
            sent.or_else(|| before.cloned().flatten())
        });
        // The action forgets its input when the response arrives, so the memo must read it before.
        Effect::new(move |_| last.with(|_| ()));
        last
    }

    /// Returns the names of the forms that share this state, which `field` contains.
    #[must_use]
    pub fn forms_by(&self, field: &'static str) -> FormNames {
        FormNames { field, last: self.last(field) }
    }

    /// Narrows the outcome to one of several forms that share this state: it shows only if the form
    /// of this name was sent last.
    #[must_use]
    pub fn for_form(self, forms: FormNames, name: String) -> Self {
        let Self { error, pending, .. } = self;
        // With scripts off, no form of this document was sent; the flash says which one was.
        let is_flashed = self.typed(forms.field).is_none_or(|it| it == name);
        let is_meant = Signal::derive(move || {
            forms.last.with(|it| it.as_ref().map_or(is_flashed, |it| *it == name))
        });
        Self {
            error: Signal::derive(move || error.get().filter(|_| is_meant.get())),
            pending: Signal::derive(move || pending.get() && is_meant.get()),
            flashed: self.flashed && is_flashed,
            is_others: !is_flashed,
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

/// The names of several forms that share a submission.
#[derive(Clone, Copy, Debug)]
pub struct FormNames {
    /// The field that contains a form's name. Its endpoint must send it back.
    field: &'static str,
    /// The name of the form that was sent last.
    last: Memo<Option<String>>,
}

/// A submission in a context, which distinguishes submissions by their server function.
struct Provided<S> {
    submission: Submission,
    /// If several forms share the submission.
    forms: Option<FormNames>,
    function: PhantomData<fn(S)>,
}

impl<S> Clone for Provided<S> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<S> Copy for Provided<S> {}

/// Creates the state of a form that renders later, where no state may be created, such as after data has
/// loaded. There, [`submission_of`] returns it.
pub fn provide_submission<S: FormFunction>() -> Submission {
    let submission = Submission::of::<S>();
    provide_context(Provided::<S> { submission, forms: None, function: PhantomData });
    submission
}

/// Creates the state that several forms share, which `field` distinguishes. Where they render,
/// [`submission_named`] returns it.
pub fn provide_submissions<S: FormFunction>(field: &'static str) -> Submission {
    let submission = Submission::of::<S>();
    let forms = Some(submission.forms_by(field));
    provide_context(Provided::<S> { submission, forms, function: PhantomData });
    submission
}

/// Returns the state that a component around provided.
#[must_use]
pub fn submission_of<S: 'static>() -> Submission {
    expect_context::<Provided<S>>().submission
}

/// Returns the state that a component around provided, narrowed to the form of this name.
#[must_use]
pub fn submission_named<S: 'static>(name: String) -> Submission {
    let Provided { submission, forms, .. } = expect_context::<Provided<S>>();
    forms.map_or(submission, |forms| submission.for_form(forms, name))
}

/// Shows notices and redirects. Not generic, so that the browser loads it once for all forms.
fn handle_outcome(value: Signal<Option<Result<Done, AppError>>>) {
    let notices = expect_context::<Notices>();
    let navigate = use_navigate();
    let path = use_location().pathname;
    let whole = use_path_and_query();
    Effect::new(move |_| match value.get() {
        None => {}
        Some(Ok(Done { notice, go: None })) => notices.show(&path.get_untracked(), notice),
        Some(Ok(Done { notice, go: Some(go) })) if go.starts_with('/') => {
            let on = go.split(['?', '#']).next().unwrap_or(&go);
            notices.show(on, notice);
            navigate(&go, NavigateOptions::default());
        }
        Some(Ok(Done { go: Some(go), .. })) => load_document(&go),
        Some(Err(AppError::Access(AccessProblem::Unauthenticated))) => {
            load_document(&sign_in_path(&whole()));
        }
        // Without a pending sign-in, that page redirects to the sign-in page, which shows the message.
        Some(Err(AppError::SignIn(SignInProblem::SecondFactorExpired))) => {
            load_document(SECOND_FACTOR_PAGE);
        }
        Some(Err(AppError::Access(AccessProblem::Reauthenticate))) => {
            navigate(&reauthentication_path(&whole()), NavigateOptions::default());
        }
        Some(Err(_)) => notices.show("", None),
    });
}
