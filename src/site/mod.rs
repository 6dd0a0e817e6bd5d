//! The site: all features, and the web layers around them.

pub mod access;
mod features;
mod forms;
mod page;
mod response;
pub mod serve;
mod shell;
mod well_known;

use std::convert::Infallible;
use std::sync::{Arc, LazyLock};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{Route, get};
use leptos::config::LeptosOptions;
use leptos_axum::{AxumRouteListing, LeptosRoutes, generate_route_list};
use tower::util::MapRequestLayer;
use tower::{Layer, Service};
use tower_cookies::Cookies;
use tower_cookies::cookie::SameSite;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::limit::RequestBodyLimitLayer;
use tower_http::timeout::TimeoutLayer;
use tower_sessions::SessionManagerLayer;

use crate::error::{RequestProblem, ServerProblem};
use crate::server::context::session_cookie_name;
use crate::server::http::{
    client, cookie_check, cookies, error_response, headers, health, origin, session_cookie,
};
use crate::server::{App, Context, assets};
pub use features::{FEATURES, start, start_with_clock};

use crate::app::App as Pages;

/// Builds the whole site. Of several layers, the first sees a request first.
pub fn router(app: &Arc<App>) -> Router {
    let sessions = SessionManagerLayer::new(app.sessions.clone())
        .with_name(session_cookie_name(app.config.site.is_https()))
        .with_secure(app.config.site.is_https())
        .with_http_only(true)
        .with_same_site(SameSite::Lax)
        .with_path("/");
    let limits = &app.config.http;
    let cookies = from_fn_with_state(Arc::clone(app), cookies::select);
    let context = from_fn_with_state(Arc::clone(app), attach_context);
    let site = around(pages(), (cookies, sessions, context));
    let site = Router::new()
        .route("/health/live", get(health::live))
        .route("/health/ready", get(health::ready).with_state(Arc::clone(app)))
        .merge(well_known::routes(app))
        .fallback_service(site);
    let finish = from_fn_with_state(Arc::clone(app), response::finish);
    let catch_panic = CatchPanicLayer::custom(error_response::panic_response);
    let timeout =
        TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, limits.request_timeout);
    let limit = RequestBodyLimitLayer::new(limits.body_limit);
    // The limit gives the body another type; this boxes it again.
    let limited = MapRequestLayer::new(|it: axum::http::Request<_>| it.map(Body::new));
    let receive = from_fn_with_state(Arc::clone(app), receive);
    around(site, (finish, catch_panic, timeout, limit, limited, receive))
}

/// The routes, listed once, before anything is served: while routes are listed, no page's resources load, and
/// a page would wait forever for a resource that should have started then (leptos #4773).
static ROUTES: LazyLock<Vec<AxumRouteListing>> = LazyLock::new(|| generate_route_list(Pages));

/// Builds the pages, the server functions and the routes of all features, each behind the guard.
pub fn pages() -> Router {
    let options = LeptosOptions::builder().output_name("portcullis").build();
    let pages = Router::new()
        .leptos_routes_with_context(&options, ROUTES.clone(), page::provide_request, shell::shell)
        .with_state(options);
    let routes = FEATURES.iter().fold(pages, |all, it| all.merge((it.routes)()));
    routes.route_layer(from_fn(admit)).fallback(page::not_found).method_not_allowed_fallback(
        async || error_response::refuse(RequestProblem::MethodNotAllowed),
    )
}

/// Puts layers around a whole router. Each clones what it holds for every request, so a router is inside:
/// one reference to clone. A router of its own for each layer would match the path in each.
fn around<L>(inner: Router, layer: L) -> Router
where
    L: Layer<Route> + Clone + Send + Sync + 'static,
    L::Service: Service<Request, Error = Infallible> + Clone + Send + Sync + 'static,
    <L::Service as Service<Request>>::Response: IntoResponse + 'static,
    <L::Service as Service<Request>>::Future: Send + 'static,
{
    Router::new().fallback_service(inner).layer(layer)
}

/// Serves the site's files, and passes on requests that their origin permits.
async fn receive(State(app): State<Arc<App>>, mut request: Request, next: Next) -> Response {
    let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
    if let Some(asset) = assets::find(request.uri().path()).filter(|_| is_read) {
        return asset.respond(request.headers()).into_response();
    }
    match origin::check(&app, &mut request) {
        Ok(()) => next.run(request).await,
        Err(refusal) => error_response::refuse(refusal),
    }
}

/// Passes a request to its page or server function if the user may use it.
async fn admit(request: Request, next: Next) -> Response {
    let path = request.uri().path();
    // Leptos routes it to the page too (leptos #4034).
    if path.len() > 1 && path.ends_with('/') {
        return page::not_found(request).await;
    }
    let Some(cx) = request.extensions().get::<Context>().cloned() else {
        return error_response::refuse(ServerProblem::Internal);
    };
    let user = match cx.find_user().await {
        Ok(user) => user,
        Err(error) => return error_response::refuse(error),
    };
    match access::refusal(&cx, user.as_deref(), request.uri()).await {
        Some(refusal) => refusal,
        None => page::prepare(request, next).await,
    }
}

/// Puts the request's [`Context`] where routes and server functions find it.
async fn attach_context(
    State(app): State<Arc<App>>,
    cookies: Cookies,
    session: tower_sessions::Session,
    mut request: Request,
    next: Next,
) -> Response {
    let client = client::from_request(&app, &request);
    let id = request.extensions().get::<error_response::RequestId>();
    let id = id.map(|it| it.0.clone()).unwrap_or_default();
    let context = Context::new(app, session, client, cookies, id);
    let session = context.session.clone();
    let mut response = if let Some(response) = cookie_check::respond(&context, &request) {
        response
    } else {
        request.extensions_mut().insert(context);
        forms::translate_native_form(request, next).await
    };
    if session.has_ended() {
        response.extensions_mut().insert(session_cookie::SessionEnded);
        headers::clear_site_data(response.headers_mut());
    }
    response
}
