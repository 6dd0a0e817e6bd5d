//! The export of the audit log as a file.

use std::sync::Arc;

use axum::body::Body;
use axum::http::HeaderValue;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::Response;
use axum::{Extension, Form, Router, routing::post};
use futures_util::stream::unfold;
use serde::Deserialize;

use super::{EXPORT_PATH, LogQuery, server};
use crate::audit::EventKind;
use crate::audit::server::Entry;
use crate::audit::server::file::{Format, Writer};
use crate::audit::server::search::Reader;
use crate::error::RequestProblem;
use crate::role::Permission;
use crate::role::server::Principal;
use crate::server::http::error_response;
use crate::server::{Context, Error};

/// Returns the export's route.
pub fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new().route(EXPORT_PATH, post(download))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ExportForm {
    #[serde(flatten)]
    query: LogQuery,
    /// `csv`; anything else means JSON Lines.
    format: String,
}

async fn download(Extension(cx): Extension<Context>, form: Form<ExportForm>) -> Response {
    let Form(ExportForm { query, format }) = form;
    let format = if format == "csv" { Format::Csv } else { Format::Jsonl };
    match begin(&cx, &query, format).await {
        Ok(body) => {
            let (kind, name) = match format {
                Format::Csv => ("text/csv; charset=utf-8", "attachment; filename=\"audit.csv\""),
                Format::Jsonl => ("application/jsonl", "attachment; filename=\"audit.jsonl\""),
            };
            let mut response = Response::new(body);
            let headers = response.headers_mut();
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
            headers.insert(CONTENT_DISPOSITION, HeaderValue::from_static(name));
            response
        }
        Err(error) => error_response::refuse(error),
    }
}

/// Records the export and returns a body that streams the events, however many, as they are read.
async fn begin(cx: &Context, query: &LogQuery, format: Format) -> Result<Body, Error> {
    let by = Principal::fresh(cx).await?;
    let (filter, is_known) = server::filter(&cx.app, query).await?;
    if !is_known {
        return Err(RequestProblem::BadRequest.into());
    }
    let mut tx = cx.app.db.begin().await?;
    let acting = by.authorize(&cx.app, &mut tx, Permission::AuditRead).await?;
    acting.record(&cx.app, &mut tx, Entry::new(EventKind::AuditExported, None)).await?;
    tx.commit().await?;
    let reader = Reader::begin(&cx.app, filter).await?;
    let reading = (Arc::clone(&cx.app), reader, Writer::new(format));
    let chunks = unfold(Some(reading), |reading| async {
        let (app, mut reader, mut writer) = reading?;
        let written = match reader.next(&app).await {
            Ok(Some(events)) => writer.write(&events),
            Ok(None) => return None,
            Err(error) => Err(error),
        };
        match written {
            Ok(chunks) => Some((Ok(chunks), Some((app, reader, writer)))),
            Err(error) => {
                tracing::error!(error = error.chain(), "an export of the audit log failed");
                // Cuts the response short, so that no client takes a part for the whole file.
                Some((Err(std::io::Error::other("the export failed")), None))
            }
        }
    });
    Ok(Body::from_stream(chunks))
}
