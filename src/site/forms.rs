//! Server functions called by browsers without scripts.
//!
//! Leptos would redirect a refused native form to whatever the Referer names, with the error in the URL. Here
//! the function always runs as for a program, and its response is translated: an error that the visitor can
//! correct becomes a flash and redirects to the form; an outcome redirects to the next page. No text travels
//! in a URL, and no foreign Referer is followed.

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::header::{ACCEPT, CONTENT_DISPOSITION, CONTENT_TYPE, LOCATION, REFERER};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use url::Url;

use crate::error::{AccessProblem, AppError, RequestProblem, ServerProblem};
use crate::form::{Done, Flash};
use crate::paths::{VERIFY_PAGE, reauthentication_path, sign_in_path};
use crate::server::Context;
use crate::server::http::{cookie_check, error_response, flash};
use crate::ticket::TicketProblem;

/// Gives every server function's response its status, and translates it for native forms.
pub async fn translate_native_form(request: Request, next: Next) -> Response {
    if !request.uri().path().starts_with("/api/") || *request.method() != Method::POST {
        return next.run(request).await;
    }
    let Some(cx) = request.extensions().get::<Context>().cloned() else {
        return error_response::refuse(ServerProblem::Internal);
    };
    let endpoint = request.uri().path().to_owned();
    let is_native = error_response::accepts_html(request.headers());
    let page = page_of(&cx, request.headers(), &endpoint);
    let (mut parts, body) = request.into_parts();
    // The body limit's own layer is outside this one; a larger body ends in an error.
    let Ok(body) = to_bytes(body, usize::MAX).await else {
        return error_response::refuse(RequestProblem::TooLarge);
    };
    let Some(fields) = parse(&body) else {
        return error_response::refuse(RequestProblem::BadRequest);
    };
    // Checked before the response sets any cookies. A hydrated page checks by itself.
    let cookies_unknown = is_native
        && !cx.has_cookies()
        && fields.iter().any(|(name, _)| name == cookie_check::FIELD);
    if is_native {
        parts.headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    }
    let response = next.run(Request::from_parts(parts, Body::from(body))).await;
    match read(response).await {
        FunctionResponse::Other(response) => response,
        FunctionResponse::Refused(error) if !is_native => error_response::json(error),
        FunctionResponse::Refused(error) => {
            let page = if cookies_unknown { cookie_check::marked(&cx, &page) } else { page };
            refuse(&cx, &page, endpoint, error, &fields)
        }
        FunctionResponse::Done(_, response) if !is_native => response,
        FunctionResponse::Done(done, _) => {
            let done = if cookies_unknown { with_cookie_check(&cx, &page, done) } else { done };
            redirect_with_notice(&cx, &page, &done)
        }
    }
}

/// An outcome in JSON, recognised by its tag: by its fields alone, any object would match.
#[derive(Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Tagged {
    Done(Done),
}

enum FunctionResponse {
    Refused(AppError),
    Done(Done, Response),
    /// Any other response: a guard's redirect, or data for the hydrated page.
    Other(Response),
}

async fn read(response: Response) -> FunctionResponse {
    if let Some(error) = response.extensions().get::<AppError>() {
        return FunctionResponse::Refused(*error);
    }
    if response.headers().contains_key(CONTENT_DISPOSITION) {
        return FunctionResponse::Other(response);
    }
    let is_json = response
        .headers()
        .get(CONTENT_TYPE)
        .is_some_and(|it| it.as_bytes().starts_with(b"application/json"));
    if !is_json && response.status() != StatusCode::INTERNAL_SERVER_ERROR {
        return FunctionResponse::Other(response);
    }
    let (parts, body) = response.into_parts();
    let Ok(bytes) = to_bytes(body, usize::MAX).await else {
        return FunctionResponse::Refused(AppError::Server(ServerProblem::Internal));
    };
    if parts.status.is_success() {
        let done = serde_json::from_slice(&bytes);
        let response = Response::from_parts(parts, Body::from(bytes));
        return match done {
            Ok(Tagged::Done(done)) => FunctionResponse::Done(done, response),
            Err(_) => FunctionResponse::Other(response),
        };
    }
    FunctionResponse::Refused(
        serde_json::from_slice(&bytes).unwrap_or(AppError::Server(ServerProblem::Internal)),
    )
}

/// Makes an outcome redirect through a URL that checks whether the browser keeps cookies.
fn with_cookie_check(cx: &Context, page: &str, done: Done) -> Done {
    let to = done.go.unwrap_or_else(|| page.to_owned());
    let is_ours = to.starts_with('/');
    let to = if is_ours { cookie_check::marked(cx, &to) } else { to };
    Done { go: Some(to), notice: done.notice }
}

