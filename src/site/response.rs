//! How a request ends: with an id, a log line and, for a refusal, a page for browsers or JSON for programs.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::{Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use tracing::Instrument as _;

use super::page;
use crate::error::{AccessProblem, AppError, RequestProblem, ServerProblem};
use crate::server::App;
use crate::server::http::error_response::{BackLink, RequestId, accepts_html, json};
use crate::server::http::headers;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Gives a request an id, logs it and completes its response. This is the outermost layer.
pub async fn finish(State(app): State<Arc<App>>, mut request: Request, next: Next) -> Response {
    let id = request_id();
    let began = Instant::now();
    let page = accepts_html(request.headers()).then(|| page::appearance(&app, request.headers()));
    let method = request.method().clone();
    // Only the path, since queries carry states and codes. Tickets are left out too.
    let path = request.uri().path();
    let path = if path.starts_with("/tickets/") { "/tickets/…" } else { path }.to_owned();
    request.extensions_mut().insert(RequestId(id.clone()));
    let span = tracing::info_span!("request", id = id.as_str());

    let mut response = next.run(request).instrument(span.clone()).await;

    if let Some(error) = unrendered_refusal(&response) {
        let old = std::mem::take(response.headers_mut());
        let back = response.extensions_mut().remove::<BackLink>();
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
            tracing::debug!(%method, path, status, micros, "served");
        }
    });
    response
}

/// Returns the refusal in a response that nothing has rendered yet.
fn unrendered_refusal(response: &Response) -> Option<AppError> {
    if let Some(error) = response.extensions().get::<AppError>() {
        return Some(*error);
    }
    let content_type = response.headers().get(CONTENT_TYPE).map(HeaderValue::as_bytes);
    let is_readable = content_type
        .is_some_and(|it| it.starts_with(b"text/html") || it.starts_with(b"application/json"));
    match response.status() {
        status if is_readable || !(status.is_client_error() || status.is_server_error()) => None,
        StatusCode::UNAUTHORIZED => Some(AccessProblem::Unauthenticated.into()),
        StatusCode::FORBIDDEN => Some(AccessProblem::Forbidden.into()),
        StatusCode::NOT_FOUND => Some(RequestProblem::NotFound.into()),
        StatusCode::METHOD_NOT_ALLOWED => Some(RequestProblem::MethodNotAllowed.into()),
        StatusCode::REQUEST_TIMEOUT => Some(RequestProblem::Timeout.into()),
        StatusCode::PAYLOAD_TOO_LARGE => Some(RequestProblem::TooLarge.into()),
        StatusCode::UNSUPPORTED_MEDIA_TYPE => Some(RequestProblem::UnsupportedMediaType.into()),
        status if status.is_client_error() => Some(RequestProblem::BadRequest.into()),
        StatusCode::SERVICE_UNAVAILABLE => Some(ServerProblem::Unavailable.into()),
        _ => Some(ServerProblem::Internal.into()),
    }
}

fn request_id() -> String {
    let mut bytes = [0; 8];
    // A repeated id does no harm.
    let _ = getrandom::fill(&mut bytes);
    format!("{:016x}", u64::from_le_bytes(bytes))
}
