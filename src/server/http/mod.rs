//! The web around the app: one router, and each rule of the road in one file.

pub mod access;
pub mod answer;
pub mod flash;
pub mod forms;
pub mod headers;
pub mod health;
pub mod origin;
pub mod page;
pub mod serve;
pub mod shell;

use std::sync::Arc;

use axum::extract::{ConnectInfo, Request, State};
use axum::http::header::USER_AGENT;
use axum::http::{HeaderMap, Method};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::{Router, routing::get};
use leptos::config::LeptosOptions;
use leptos_axum::{LeptosRoutes, generate_route_list};
use tower_cookies::Cookies;
use tower_cookies::cookie::SameSite;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::limit::RequestBodyLimitLayer;
use tower_http::timeout::TimeoutLayer;
use tower_sessions::SessionManagerLayer;

use super::context::session_cookie_name;
use super::{App, Client, Context, assets};
use crate::app::App as Pages;
use crate::error::AppError;
use crate::session::server::Session;
use crate::social;

/// The whole site: what a request meets first stands last.
pub fn router(app: &Arc<App>) -> Router {
    let options = LeptosOptions::builder().output_name("portcullis").build();
    let sessions = SessionManagerLayer::new(app.sessions.clone())
        .with_name(session_cookie_name(app.config.site.is_https()))
        .with_secure(app.config.site.is_https())
        .with_http_only(true)
        .with_same_site(SameSite::Lax)
        .with_path("/");
    let limits = &app.config.http;
    Router::new()
        .leptos_routes_with_context(
            &options,
            generate_route_list(Pages),
            page::provide_request,
            shell::shell,
        )
        .merge(social::route::routes())
        .route_layer(from_fn(page::prepare))
        .route_layer(from_fn(access::guard))
        .fallback(page::not_found)
        .method_not_allowed_fallback(async || answer::refuse(AppError::MethodNotAllowed))
        .layer(from_fn(forms::speak_form))
        .layer(from_fn_with_state(Arc::clone(app), enter))
        .layer(sessions)
        .layer(from_fn_with_state(Arc::clone(app), origin::check))
        .route("/health/live", get(health::live))
        .route("/health/ready", get(health::ready).with_state(Arc::clone(app)))
        .layer(from_fn(serve_asset))
        .layer(RequestBodyLimitLayer::new(limits.body_limit))
        .layer(TimeoutLayer::with_status_code(
            axum::http::StatusCode::REQUEST_TIMEOUT,
            limits.request_timeout,
        ))
        .layer(CatchPanicLayer::custom(answer::panicked))
        .layer(from_fn_with_state(Arc::clone(app), answer::dress))
        .with_state(options)
}

/// Answers from the files in the binary before anything else is asked.
async fn serve_asset(request: Request, next: Next) -> Response {
    match assets::find(request.uri().path()) {
        Some(asset) if matches!(*request.method(), Method::GET | Method::HEAD) => {
            asset.respond(request.headers()).into_response()
        }
        _ => next.run(request).await,
    }
}

/// Puts the request's [`Context`] where routes and server functions find it.
async fn enter(
    State(app): State<Arc<App>>,
    cookies: Cookies,
    session: tower_sessions::Session,
    mut request: Request,
    next: Next,
) -> Response {
    let context = Context {
        session: Session::new(session, app.sessions.clone()),
        client: client(&request),
        request_id: request
            .extensions()
            .get::<answer::RequestId>()
            .map(|it| it.0.clone())
            .unwrap_or_default(),
        cookies,
        user: Arc::default(),
        app,
    };
    request.extensions_mut().insert(context);
    next.run(request).await
}

/// The peer itself: what a header says of addresses, anyone can write.
fn client(request: &Request) -> Client {
    let peer = request.extensions().get::<ConnectInfo<std::net::SocketAddr>>();
    Client {
        address: peer.map(|it| it.0.ip().to_canonical().to_string()).unwrap_or_default(),
        user_agent: user_agent(request.headers()),
    }
}

fn user_agent(headers: &HeaderMap) -> String {
    let text = headers.get(USER_AGENT).and_then(|it| it.to_str().ok()).unwrap_or_default();
    text.chars().filter(|it| !it.is_control()).take(256).collect()
}
