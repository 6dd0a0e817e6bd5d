//! Well-known URLs (RFC 8615). Any other is not found.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::json;

use crate::error::RequestProblem;
use crate::passkey::server::relying_party;
use crate::server::App;
use crate::server::http::error_response;

/// Returns the routes.
pub fn routes(app: &Arc<App>) -> Router {
    Router::new()
        .route("/.well-known/change-password", get(change_password))
        .route("/.well-known/passkey-endpoints", get(passkey_endpoints))
        .route("/.well-known/webauthn", get(related_origins))
        .with_state(Arc::clone(app))
}

/// Redirects password managers to the page that changes the password (W3C, A Well-Known URL for Changing
/// Passwords).
async fn change_password() -> Redirect {
    Redirect::to("/dashboard/security")
}

/// Names the pages that add and list passkeys (W3C, A Well-Known URL for Relying Party Passkey Endpoints).
async fn passkey_endpoints(State(app): State<Arc<App>>) -> Response {
    if !relying_party::is_available(&app.config) {
        return error_response::refuse(RequestProblem::NotFound);
    }
    let site = app.config.site.origin();
    let enroll = format!("{site}/dashboard/add-passkey");
    let manage = format!("{site}/dashboard/security");
    Json(json!({ "enroll": enroll, "manage": manage })).into_response()
}

/// Lists the other origins whose pages may use the site's passkeys (WebAuthn, section 5.11.1).
async fn related_origins(State(app): State<Arc<App>>) -> Response {
    let related = &app.config.passkey.related_origins;
    if related.is_empty() || !relying_party::is_available(&app.config) {
        return error_response::refuse(RequestProblem::NotFound);
    }
    let related = related.iter().map(|it| it.origin().ascii_serialization());
    let origins: Vec<_> = std::iter::once(app.config.site.origin()).chain(related).collect();
    Json(json!({ "origins": origins })).into_response()
}
