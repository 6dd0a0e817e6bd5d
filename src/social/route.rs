//! The callback URL of providers.

use axum::extract::rejection::{FormRejection, QueryRejection};
use axum::extract::{DefaultBodyLimit, Form, Path, Query};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Extension, Router};
use url::form_urlencoded;

use super::SocialProblem;
use super::server::{
    Callback, POSTED_LIMIT, PostedCallback, complete_attempt, pending, validate_callback,
};
use crate::error::{AccessProblem, AppError, RequestProblem};
use crate::form::Flash;
use crate::server::Context;
use crate::server::http::{cookie_check, error_response, flash};
use crate::sign_in::server::Intent;

/// Returns the callback route.
pub fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    let posted = post(posted).layer(DefaultBodyLimit::max(POSTED_LIMIT));
    Router::new().route("/social/{provider}/callback", get(callback).merge(posted))
}

/// Keeps what a provider's page posted, and sends the browser to the ordinary callback, which has its cookies.
async fn posted(
    Extension(cx): Extension<Context>,
    Path(provider): Path<String>,
    form: Result<Form<PostedCallback>, FormRejection>,
) -> Response {
    let form = form.map(|Form(it)| it).unwrap_or_default();
    match form.keep(&cx, &provider).await {
        Ok(key) => {
            let query = form_urlencoded::Serializer::new(String::new())
                .append_pair("state", form.state())
                .append_pair("posted", key.as_deref().unwrap_or_default())
                .finish();
            Redirect::to(&format!("/social/{provider}/callback?{query}")).into_response()
        }
        Err(error) => error_response::refuse(error),
    }
}

/// Completes the visitor's attempt, or sends them back to its page with a message.
async fn callback(
    Extension(cx): Extension<Context>,
    Path(provider): Path<String>,
    query: Result<Query<Callback>, QueryRejection>,
) -> Response {
    let query = query.map(|Query(it)| it).unwrap_or_default();
    // Read before the response sets cookies.
    let has_cookies = cx.has_cookies();
    let (attempt, identity) = validate_callback(&cx, &provider, &query).await;
    if attempt.is_none() {
        match pending::page_of_reload(&cx, &query.state).await {
            Ok(Some(page)) => return Redirect::to(&page).into_response(),
            Ok(None) if cx.app.providers.find(&provider).is_none() => {
                return error_response::refuse(RequestProblem::NotFound);
            }
            Ok(None) => {}
            Err(error) => return error_response::refuse(error),
        }
    }
    let start = attempt.as_ref().map_or_else(|| "/sign-in".to_owned(), |it| it.intent.page());
    let arrived = match (attempt, identity) {
        (Some(attempt), Ok(identity)) => complete_attempt(&cx, attempt, identity).await,
        (None, Ok(_)) => Err(AppError::Social(SocialProblem::Expired).into()),
        (_, Err(error)) => Err(error),
    };
    let (page, outcome) = match arrived {
        Ok(done) => {
            let page = done.go.unwrap_or_default();
            pending::remember_callback(&cx, &query.state, &page);
            (page, Ok(done.notice))
        }
        Err(error) => match AppError::from(error) {
            // The owner of that account can sign in to it and link the provider there.
            refusal @ AppError::Social(SocialProblem::EmailTaken) => {
                (Intent::page_to_link(), Err(refusal))
            }
            refusal
                if refusal.is_correctable()
                    || refusal == AppError::Access(AccessProblem::Unauthenticated) =>
            {
                (start, Err(refusal))
            }
            refusal => return error_response::refuse(refusal),
        },
    };
    if outcome != Ok(None) {
        let flash = Flash { endpoint: String::new(), outcome, typed: Vec::new() };
        flash::set(&cx, &flash);
    }
    let page = if has_cookies { page } else { cookie_check::marked(&cx, &page) };
    Redirect::to(&page).into_response()
}
