//! Access control: one decision for endpoints, one for pages, and no other way in.

use axum::http::Uri;
use axum::response::{IntoResponse, Redirect, Response};
use leptos::server_fn::ServerFn;
use percent_encoding::{CONTROLS, utf8_percent_encode};

use crate::error::{AccessProblem, AppError, RequestProblem};
use crate::form::Flash;
use crate::paths::{VERIFY_PAGE, reauthentication_path, sign_in_path};
use crate::return_to::ReturnTo;
use crate::role::{Permission, may};
use crate::server::feature::{AccessRule, Audience};
use crate::server::http::{error_response, flash};
use crate::server::{App, Context};
use crate::session::server::SignedIn;
use crate::sign_in::SignInProblem;
use crate::sign_in::server::find_pending;

/// Refuses a user or visitor that `access` does not include.
fn check_access(access: AccessRule, app: &App, user: Option<&SignedIn>) -> Result<(), AppError> {
    let user = match (access, user) {
        (AccessRule::Anyone, _) => return Ok(()),
        (_, None) => return Err(AccessProblem::Unauthenticated.into()),
        (_, Some(user)) => user,
    };
    if access != AccessRule::MaybeUnverified && user.must_verify(app) {
        return Err(AccessProblem::UnverifiedEmail.into());
    }
    let is_admitted = match access {
        AccessRule::Anyone | AccessRule::SignedIn | AccessRule::MaybeUnverified => true,
        AccessRule::AnyPermission => Permission::ALL.into_iter().any(|it| may(&user.actor(), it)),
        AccessRule::Requires(permission) => may(&user.actor(), permission),
    };
    if is_admitted { Ok(()) } else { Err(AppError::Access(AccessProblem::Forbidden)) }
}

/// Returns the refusal or the redirect that this user or visitor gets instead of a page or a server function.
pub async fn refusal(cx: &Context, user: Option<&SignedIn>, uri: &Uri) -> Option<Response> {
    let path = uri.path();
    if !cx.app.features.is_on(&cx.app.config, path) {
        return Some(error_response::refuse(RequestProblem::NotFound));
    }
    if path.starts_with("/api/") {
        may_call(cx, user, path).err().map(error_response::refuse)
    } else if is_public_route(path) {
        None
    } else {
        refusal_of_page(cx, user, path, uri).await
    }
}

/// Redirects to the sign-in page unless this browser has a pending sign-in.
async fn refusal_without_attempt(cx: &Context) -> Option<Response> {
    match find_pending(cx).await {
        Ok(Some(_)) => None,
        Ok(None) => {
            let outcome = Err(SignInProblem::SecondFactorExpired.into());
            flash::set(cx, &Flash { endpoint: String::new(), outcome, typed: Vec::new() });
            Some(Redirect::to("/sign-in").into_response())
        }
        Err(error) => Some(error_response::refuse(error)),
    }
}

/// Returns the response in place of a page that this visitor must not see.
async fn refusal_of_page(
    cx: &Context,
    user: Option<&SignedIn>,
    path: &str,
    uri: &Uri,
) -> Option<Response> {
    let page = cx.app.features.page(path);
    let access = match page.map_or(Audience::Users(AccessRule::SignedIn), |it| it.audience) {
        Audience::SignedOut | Audience::SignInPending if user.is_some() => {
            return Some(Redirect::to(&next_page(uri)).into_response());
        }
        Audience::Anyone | Audience::SignedOut => return None,
        Audience::SignInPending => return refusal_without_attempt(cx).await,
        Audience::Users(access) => access,
    };
    match check_access(access, &cx.app, user) {
        Ok(()) => {
            let is_fresh = user.is_some_and(|it| it.require_fresh(&cx.app).is_ok());
            let needs_confirmation = page.is_some_and(|it| it.needs_confirmation);
            (needs_confirmation && !is_fresh)
                .then(|| Redirect::to(&reauthentication_path(&path_and_query(uri))).into_response())
        }
        Err(AppError::Access(AccessProblem::Unauthenticated)) => {
            Some(Redirect::to(&sign_in_path(&path_and_query(uri))).into_response())
        }
        Err(AppError::Access(AccessProblem::UnverifiedEmail)) => {
            Some(Redirect::to(VERIFY_PAGE).into_response())
        }
        Err(error) => {
            log_denial(cx, user, path, error);
            Some(error_response::refuse(error))
        }
    }
}

impl Context {
    /// Returns the context of the request that calls this server function, over HTTP or from a page being
    /// rendered. Refused if the endpoint does not let this user call it.
    pub async fn of<F: ServerFn>() -> Result<Self, AppError> {
        let cx = Self::current()?;
        let user = cx.find_user().await?;
        may_call(&cx, user.as_deref(), F::PATH)?;
        Ok(cx)
    }
}

/// Decides whether a user may call a server function; every call passes here.
fn may_call(cx: &Context, user: Option<&SignedIn>, path: &str) -> Result<(), AppError> {
    let is_impersonated = user.is_some_and(|it| it.impersonator.is_some());
    let admitted = match cx.app.features.endpoint(path) {
        None => Err(AppError::Access(AccessProblem::Forbidden)),
        Some(endpoint) => match check_access(endpoint.access, &cx.app, user) {
            Ok(()) if is_impersonated && !endpoint.during_impersonation => {
                Err(AppError::Access(AccessProblem::Impersonating))
            }
            admitted => admitted,
        },
    };
    if let Err(error @ AppError::Access(AccessProblem::Forbidden | AccessProblem::Impersonating)) =
        admitted
    {
        log_denial(cx, user, path, error);
    }
    admitted
}

/// Logs a denied access (ASVS 5.0, 16.3.2).
fn log_denial(cx: &Context, user: Option<&SignedIn>, path: &str, error: AppError) {
    let user_id = user.map_or("nobody", |it| it.user_id.as_str());
    tracing::warn!(user_id, path, %error, address = cx.client.ip_text, "access refused");
}

/// Returns the path and the query as a browser sends them.
fn path_and_query(uri: &Uri) -> String {
    percent_encoded(uri.path_and_query().map_or("/", |it| it.as_str()))
}

/// Percent-encodes the non-ASCII characters of a URL, as a browser does.
pub(super) fn percent_encoded(address: &str) -> String {
    utf8_percent_encode(address, CONTROLS).to_string()
}

/// Tells whether a path admits everyone: routes for providers' callbacks and for mailed links.
fn is_public_route(path: &str) -> bool {
    path.starts_with("/social/") || path.starts_with("/tickets/")
}

/// Returns where a visitors' page redirects a signed-in user.
fn next_page(uri: &Uri) -> String {
    let query = uri.query().unwrap_or_default();
    let next = url::form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "next");
    let next = next.map(|(_, value)| value).unwrap_or_default();
    ReturnTo::from_query(&next).path().to_owned()
}
