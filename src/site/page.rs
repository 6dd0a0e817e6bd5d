//! Rendering pages: what each request provides, and the pages outside the app.

use std::future::poll_fn;
use std::panic::resume_unwind;
use std::task::Poll;

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use leptos::nonce::use_nonce;
use leptos::prelude::{Owner, RenderHtml as _, provide_context, use_context, with_context};
use leptos_axum::ResponseOptions;
use percent_encoding::{CONTROLS, utf8_percent_encode};
use tracing::Instrument as _;

use super::access::percent_encoded;
use super::{FEATURES, shell};
use crate::error::{AppError, RequestProblem, ServerProblem};
use crate::passkey::server::relying_party;
use crate::profile::server::APPEARANCE;
use crate::server::http::error_response::{self, BackLink};
use crate::server::http::{cookies, flash, headers};
use crate::server::{App, Context};
use crate::sign_in::server::{LastMethod, last_method};
use crate::sign_up;
use crate::ui::ErrorLink;
use crate::user::Appearance;
use crate::visit::{PageFailure, VisitFacts};

/// Renders a page with the facts that it needs. If it failed to load its data, the response gets the error's
/// status. Other requests pass.
pub async fn prepare(mut request: Request, next: Next) -> Response {
    let is_page = matches!(*request.method(), Method::GET | Method::HEAD);
    let path = request.uri().path();
    if !is_page || path.starts_with("/social/") || path.starts_with("/tickets/") {
        return next.run(request).await;
    }
    if let Some(address) = without_leptos_parameters(request.uri()) {
        return Redirect::to(&address).into_response();
    }
    let failure = PageFailure::default();
    if let Some(cx) = request.extensions().get::<Context>() {
        // A HEAD response shows nothing, so it must not use up the flash.
        let flash = if *request.method() == Method::GET { flash::take(cx) } else { None };
        let facts = VisitFacts { flash, ..facts(cx).await };
        request.extensions_mut().insert(facts);
        request.extensions_mut().insert(failure.clone());
    }
    let mut response = render(request, next).await;
    if let Some(error) = failure.get() {
        *response.status_mut() = error_response::status(error);
        error_response::set_retry_after(response.headers_mut(), error);
    }
    response
}

/// Renders a page to its end, even if the visitor has disconnected.
///
/// Leptos renders parts of a page in separate tasks, which use owners that the render as a whole keeps alive.
/// If these were dropped first, the tasks could panic, or one could clean up a value that it holds a lock on,
/// wait for itself forever and block its thread.
async fn render(request: Request, next: Next) -> Response {
    let whole = async move {
        let (head, body) = next.run(request).await.into_parts();
        match to_bytes(body, usize::MAX).await {
            Ok(body) => Response::from_parts(head, body.into()),
            Err(error) => {
                tracing::error!(%error, "a page was not rendered to its end");
                error_response::refuse(ServerProblem::Internal)
            }
        }
    };
    let mut whole = Box::pin(whole.in_current_span());
    // A page that waits for nothing renders here; in a task of its own, another thread would.
    if let Poll::Ready(page) = poll_fn(|cx| Poll::Ready(whole.as_mut().poll(cx))).await {
        return page;
    }
    tokio::spawn(whole).await.unwrap_or_else(|error| match error.try_into_panic() {
        Ok(panic) => resume_unwind(panic),
        Err(_) => error_response::refuse(ServerProblem::Unavailable),
    })
}

/// Returns the URL without the parameters that only Leptos reads, on the server and in the browser, if it has
/// any: an error there could be anyone's text. Names are compared decoded, as Leptos reads them.
fn without_leptos_parameters(uri: &Uri) -> Option<String> {
    let is_leptos = |pair: &&str| {
        url::form_urlencoded::parse(pair.as_bytes())
            .any(|(name, _)| matches!(&*name, "__path" | "__err"))
    };
    let query = uri.query()?;
    if !query.split('&').any(|it| is_leptos(&it)) {
        return None;
    }
    let kept: Vec<_> = query.split('&').filter(|it| !is_leptos(it)).collect();
    // The path is exactly a page's.
    let path = uri.path();
    let query = utf8_percent_encode(&kept.join("&"), CONTROLS).to_string();
    Some(if kept.is_empty() { path.to_owned() } else { format!("{path}?{query}") })
}

async fn facts(cx: &Context) -> VisitFacts {
    let LastMethod { position, provider } = last_method(cx);
    let mut providers = cx.app.providers.buttons();
    // The one used last comes first.
    providers.sort_by_key(|it| provider.as_ref() != Some(&it.name));
    VisitFacts {
        site_name: cx.app.config.site.name.clone(),
        last_provider: provider,
        last_method: position,
        providers,
        password_min_length: cx.app.config.password.min_length,
        sign_up_refusal: sign_up::server::refusal(cx).await,
        terms_url: cx.app.config.sign_up.terms_url.clone(),
        mails_sign_ins: cx.app.config.sign_in.by_mail,
        has_passkeys: relying_party::is_available(&cx.app.config),
        appearance: Appearance::from_word(&cx.get(&APPEARANCE).unwrap_or_default()),
        request_id: cx.request_id.clone(),
        flash: None,
    }
}

