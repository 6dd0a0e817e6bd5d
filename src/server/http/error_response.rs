//! Refusals, before they are rendered.

use std::any::Any;

use axum::body::Body;
use axum::http::header::{ACCEPT, CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};

use crate::error::{AppError, ServerProblem};

/// Identifies a request in the log and on error pages.
#[derive(Clone, Debug)]
pub struct RequestId(pub String);

/// In a refusal: the path of the form that the visitor can return to.
#[derive(Clone, Debug)]
pub struct BackLink(pub String);

/// Creates a response that carries only the error; `site::response` renders it.
#[must_use]
pub fn refuse(error: impl Into<AppError>) -> Response {
    let error = error.into();
    let mut response = status(error).into_response();
    response.extensions_mut().insert(error);
    response
}

/// Turns a panic into a refusal. The panic's message stays in the log.
#[must_use]
#[expect(clippy::needless_pass_by_value, reason = "as the layer hands it over")]
pub fn panic_response(cause: Box<dyn Any + Send>) -> Response {
    let text = cause
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| cause.downcast_ref::<&str>().copied());
    tracing::error!(cause = text.unwrap_or("unknown"), "a request panicked");
    refuse(ServerProblem::Internal)
}

#[must_use]
pub fn status(error: AppError) -> StatusCode {
    StatusCode::from_u16(error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// Returns whether the client wants a page rather than data.
#[must_use]
pub fn accepts_html(headers: &HeaderMap) -> bool {
    let mut kinds = headers.get_all(ACCEPT).iter();
    kinds.any(|it| String::from_utf8_lossy(it.as_bytes()).contains("text/html"))
}

/// Returns the error as JSON, for programs.
#[must_use]
pub fn json(error: AppError) -> Response {
    let body = serde_json::to_vec(&error).unwrap_or_default();
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status(error);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    set_retry_after(response.headers_mut(), error);
    response
}

/// Sets `Retry-After` if the time is known (RFC 9110, section 10.2.3).
pub fn set_retry_after(headers: &mut HeaderMap, error: AppError) {
    let seconds = match error {
        AppError::Busy { retry_after } | AppError::TooManyAttempts { retry_after } => retry_after,
        AppError::Server(ServerProblem::Unavailable) => 5,
        _ => return,
    };
    headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
}
