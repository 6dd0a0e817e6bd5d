//! The log: one line per event, as text or JSON, each with the request's id.

use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use super::config::{ConfigError, LogConfig, LogFormat};

/// Starts logging to standard error.
pub fn start(config: &LogConfig) -> Result<(), ConfigError> {
    let filter: Targets = config.filter.parse().map_err(|_| {
        ConfigError(format!(
            "log.filter must be a filter like info or portcullis=debug,warn, not {:?}",
            config.filter
        ))
    })?;
    // It logs what strangers send at level ERROR.
    let filter = filter.with_target("webauthn_rs_core", LevelFilter::OFF);
    let lines = fmt::layer()
        .with_writer(std::io::stderr)
        // Its error about a line that can't be written would go to the same output, and panic.
        .log_internal_errors(false);
    let lines = match config.format {
        LogFormat::Text => lines.with_ansi(false).boxed(),
        LogFormat::Json => lines.json().flatten_event(true).boxed(),
    };
    let started = tracing_subscriber::registry().with(lines).with(filter).try_init();
    started.map_err(|error| ConfigError(format!("the log can't be started: {error}")))
}