/// Provides the request's facts to the rendering of its page.
pub fn provide_request() {
    let found = with_context::<Parts, _>(|parts| {
        let it = &parts.extensions;
        (
            it.get::<VisitFacts>().cloned(),
            it.get::<PageFailure>().cloned(),
            it.get::<Context>().cloned(),
        )
    });
    let Some((Some(facts), Some(failure), Some(cx))) = found else { return };
    provide_context(facts);
    provide_context(failure);
    if let (Some(nonce), Some(options)) = (use_nonce(), use_context::<ResponseOptions>())
        && let Ok(policy) = HeaderValue::from_str(&headers::policy(&cx.app, Some(nonce.as_inner())))
    {
        options.insert_header(CONTENT_SECURITY_POLICY, policy);
    }
}

/// Responds to a path without a page. Redirects to the page if only trailing slashes differ.
pub async fn not_found(request: Request) -> Response {
    let path = request.uri().path();
    let trimmed = path.trim_end_matches('/');
    let is_page = FEATURES.page(trimmed).is_some();
    if is_page && trimmed != path && *request.method() == Method::GET {
        let query = request.uri().query().map(|it| format!("?{it}")).unwrap_or_default();
        return Redirect::permanent(&percent_encoded(&format!("{trimmed}{query}"))).into_response();
    }
    error_response::refuse(RequestProblem::NotFound)
}

/// Returns the appearance from the cookies, for responses made before the app reads cookies.
#[must_use]
pub fn appearance(app: &App, headers: &HeaderMap) -> Appearance {
    let name = APPEARANCE.full_name(app.config.site.is_https());
    let mut words =
        cookies::cookie_values(headers, &name).map(|it| (Appearance::from_word(&it), it));
    let known = words.find(|(it, word)| it.as_str() == word);
    known.map_or_else(Appearance::default, |it| it.0)
}

/// Renders a refusal as a page that needs only its style sheet.
#[must_use]
pub fn error(
    app: &App,
    error: AppError,
    request_id: &str,
    appearance: Appearance,
    back: Option<BackLink>,
) -> Response {
    let owner = Owner::new();
    let site = &app.config.site;
    // Absolute: a visitor who opened the site at another URL than its own would get no further there.
    let error_link = match back {
        Some(BackLink(path)) => ErrorLink::Form(site.url.origin().ascii_serialization() + &path),
        None => ErrorLink::Start(site.url.to_string()),
    };
    let document = || shell::error_document(&site.name, error, request_id, appearance, error_link);
    let html = owner.with(|| document().to_html());
    let mut response = Response::new(Body::from(format!("<!DOCTYPE html>{html}")));
    *response.status_mut() = error_response::status(error);
    let kind = HeaderValue::from_static("text/html; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, kind);
    error_response::set_retry_after(response.headers_mut(), error);
    response
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    use axum::Router;
    use axum::http::StatusCode;
    use axum::middleware::from_fn;
    use axum::routing::get;
    use tokio::sync::Notify;
    use tower::ServiceExt as _;
    use tower_http::catch_panic::CatchPanicLayer;

    use super::*;

    #[tokio::test]
    async fn v5_0_0__15_4_3__a_page_is_rendered_to_its_end_after_its_client_disconnects() {
        let (begun, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let ended = Arc::new(AtomicBool::new(false));
        let (inside, signals) = (Arc::clone(&ended), (Arc::clone(&begun), Arc::clone(&go_on)));
        let page = async move || {
            signals.0.notify_one();
            signals.1.notified().await;
            inside.store(true, Ordering::Relaxed);
        };
        let router = Router::new().route("/", get(page)).route_layer(from_fn(render));
        let visit = tokio::spawn(router.oneshot(Request::new(Body::empty())));
        begun.notified().await;
        visit.abort();
        assert!(visit.await.is_err_and(|it| it.is_cancelled()));
        go_on.notify_one();
        while !ended.load(Ordering::Relaxed) {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn a_page_that_panics_gets_a_500_response() {
        let page = async || -> Response { panic!("on purpose") };
        let router = Router::new()
            .route("/", get(page))
            .route_layer(from_fn(render))
            .layer(CatchPanicLayer::custom(error_response::panic_response));
        let answered = router.oneshot(Request::new(Body::empty())).await.unwrap();
        assert_eq!(answered.status(), StatusCode::INTERNAL_SERVER_ERROR);
    }
}
