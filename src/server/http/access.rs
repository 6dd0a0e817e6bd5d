//! Who may ask for what: one table of server functions, one rule for pages, and no other door.

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use leptos::server_fn::ServerFn;
use percent_encoding::{CONTROLS, utf8_percent_encode};

use super::answer;
use crate::address::{UNVERIFIED_PAGES, VERIFY_PAGE, sign_in_path};
use crate::app::{ADMIN_PAGES, OPEN_PAGES, PUBLIC_PAGES};
use crate::error::AppError;
use crate::mailed_sign_in;
use crate::return_to::ReturnTo;
use crate::role::{Permission, may};
use crate::server::{App, Context};
use crate::session::server::SignedIn;

/// Who may call a server function or see a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    Anyone,
    /// Signed in, with a proven address where the site asks for one.
    SignedIn,
    /// Signed in, whatever the address.
    Unverified,
    /// The same as signed in, with any permission.
    Administers,
    /// The same as signed in, with this permission.
    May(Permission),
}

impl Who {
    /// Refused to whoever it is not for.
    fn admit(self, app: &App, user: Option<&SignedIn>) -> Result<(), AppError> {
        let user = match (self, user) {
            (Self::Anyone, _) => return Ok(()),
            (_, None) => return Err(AppError::Unauthenticated),
            (_, Some(user)) => user,
        };
        if self != Self::Unverified && user.must_verify(app) {
            return Err(AppError::UnverifiedAddress);
        }
        let is_admitted = match self {
            Self::Anyone | Self::SignedIn | Self::Unverified => true,
            Self::Administers => Permission::ALL.into_iter().any(|it| may(&user.actor(), it)),
            Self::May(permission) => may(&user.actor(), permission),
        };
        if is_admitted { Ok(()) } else { Err(AppError::Forbidden) }
    }
}

