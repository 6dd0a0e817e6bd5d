//! Who may ask for what: one table of server functions, one rule for pages, and no other door.

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};

use super::answer;
use crate::app::PUBLIC_PAGES;
use crate::error::AppError;
use crate::form::sign_in_path;
use crate::server::Context;
use crate::sign_in::Next as NextPage;

/// Who may call a server function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    Anyone,
    SignedIn,
}

/// Every server function. One that stands here in no row is refused to all.
pub const PERMISSIONS: &[(&str, Who)] = &[
    ("/api/linked-accounts", Who::SignedIn),
    ("/api/linked-accounts/link", Who::SignedIn),
    ("/api/linked-accounts/unlink", Who::SignedIn),
    ("/api/overview", Who::SignedIn),
    ("/api/password/change", Who::SignedIn),
    ("/api/profile/appearance", Who::SignedIn),
    ("/api/profile/display-name", Who::SignedIn),
    ("/api/sessions", Who::SignedIn),
    ("/api/sessions/end", Who::SignedIn),
    ("/api/sessions/end-others", Who::SignedIn),
    ("/api/sign-in/password", Who::Anyone),
    ("/api/sign-in/social", Who::Anyone),
    // Signing out twice is no mistake.
    ("/api/sign-out", Who::Anyone),
    ("/api/sign-up", Who::Anyone),
    ("/api/viewer", Who::SignedIn),
];

/// Lets a request through to its page or server function, or says where to go instead.
pub async fn guard(request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let Some(cx) = request.extensions().get::<Context>().cloned() else {
        return answer::refuse(AppError::Internal);
    };
    let is_signed_in = match cx.find_user().await {
        Ok(user) => user.is_some(),
        Err(error) => return answer::refuse(error.into()),
    };
    let refusal = if path.starts_with("/api/") {
        match PERMISSIONS.iter().find(|(endpoint, _)| *endpoint == path) {
            Some((_, Who::Anyone)) => None,
            Some((_, Who::SignedIn)) if is_signed_in => None,
            Some((_, Who::SignedIn)) => Some(answer::refuse(AppError::Unauthenticated)),
            None => Some(answer::refuse(AppError::Forbidden)),
        }
    } else if path.starts_with("/social/") {
        None
    } else if PUBLIC_PAGES.contains(&path) {
        is_signed_in.then(|| Redirect::to(&next_page(&request)).into_response())
    } else {
        (!is_signed_in).then(|| Redirect::to(&sign_in_path(path)).into_response())
    };
    match refusal {
        Some(refusal) => refusal,
        None => next.run(request).await,
    }
}

/// Where a page for strangers leads who is signed in.
fn next_page(request: &Request) -> String {
    let query = request.uri().query().unwrap_or_default();
    let next = url::form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "next");
    NextPage::from_query(&next.map(|(_, value)| value).unwrap_or_default()).into_string()
}
