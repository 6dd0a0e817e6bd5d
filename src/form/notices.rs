//! The message beside a page's forms.

use leptos::prelude::*;

use super::Notice;
use crate::error::AppError;

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
    pub fn retain_for(&self, path: &str) {
        if self.current.with_untracked(|it| it.as_ref().is_some_and(|(on, _)| on != path)) {
            self.current.set(None);
        }
    }

    pub fn show(&self, path: &str, notice: Option<Notice>) {
        self.current.set(notice.map(|it| (path.to_owned(), Ok(it))));
    }
}
