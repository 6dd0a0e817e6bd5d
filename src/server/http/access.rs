//! Who may ask for what: one table of server functions, one rule for pages, and no other door.

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};

use super::answer;
use crate::app::{OPEN_PAGES, PUBLIC_PAGES, UNVERIFIED_PAGES, VERIFY_PAGE};
use crate::error::AppError;
use crate::form::sign_in_path;
use crate::mailed_sign_in;
use crate::server::Context;
use crate::sign_in::Next as NextPage;

/// Who may call a server function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    Anyone,
    /// Signed in, with a proven address where the site asks for one.
    SignedIn,
    /// Signed in, whatever the address.
    Unverified,
}

/// Every server function. One that stands here in no row is refused to all.
pub const PERMISSIONS: &[(&str, Who)] = &[
    ("/api/activity", Who::SignedIn),
    ("/api/deletion/ask", Who::Unverified),
    ("/api/export", Who::Unverified),
    ("/api/linked-accounts", Who::SignedIn),
    ("/api/linked-accounts/link", Who::SignedIn),
    ("/api/linked-accounts/unlink", Who::SignedIn),
    ("/api/overview", Who::SignedIn),
    ("/api/password/change", Who::SignedIn),
    ("/api/profile/appearance", Who::SignedIn),
    ("/api/profile/display-name", Who::SignedIn),
    ("/api/reauthentication", Who::Unverified),
    ("/api/reauthentication/password", Who::Unverified),
    ("/api/reauthentication/provider", Who::Unverified),
    ("/api/recovery/ask", Who::Anyone),
    // By ticket.
    ("/api/recovery/finish", Who::Anyone),
    ("/api/recovery/not-me", Who::Anyone),
    ("/api/sessions", Who::SignedIn),
    ("/api/sessions/end", Who::SignedIn),
    ("/api/sessions/end-others", Who::SignedIn),
    ("/api/sign-in/code", Who::Anyone),
    // By ticket.
    ("/api/sign-in/link", Who::Anyone),
    ("/api/sign-in/mail", Who::Anyone),
    ("/api/sign-in/mail/again", Who::Anyone),
    ("/api/sign-in/password", Who::Anyone),
    ("/api/sign-in/social", Who::Anyone),
    // Signing out twice is no mistake.
    ("/api/sign-out", Who::Anyone),
    ("/api/sign-up", Who::Anyone),
    ("/api/ticket", Who::Anyone),
    ("/api/verification/change", Who::Unverified),
    // By ticket.
    ("/api/verification/confirm", Who::Anyone),
    ("/api/verification/finish-change", Who::Unverified),
    ("/api/verification/resend", Who::Unverified),
    ("/api/viewer", Who::Unverified),
];

/// Lets a request through to its page or server function, or says where to go instead.
pub async fn guard(request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let Some(cx) = request.extensions().get::<Context>().cloned() else {
        return answer::refuse(AppError::Internal);
    };
    let user = match cx.find_user().await {
        Ok(user) => user,
        Err(error) => return answer::refuse(error.into()),
    };
    let is_signed_in = user.is_some();
    if mailed_sign_in::PATHS.contains(&path) && !cx.app.config.sign_in.by_mail {
        return answer::refuse(AppError::NotFound);
    }
    let is_held = user.is_some_and(|it| it.must_verify(&cx.app));
    let refusal = if path.starts_with("/api/") {
        match PERMISSIONS.iter().find(|(endpoint, _)| *endpoint == path) {
            Some((_, Who::Anyone)) => None,
            Some(_) if !is_signed_in => Some(answer::refuse(AppError::Unauthenticated)),
            Some((_, Who::SignedIn)) => {
                is_held.then(|| answer::refuse(AppError::UnverifiedAddress))
            }
            Some((_, Who::Unverified)) => None,
            None => Some(answer::refuse(AppError::Forbidden)),
        }
    } else if leads_on(path) || OPEN_PAGES.contains(&path) {
        None
    } else if PUBLIC_PAGES.contains(&path) {
        is_signed_in.then(|| Redirect::to(&next_page(&request)).into_response())
    } else if !is_signed_in {
        Some(Redirect::to(&sign_in_path(path)).into_response())
    } else {
        let is_free = UNVERIFIED_PAGES.contains(&path);
        (is_held && !is_free).then(|| Redirect::to(VERIFY_PAGE).into_response())
    };
    match refusal {
        Some(refusal) => refusal,
        None => next.run(request).await,
    }
}

/// Whether a route takes whoever comes, from a provider or from a mail.
fn leads_on(path: &str) -> bool {
    path.starts_with("/social/") || path.starts_with("/tickets/")
}

/// Where a page for strangers leads who is signed in.
fn next_page(request: &Request) -> String {
    let query = request.uri().query().unwrap_or_default();
    let next = url::form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "next");
    NextPage::from_query(&next.map(|(_, value)| value).unwrap_or_default()).into_string()
}
