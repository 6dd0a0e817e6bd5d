//! Pages: what a request brings to their rendering, and those that stand outside the app.

use axum::body::Body;
use axum::extract::Request;
use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, COOKIE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use leptos::nonce::use_nonce;
use leptos::prelude::{Owner, RenderHtml as _, provide_context, use_context, with_context};
use leptos_axum::ResponseOptions;
use tower_cookies::Cookie;

use super::answer::BackTo;
use super::{answer, flash, headers, shell};
use crate::app::{ADMIN_PAGES, OPEN_PAGES, PUBLIC_PAGES, UNVERIFIED_PAGES};
use crate::error::AppError;
use crate::server::config::SignUpMode;
use crate::server::context::Jar;
use crate::server::{App, Context};
use crate::ui::WayOn;
use crate::user::Appearance;
use crate::visit::{Failure, VisitFacts};

/// Reads what a page will want to know, and gives its answer the status of what it could not show.
pub async fn prepare(mut request: Request, next: Next) -> Response {
    let is_page = matches!(*request.method(), Method::GET | Method::HEAD);
    let path = request.uri().path();
    if !is_page || path.starts_with("/social/") || path.starts_with("/tickets/") {
        return next.run(request).await;
    }
    if let Some(address) = without_errors(request.uri()) {
        return Redirect::to(&address).into_response();
    }
    let failure = Failure::default();
    if let Some(cx) = request.extensions().get::<Context>() {
        // A head shows nobody what the flash has to say.
        let flash = if *request.method() == Method::GET { flash::take(cx) } else { None };
        let facts = VisitFacts { flash, ..facts(cx) };
        request.extensions_mut().insert(facts);
        request.extensions_mut().insert(failure.clone());
    }
    let mut response = next.run(request).await;
    if let Some(error) = failure.get() {
        *response.status_mut() = answer::status(error);
        answer::set_retry_after(response.headers_mut(), error);
    }
    response
}

/// The address without what only Leptos would read, on the server and in the browser: an error
/// there is anybody's text. The names are compared decoded, as Leptos reads them.
fn without_errors(uri: &Uri) -> Option<String> {
    let is_leptos = |pair: &&str| {
        url::form_urlencoded::parse(pair.as_bytes())
            .any(|(name, _)| matches!(&*name, "__path" | "__err"))
    };
    let query = uri.query()?;
    if !query.split('&').any(|it| is_leptos(&it)) {
        return None;
    }
    let kept: Vec<_> = query.split('&').filter(|it| !is_leptos(it)).collect();
    // The path is one of a page's, to the letter.
    let path = uri.path();
    Some(if kept.is_empty() { path.to_owned() } else { format!("{path}?{}", kept.join("&")) })
}

fn facts(cx: &Context) -> VisitFacts {
    let providers = cx.app.providers.buttons();
    VisitFacts {
        site_name: cx.app.config.site.name.clone(),
        last_provider: cx
            .read(Jar::LastProvider)
            .filter(|name| providers.iter().any(|it| it.name == *name)),
        providers,
        password_min_length: cx.app.config.password.min_length,
        takes_sign_ups: cx.app.config.sign_up.mode != SignUpMode::Closed,
        mails_sign_ins: cx.app.config.sign_in.by_mail,
        appearance: Appearance::from_word(&cx.read(Jar::Appearance).unwrap_or_default()),
        request_id: cx.request_id.clone(),
        flash: None,
    }
}

/// Hands the request to the rendering of its page.
pub fn provide_request() {
    let found = with_context::<Parts, _>(|parts| {
        let it = &parts.extensions;
        (
            it.get::<VisitFacts>().cloned(),
            it.get::<Failure>().cloned(),
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

/// An address without a page. One that is a page's but for slashes at its end leads there.
pub async fn not_found(request: Request) -> Response {
    let path = request.uri().path();
    let trimmed = path.trim_end_matches('/');
    let is_plain = |b: u8| b.is_ascii_lowercase() || b == b'-' || b == b'/';
    let is_page = PUBLIC_PAGES.contains(&trimmed)
        || OPEN_PAGES.contains(&trimmed)
        || UNVERIFIED_PAGES.contains(&trimmed)
        || ADMIN_PAGES.iter().any(|(page, _)| *page == trimmed)
        || trimmed == "/dashboard"
        || trimmed.starts_with("/dashboard/") && trimmed.bytes().all(is_plain);
    if is_page && trimmed != path && *request.method() == Method::GET {
        return Redirect::permanent(trimmed).into_response();
    }
    answer::refuse(AppError::NotFound)
}

/// How a browser wants pages coloured, where the app's own reading of cookies was not reached.
#[must_use]
pub fn appearance(app: &App, headers: &HeaderMap) -> Appearance {
    let name = Jar::Appearance.cookie_name(app.config.site.is_https());
    let cookies = headers.get_all(COOKIE).iter().filter_map(|it| it.to_str().ok());
    let word = cookies
        .flat_map(Cookie::split_parse)
        .filter_map(Result::ok)
        .find(|it| it.name() == name)
        .map(|it| it.value().to_owned());
    Appearance::from_word(&word.unwrap_or_default())
}

/// A refusal as a page that needs nothing but its style.
#[must_use]
pub fn error(
    app: &App,
    error: AppError,
    request_id: &str,
    appearance: Appearance,
    back: Option<BackTo>,
) -> Response {
    let owner = Owner::new();
    let site = &app.config.site;
    // Whoever opened the site at another address than its own would not get further there.
    let way_on = match back {
        Some(BackTo(path)) => WayOn::Form(site.url.origin().ascii_serialization() + &path),
        None => WayOn::Start(site.url.to_string()),
    };
    let document = || shell::error_document(&site.name, error, request_id, appearance, way_on);
    let html = owner.with(|| document().to_html());
    let mut response = Response::new(Body::from(format!("<!DOCTYPE html>{html}")));
    *response.status_mut() = answer::status(error);
    let kind = HeaderValue::from_static("text/html; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, kind);
    answer::set_retry_after(response.headers_mut(), error);
    response
}
