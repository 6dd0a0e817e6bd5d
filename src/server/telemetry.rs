//! The log: one line an event, as text or JSON, with the request's id in every line of it.

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::FmtSpan;

use super::config::{ConfigError, LogConfig, LogFormat};

/// Starts logging to standard error.
pub fn start(config: &LogConfig) -> Result<(), ConfigError> {
    let filter = EnvFilter::try_new(&config.filter).map_err(|_| {
        ConfigError(format!(
            "log.filter wants a filter like info or portcullis=debug,warn, not {:?}",
            config.filter
        ))
    })?;
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        // Its complaint that a line can't be written would go where the line could not, and panic.
        .log_internal_errors(false)
        .with_span_events(FmtSpan::NONE);
    let started = match config.format {
        LogFormat::Text => log.with_ansi(false).try_init(),
        LogFormat::Json => log.json().flatten_event(true).try_init(),
    };
    started.map_err(|error| ConfigError(format!("the log can't be started: {error}")))
}