/// Every server function. One that stands here in no row is refused to all.
pub const PERMISSIONS: &[(&str, Who)] = &[
    ("/api/activity", Who::SignedIn),
    ("/api/admin/audit", Who::May(Permission::AuditRead)),
    ("/api/admin/audit/export", Who::May(Permission::AuditRead)),
    ("/api/admin/invitations", Who::May(Permission::UsersInvite)),
    ("/api/admin/invitations/invite", Who::May(Permission::UsersInvite)),
    ("/api/admin/invitations/withdraw", Who::May(Permission::UsersInvite)),
    ("/api/admin/limits", Who::May(Permission::LimitsLift)),
    ("/api/admin/limits/lift", Who::May(Permission::LimitsLift)),
    ("/api/admin/mail", Who::May(Permission::MailRead)),
    ("/api/admin/overview", Who::Administers),
    ("/api/admin/providers", Who::May(Permission::ProvidersRead)),
    ("/api/admin/role", Who::May(Permission::RolesManage)),
    ("/api/admin/role/remove", Who::May(Permission::RolesManage)),
    ("/api/admin/role/save", Who::May(Permission::RolesManage)),
    ("/api/admin/roles", Who::May(Permission::RolesManage)),
    ("/api/admin/user", Who::May(Permission::UsersRead)),
    ("/api/admin/user/delete", Who::May(Permission::UsersDelete)),
    ("/api/admin/user/disable", Who::May(Permission::UsersDisable)),
    ("/api/admin/user/enable", Who::May(Permission::UsersDisable)),
    ("/api/admin/user/end-session", Who::May(Permission::UsersDisable)),
    ("/api/admin/user/end-sessions", Who::May(Permission::UsersDisable)),
    ("/api/admin/user/give-role", Who::May(Permission::RolesAssign)),
    ("/api/admin/user/impersonate", Who::May(Permission::UsersImpersonate)),
    ("/api/admin/user/password-link", Who::May(Permission::UsersRecover)),
    ("/api/admin/user/restore", Who::May(Permission::UsersDelete)),
    ("/api/admin/user/take-role", Who::May(Permission::RolesAssign)),
    ("/api/admin/user/unlink", Who::May(Permission::UsersRecover)),
    ("/api/admin/user/unlock", Who::May(Permission::UsersRecover)),
    ("/api/admin/users", Who::May(Permission::UsersRead)),
    ("/api/deletion/ask", Who::Unverified),
    ("/api/export", Who::Unverified),
    ("/api/impersonation/end", Who::SignedIn),
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
    ("/api/set-up", Who::Anyone),
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

/// What an administrator may call during an impersonation: what shows, what harms no user, and what ends
/// it. Nothing that touches a way in is among it, with a mailed link either.
pub const IMPERSONATED: &[&str] = &[
    "/api/activity",
    "/api/impersonation/end",
    "/api/linked-accounts",
    "/api/overview",
    "/api/profile/appearance",
    "/api/sessions",
    // As another user, which ends it.
    "/api/sign-in/code",
    "/api/sign-in/link",
    "/api/sign-in/mail",
    "/api/sign-in/mail/again",
    "/api/sign-in/password",
    "/api/sign-in/social",
    "/api/sign-out",
    "/api/ticket",
    "/api/viewer",
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
    let user = user.as_deref();
    if mailed_sign_in::PATHS.contains(&path) && !cx.app.config.sign_in.by_mail {
        return answer::refuse(AppError::NotFound);
    }
    let refusal = if path.starts_with("/api/") {
        may_call(&cx, user, path).err().map(answer::refuse)
    } else if leads_on(path) || OPEN_PAGES.contains(&path) {
        None
    } else if PUBLIC_PAGES.contains(&path) {
        user.map(|_| Redirect::to(&next_page(&request)).into_response())
    } else {
        match page_for(path).admit(&cx.app, user) {
            Ok(()) => None,
            Err(AppError::Unauthenticated) => {
                Some(Redirect::to(&sign_in_path(&whole(&request))).into_response())
            }
            Err(AppError::UnverifiedAddress) => Some(Redirect::to(VERIFY_PAGE).into_response()),
            Err(error) => {
                deny(&cx, user, path, error);
                Some(answer::refuse(error))
            }
        }
    };
    match refusal {
        Some(refusal) => refusal,
        None => next.run(request).await,
    }
}

/// For whom a page is that is not for strangers.
fn page_for(path: &str) -> Who {
    match ADMIN_PAGES.iter().find(|(page, _)| *page == path) {
        Some((_, None)) => Who::Administers,
        Some((_, Some(permission))) => Who::May(*permission),
        None if UNVERIFIED_PAGES.contains(&path) => Who::Unverified,
        None => Who::SignedIn,
    }
}

impl Context {
    /// The context of the request that calls this server function, over HTTP or from a page that is
    /// being rendered. Refused if the table does not let this user call it.
    pub async fn of<F: ServerFn>() -> Result<Self, AppError> {
        let cx = Self::current()?;
        let user = cx.find_user().await?;
        may_call(&cx, user.as_deref(), F::PATH)?;
        Ok(cx)
    }
}

/// The one decision on who may call a server function.
fn may_call(cx: &Context, user: Option<&SignedIn>, path: &str) -> Result<(), AppError> {
    let is_impersonated = user.is_some_and(|it| it.impersonator.is_some());
    let admitted = match PERMISSIONS.iter().find(|(endpoint, _)| *endpoint == path) {
        None => Err(AppError::Forbidden),
        Some((_, who)) => match who.admit(&cx.app, user) {
            Ok(()) if is_impersonated && !IMPERSONATED.contains(&path) => {
                Err(AppError::Impersonating)
            }
            admitted => admitted,
        },
    };
    if let Err(error @ (AppError::Forbidden | AppError::Impersonating)) = admitted {
        deny(cx, user, path, error);
    }
    admitted
}

/// ASVS 5.0, 16.3.2.
fn deny(cx: &Context, user: Option<&SignedIn>, path: &str, error: AppError) {
    let user_id = user.map_or("nobody", |it| it.user_id.as_str());
    tracing::warn!(user_id, path, %error, address = cx.client.address, "access refused");
}

/// The path and the query, as a browser would have sent them.
fn whole(request: &Request) -> String {
    as_sent(request.uri().path_and_query().map_or("/", |it| it.as_str()))
}

/// An address whose letters beyond ASCII are escaped, as a browser escapes them.
pub(super) fn as_sent(address: &str) -> String {
    utf8_percent_encode(address, CONTROLS).to_string()
}

/// Whether a route takes whoever comes, from a provider or from a mail.
fn leads_on(path: &str) -> bool {
    path.starts_with("/social/") || path.starts_with("/tickets/")
}

/// Where a page for strangers leads who is signed in.
fn next_page(request: &Request) -> String {
    let query = request.uri().query().unwrap_or_default();
    let next = url::form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "next");
    let next = next.map(|(_, value)| value).unwrap_or_default();
    ReturnTo::from_query(&next).address().to_owned()
}