/// Redirects to the form with what was typed, or responds with an error page.
fn refuse(
    cx: &Context,
    page: &str,
    endpoint: String,
    error: AppError,
    fields: &[(String, String)],
) -> Response {
    match error {
        AppError::Access(AccessProblem::Unauthenticated) => {
            return Redirect::to(&sign_in_path(page)).into_response();
        }
        AppError::Access(AccessProblem::Reauthenticate) => {
            return Redirect::to(&reauthentication_path(page)).into_response();
        }
        AppError::Access(AccessProblem::UnverifiedEmail) => {
            return Redirect::to(VERIFY_PAGE).into_response();
        }
        _ => {}
    }
    if !error.is_correctable() && !error.is_transient() {
        return error_response::refuse(error);
    }
    let refilled = cx.app.features.endpoint(&endpoint).map_or(&[][..], |it| it.refilled);
    let typed = fields
        .iter()
        .filter(|(name, _)| refilled.contains(&name.as_str()))
        .map(|(name, value)| (name.clone(), cut(value)))
        .collect();
    if error.is_transient() {
        // The response keeps the error's status; a visitor who goes back finds the form filled in.
        flash::set(cx, &Flash { endpoint, outcome: Ok(None), typed });
        let mut response = error_response::refuse(error);
        response.extensions_mut().insert(error_response::BackLink(page.to_owned()));
        return response;
    }
    // The page already holds the other link's form, so the page itself shows this error.
    let endpoint = if error == AppError::Ticket(TicketProblem::OtherTicket) {
        String::new()
    } else {
        endpoint
    };
    flash::set(cx, &Flash { endpoint, outcome: Err(error), typed });
    Redirect::to(page).into_response()
}

/// Leaves the notice for the next document and redirects to it.
fn redirect_with_notice(cx: &Context, page: &str, done: &Done) -> Response {
    if done.notice.is_some() {
        let flash = Flash { endpoint: String::new(), outcome: Ok(done.notice), typed: Vec::new() };
        flash::set(cx, &flash);
    }
    let to = done.go.as_deref().unwrap_or(page);
    let mut response = StatusCode::SEE_OTHER.into_response();
    match HeaderValue::from_str(to) {
        Ok(to) => {
            response.headers_mut().insert(LOCATION, to);
            response
        }
        Err(_) => error_response::refuse(ServerProblem::Internal),
    }
}

/// Returns the form's page: the Referer's path if it is on this site, else the endpoint's own page.
fn page_of(cx: &Context, headers: &HeaderMap, endpoint: &str) -> String {
    let referer = headers
        .get(REFERER)
        .and_then(|it| it.to_str().ok())
        .and_then(|it| Url::parse(it).ok())
        .filter(|it| it.origin() == cx.app.config.site.url.origin());
    let own = || cx.app.features.endpoint(endpoint).map_or("/dashboard", |it| it.page).to_owned();
    match referer {
        // A path that begins with two slashes would be a URL of another site.
        Some(url) if !url.path().starts_with("//") => match url.query() {
            Some(query) => format!("{}?{query}", url.path()),
            None => url.path().to_owned(),
        },
        _ => own(),
    }
}

/// Parses the fields if they are UTF-8 (WHATWG URL, section 5.1, would replace anything else by `�`).
fn parse(body: &[u8]) -> Option<Vec<(String, String)>> {
    let pairs = || body.split(|b| *b == b'&').flat_map(|pair| pair.splitn(2, |b| *b == b'='));
    let is_utf8 = pairs().all(|part| percent_encoding::percent_decode(part).decode_utf8().is_ok());
    is_utf8.then(|| url::form_urlencoded::parse(body).into_owned().collect())
}

/// Cuts a field to what a flash holds. Control characters would grow sixfold, and no field shows them.
fn cut(value: &str) -> String {
    let mut kept = String::new();
    for c in value.chars().filter(|it| !it.is_control()) {
        if kept.len() + c.len_utf8() > flash::MAX_FIELD {
            break;
        }
        kept.push(c);
    }
    kept
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_form_must_be_utf8() {
        assert!(parse(b"email=%ff%fe").is_none());
        assert!(parse(b"email=\xff").is_none());
        assert_eq!(parse(b"a=%C3%A9+x").unwrap(), [("a".to_owned(), "é x".to_owned())]);
    }

    proptest! {
        #[test]
        fn parsing_never_panics(body in any::<Vec<u8>>()) {
            let _ = parse(&body);
        }

        #[test]
        fn a_cut_field_is_a_prefix_that_fits(text in "\\PC{0,400}") {
            let short = cut(&text);
            prop_assert!(short.len() <= flash::MAX_FIELD && text.starts_with(&short));
            prop_assert!(text.len() > flash::MAX_FIELD || short == text);
        }
    }
}
