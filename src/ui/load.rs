//! What a page shows while its data loads, after it has loaded, and if it can't load.

use leptos::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::text;
use crate::error::{AccessProblem, AppError};
use crate::paths::{load_document, reauthentication_path, sign_in_path, use_path_and_query};
use crate::ui::{RequestId, rescue_focus};
use crate::visit::{PageFailure, Visit};

/// Renders a resource: a skeleton first, then the content, or an error with a way to retry.
#[component]
pub fn Loaded<T, V>(
    data: Resource<Result<T, AppError>>,
    /// Renders the loaded data.
    view: fn(T) -> V,
) -> impl IntoView
where
    T: Clone + Send + Sync + Serialize + DeserializeOwned + 'static,
    V: IntoView + 'static,
{
    let address = use_path_and_query();
    Effect::new(move |seen: Option<()>| {
        data.track();
        if seen.is_some() {
            rescue_focus();
        }
    });
    view! {
        <Transition fallback=|| view! { <Skeleton/> }>
            {move || Suspend::new(async move {
                match data.await {
                    Ok(it) => view(it).into_any(),
                    Err(error) => {
                        let retry = Callback::new(move |()| data.refetch());
                        view! { <Failed error=error path=address() retry=retry/> }.into_any()
                    }
                }
            })}
        </Transition>
    }
}

#[component]
fn Skeleton() -> impl IntoView {
    view! {
        <div class="card skeleton" aria-busy="true">
            <span class="visually-hidden">{text::LOADING}</span>
            <span class="bar"></span>
            <span class="bar"></span>
            <span class="bar"></span>
        </div>
    }
}

/// Shows the error. Retries in place if hydrated; otherwise the link reloads the page.
#[component]
fn Failed(error: AppError, path: String, retry: Callback<()>) -> impl IntoView {
    if let Some(failure) = use_context::<PageFailure>() {
        failure.set(error);
    }
    let visit = expect_context::<Visit>();
    // After hydration the request is the page's own, and the page doesn't know its id.
    let request_id =
        (!visit.hydrated.get_untracked()).then(|| visit.with(|it| it.request_id.clone()));
    let redirect = match error {
        AppError::Access(AccessProblem::Unauthenticated) => Some(sign_in_path(&path)),
        AppError::Access(AccessProblem::Reauthenticate) => Some(reauthentication_path(&path)),
        _ => None,
    };
    if let Some(redirect) = redirect {
        Effect::new(move |_| load_document(&redirect));
    }
    view! {
        <div class="card" role="alert">
            <p>{error.to_string()}</p>
            {request_id.map(|it| view! { <RequestId id=it/> })}
            <a
                class="button"
                href=path
                on:click=move |ev| {
                    ev.prevent_default();
                    retry.run(());
                }
            >
                {text::RETRY}
            </a>
        </div>
    }
}
