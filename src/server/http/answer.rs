//! How a request ends: with an id, in the log, and, where it was refused, as a page for people and
//! as JSON for programs.

use std::any::Any;
use std::sync::Arc;
use std::time::Instant;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{ACCEPT, CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tracing::Instrument as _;

use super::{headers, page};
use crate::error::AppError;
use crate::server::App;

/// Names one request in the log and on error pages.
#[derive(Clone, Debug)]
pub struct RequestId(pub String);

/// In a refusal: the path of the form that may be taken a moment later.
#[derive(Clone, Debug)]
pub struct BackTo(pub String);

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// A response that says no more than why; [`dress`] makes it readable.
#[must_use]
pub fn refuse(error: AppError) -> Response {
    let mut response = status(error).into_response();
    response.extensions_mut().insert(error);
    response
}

/// What a panic becomes; its message stays in the log.
#[must_use]
#[expect(clippy::needless_pass_by_value, reason = "as the layer hands it over")]
pub fn panicked(cause: Box<dyn Any + Send>) -> Response {
    let text = cause
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| cause.downcast_ref::<&str>().copied());
    tracing::error!(cause = text.unwrap_or("unknown"), "panicked");
    refuse(AppError::Internal)
}

#[must_use]
pub fn status(error: AppError) -> StatusCode {
    StatusCode::from_u16(error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// Whether a page is wanted rather than data.
#[must_use]
pub fn accepts_html(headers: &HeaderMap) -> bool {
    let mut kinds = headers.get_all(ACCEPT).iter();
    kinds.any(|it| String::from_utf8_lossy(it.as_bytes()).contains("text/html"))
}

/// The outermost layer: names the request, logs it, and sees that every answer is complete.
pub async fn dress(State(app): State<Arc<App>>, mut request: Request, next: Next) -> Response {
    let id = request_id();
    let began = Instant::now();
    let page = accepts_html(request.headers()).then(|| page::appearance(&app, request.headers()));
    let method = request.method().clone();
    // The path alone: queries carry states and codes. And no ticket.
    let path = request.uri().path();
    let path = if path.starts_with("/tickets/") { "/tickets/…" } else { path }.to_owned();
    request.extensions_mut().insert(RequestId(id.clone()));
    let span = tracing::info_span!("request", id = id.as_str());

    let mut response = next.run(request).instrument(span.clone()).await;

    if let Some(error) = undressed(&response) {
        let old = std::mem::take(response.headers_mut());
        let back = response.extensions_mut().remove::<BackTo>();
        response = match page {
            Some(appearance) => page::error(&app, error, &id, appearance, back),
            None => json(error),
        };
        for (name, value) in
            old.iter().filter(|(name, _)| *name == "set-cookie" || *name == "allow")
        {
            response.headers_mut().append(name, value.clone());
        }
    }
    headers::complete(&app, response.headers_mut());
    if let Ok(id) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    let micros = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
    let status = response.status().as_u16();
    span.in_scope(|| {
        if status >= 400 {
            tracing::info!(%method, path, status, micros, "refused");
        } else {
            tracing::debug!(%method, path, status, micros, "answered");
        }
    });
    response
}

/// The refusal behind a response that nobody has made readable yet.
fn undressed(response: &Response) -> Option<AppError> {
    if let Some(error) = response.extensions().get::<AppError>() {
        return Some(*error);
    }
    let content_type = response.headers().get(CONTENT_TYPE).map(HeaderValue::as_bytes);
    let is_readable = content_type
        .is_some_and(|it| it.starts_with(b"text/html") || it.starts_with(b"application/json"));
    match response.status() {
        status if is_readable || !(status.is_client_error() || status.is_server_error()) => None,
        StatusCode::UNAUTHORIZED => Some(AppError::Unauthenticated),
        StatusCode::FORBIDDEN => Some(AppError::Forbidden),
        StatusCode::NOT_FOUND => Some(AppError::NotFound),
        StatusCode::METHOD_NOT_ALLOWED => Some(AppError::MethodNotAllowed),
        StatusCode::REQUEST_TIMEOUT => Some(AppError::Timeout),
        StatusCode::PAYLOAD_TOO_LARGE => Some(AppError::TooLarge),
        StatusCode::UNSUPPORTED_MEDIA_TYPE => Some(AppError::UnsupportedMediaType),
        status if status.is_client_error() => Some(AppError::BadRequest),
        StatusCode::SERVICE_UNAVAILABLE => Some(AppError::Unavailable),
        _ => Some(AppError::Internal),
    }
}

/// The error as a program reads it.
#[must_use]
pub fn json(error: AppError) -> Response {
    let body = serde_json::to_vec(&error).unwrap_or_default();
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status(error);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    set_retry_after(response.headers_mut(), error);
    response
}

/// Says when to come back, where that is known (RFC 9110, section 10.2.3).
pub fn set_retry_after(headers: &mut HeaderMap, error: AppError) {
    let seconds = match error {
        AppError::Busy { retry_after } | AppError::TooManyAttempts { retry_after } => retry_after,
        AppError::Unavailable => 5,
        _ => return,
    };
    headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
}

fn request_id() -> String {
    let mut bytes = [0; 8];
    // An id that repeats hurts nobody.
    let _ = getrandom::fill(&mut bytes);
    format!("{:016x}", u64::from_le_bytes(bytes))
}
