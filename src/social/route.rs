//! The address that providers send visitors back to.

use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query};
use axum::response::{IntoResponse, Redirect, Response};
use axum::{Extension, Router, routing::get};

use super::SocialProblem;
use super::server::{Arrival, Callback, Purpose, arrive, complete, pending};
use crate::address::{reauthentication_path, sign_in_path};
use crate::error::AppError;
use crate::form::{Flash, Notice};
use crate::server::http::{answer, cookie_check, flash};
use crate::server::{Context, Error};
use crate::sign_in;

/// The callback route.
pub fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new().route("/social/{provider}/callback", get(callback))
}

/// Brings the visitor in, or back to where they began with one sentence.
async fn callback(
    Extension(cx): Extension<Context>,
    Path(provider): Path<String>,
    query: Result<Query<Callback>, QueryRejection>,
) -> Response {
    let query = query.map(|Query(it)| it).unwrap_or_default();
    // Before the response sets any.
    let has_cookies = cx.has_cookies();
    let (purpose, identity) = complete(&cx, &provider, &query).await;
    if purpose.is_none() {
        match pending::reloaded(&cx, &query.state).await {
            Ok(Some(page)) => return Redirect::to(&page).into_response(),
            Ok(None) if cx.app.providers.find(&provider).is_none() => {
                return answer::refuse(AppError::NotFound);
            }
            Ok(None) => {}
            Err(error) => return answer::refuse(error.into()),
        }
    }
    let arrived = match (&purpose, identity) {
        (Some(purpose), Ok(identity)) => finish(&cx, &identity, purpose).await,
        (None, Ok(_)) => Err(AppError::Social(SocialProblem::Expired).into()),
        (_, Err(error)) => Err(error),
    };
    let (page, outcome) = match arrived {
        Ok((page, notice)) => {
            pending::note_used(&cx, &query.state, &page);
            (page, Ok(notice))
        }
        Err(error) => {
            let refusal = AppError::from(error);
            if !refusal.is_correctable() && refusal != AppError::Unauthenticated {
                return answer::refuse(refusal);
            }
            (page_of(purpose.as_ref(), refusal), Err(refusal))
        }
    };
    if outcome != Ok(None) {
        let flash = Flash { endpoint: String::new(), outcome, typed: Vec::new() };
        flash::keep(&cx, &flash);
    }
    let page = if has_cookies { page } else { cookie_check::marked(&cx, &page) };
    Redirect::to(&page).into_response()
}

/// The page that shows what went wrong: the one where it began.
fn page_of(purpose: Option<&Purpose>, refusal: AppError) -> String {
    const LINKED_ACCOUNTS: &str = "/dashboard/linked-accounts";
    match (purpose, refusal) {
        (Some(Purpose::Link { .. }), _) => LINKED_ACCOUNTS.to_owned(),
        (Some(Purpose::Reauthenticate { next, .. }), _) => reauthentication_path(next),
        // Who signs in as that account comes to where the provider is linked.
        (_, AppError::Social(SocialProblem::EmailTaken)) => sign_in_path(LINKED_ACCOUNTS),
        (Some(Purpose::SignIn { next }), _) => sign_in_path(next),
        (None, _) => "/sign-in".to_owned(),
    }
}

async fn finish(
    cx: &Context,
    identity: &super::server::Identity,
    purpose: &Purpose,
) -> Result<(String, Option<Notice>), Error> {
    let arrival = arrive(cx, identity, purpose).await?;
    cx.remember_provider(&identity.provider);
    match (arrival, purpose) {
        (Arrival::SignIn(proven), Purpose::SignIn { next }) => {
            let notice = sign_in::server::sign_in(cx, &proven, false).await?;
            Ok((next.clone(), notice))
        }
        (Arrival::Reauthenticated, Purpose::Reauthenticate { next, .. }) => {
            Ok((next.clone(), Some(Notice::Reauthenticated)))
        }
        (Arrival::SignIn(_) | Arrival::Linked | Arrival::Reauthenticated, _) => {
            Ok(("/dashboard/linked-accounts".to_owned(), Some(Notice::Linked)))
        }
    }
}
