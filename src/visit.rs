//! Facts about a document's request, sent by the server once and the same on both sides.

use std::sync::{Arc, OnceLock};

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use crate::error::AppError;
use crate::outcome::Flash;
use crate::sign_up::SignUpProblem;
use crate::social::ProviderButton;
use crate::user::Appearance;

/// The facts of a document, serialised into it for the browser.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct VisitFacts {
    pub site_name: String,
    /// Empty if no provider is configured.
    pub providers: Vec<ProviderButton>,
    /// The provider that this browser signed in with last, unless it has signed in with something else since.
    pub last_provider: Option<String>,
    /// The position of what this browser signed in with last: providers, password, passkey, mail. 0 if that is unknown.
    pub last_method: u16,
    /// In Unicode scalar values.
    pub password_min_length: u16,
    /// Why this browser can't sign up; `None` if it can.
    pub sign_up_refusal: Option<AppError>,
    /// The terms to which new users must agree.
    pub terms_url: Option<String>,
    /// Whether users can sign in by mail.
    pub mails_sign_ins: bool,
    /// Whether browsers offer passkeys at the site's URL.
    pub has_passkeys: bool,
    pub appearance: Appearance,
    pub request_id: String,
    pub flash: Option<Flash>,
}

impl VisitFacts {
    /// Returns whether visitors can sign up, at least with an invitation.
    #[must_use]
    pub fn takes_sign_ups(&self) -> bool {
        self.sign_up_refusal != Some(AppError::SignUp(SignUpProblem::Closed))
    }
}

/// The error that kept a page from showing its content, for the response's status. Absent in the
/// browser.
#[derive(Clone, Debug, Default)]
pub struct PageFailure(Arc<OnceLock<AppError>>);

impl PageFailure {
    /// Stores the error, unless there is one already.
    pub fn set(&self, error: AppError) {
        let _ = self.0.set(error);
    }

    #[must_use]
    pub fn get(&self) -> Option<AppError> {
        self.0.get().copied()
    }
}

/// Becomes true once the whole document is hydrated; stays false on the server.
#[derive(Clone, Debug)]
pub struct Hydrated(pub ArcRwSignal<bool>);

impl Default for Hydrated {
    fn default() -> Self {
        Self(ArcRwSignal::new(false))
    }
}

/// The facts, for pages.
#[derive(Clone, Copy, Debug)]
pub struct Visit {
    facts: StoredValue<VisitFacts>,
    /// See [`Hydrated`].
    pub hydrated: RwSignal<bool>,
}

impl Visit {
    /// Reads the facts from the request's context, or from the document that is being hydrated.
    #[must_use]
    pub fn begin() -> Self {
        let facts = SharedValue::new(|| use_context::<VisitFacts>().unwrap_or_default());
        let Hydrated(hydrated) = use_context().unwrap_or_default();
        Self { facts: StoredValue::new(facts.into_inner()), hydrated: hydrated.into() }
    }

    pub fn with<T>(&self, read: impl FnOnce(&VisitFacts) -> T) -> T {
        self.facts.with_value(read)
    }

    /// Takes the flash of this server function, once: a page that is mounted again starts clean.
    #[must_use]
    pub fn take_flash(&self, endpoint: &str) -> Option<Flash> {
        let is_ours =
            |facts: &VisitFacts| facts.flash.as_ref().is_some_and(|it| it.endpoint == endpoint);
        if !self.facts.with_value(is_ours) {
            return None;
        }
        self.facts.try_update_value(|facts| facts.flash.take()).flatten()
    }

    pub fn set_appearance(&self, appearance: Appearance) {
        self.facts.update_value(|facts| facts.appearance = appearance);
    }
}
