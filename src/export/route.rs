//! Serves the file as a download.

use axum::body::Body;
use axum::http::HeaderValue;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::Response;
use axum::{Extension, Router, routing::post};

use super::PATH;
use super::server::export;
use crate::server::http::error_response;
use crate::server::{Context, Error};

/// Returns the route of the export.
pub fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new().route(PATH, post(download))
}

async fn download(Extension(cx): Extension<Context>) -> Response {
    match write(&cx).await {
        Ok(text) => {
            let mut response = Response::new(Body::from(text));
            let headers = response.headers_mut();
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            let name = HeaderValue::from_static("attachment; filename=\"account.json\"");
            headers.insert(CONTENT_DISPOSITION, name);
            response
        }
        Err(error) => error_response::refuse(error),
    }
}

async fn write(cx: &Context) -> Result<Vec<u8>, Error> {
    let user = cx.user().await?;
    let export = export(cx, &user).await?;
    Ok(serde_json::to_vec_pretty(&export)?)
}
