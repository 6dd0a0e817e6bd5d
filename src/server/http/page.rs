//! Pages: what a request brings to their rendering, and those that stand outside the app.

use axum::body::Body;
use axum::extract::Request;
use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method, StatusCode, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use leptos::nonce::use_nonce;
use leptos::prelude::{Owner, RenderHtml as _, provide_context, use_context, with_context};
use leptos_axum::{ResponseOptions, render_app_async_with_context};

use super::{answer, flash, headers, shell};
use crate::error::AppError;
use crate::server::context::Jar;
use crate::server::{App, Context};
use crate::user::Appearance;
use crate::visit::VisitFacts;

/// Reads what a page will want to know, and drops from its address what only Leptos would read:
/// an error there is anybody's text.
pub async fn prepare(mut request: Request, next: Next) -> Response {
    if *request.method() == Method::GET && !request.uri().path().starts_with("/social/") {
        bring_facts(&mut request);
    }
    next.run(request).await
}

fn bring_facts(request: &mut Request) {
    if let Some(uri) = without_errors(request.uri()) {
        *request.uri_mut() = uri;
    }
    if let Some(cx) = request.extensions().get::<Context>() {
        let facts = facts(cx);
        request.extensions_mut().insert(facts);
    }
}

/// The names are compared decoded, as Leptos will read them.
fn without_errors(uri: &Uri) -> Option<Uri> {
    let pairs = || url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
    let is_leptos = |name: &str| matches!(name, "__path" | "__err");
    if !pairs().any(|(name, _)| is_leptos(&name)) {
        return None;
    }
    let kept = pairs().filter(|(name, _)| !is_leptos(name));
    let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(kept).finish();
    format!("{}?{query}", uri.path()).parse().ok()
}

fn facts(cx: &Context) -> VisitFacts {
    let appearance = cx.read(Jar::Appearance).unwrap_or_default();
    let providers = cx.app.providers.buttons();
    VisitFacts {
        site_name: cx.app.config.site.name.clone(),
        last_provider: cx
            .read(Jar::LastProvider)
            .filter(|name| providers.iter().any(|it| it.name == *name)),
        providers,
        password_min_length: cx.app.config.password.min_length,
        appearance: Appearance::from_word(&appearance),
        request_id: cx.request_id.clone(),
        flash: flash::take(cx),
    }
}

/// Hands the request to the rendering of its page.
pub fn provide_request() {
    let found = with_context::<Parts, _>(|parts| {
        (parts.extensions.get::<VisitFacts>().cloned(), parts.extensions.get::<Context>().cloned())
    });
    let Some((facts, Some(cx))) = found else { return };
    if let Some(facts) = facts {
        provide_context(facts);
    }
    if let (Some(nonce), Some(options)) = (use_nonce(), use_context::<ResponseOptions>())
        && let Ok(policy) = HeaderValue::from_str(&headers::policy(&cx.app, Some(nonce.as_inner())))
    {
        options.insert_header(CONTENT_SECURITY_POLICY, policy);
    }
}

/// The app's own page for an address without one.
pub async fn not_found(mut request: Request) -> Response {
    let is_page = *request.method() == Method::GET && answer::accepts_html(request.headers());
    if !is_page || request.uri().path().starts_with("/api/") {
        return answer::refuse(AppError::NotFound);
    }
    bring_facts(&mut request);
    let render = render_app_async_with_context(provide_request, shell::shell);
    let mut response = render(request).await.into_response();
    if response.status().is_success() {
        *response.status_mut() = StatusCode::NOT_FOUND;
    }
    response
}

/// A refusal as a page that needs nothing but its style.
#[must_use]
pub fn error(app: &App, error: AppError, request_id: &str) -> Response {
    let owner = Owner::new();
    let name = app.config.site.name.clone();
    let request_id = request_id.to_owned();
    let html = owner.with(|| shell::error_document(&name, error, &request_id).to_html());
    let mut response = Response::new(Body::from(format!("<!DOCTYPE html>{html}")));
    *response.status_mut() = answer::status(error);
    let kind = HeaderValue::from_static("text/html; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, kind);
    answer::set_retry_after(response.headers_mut(), error);
    response
}
