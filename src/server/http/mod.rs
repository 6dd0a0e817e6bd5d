//! HTTP below the features, one concern per file.

pub mod client;
pub mod connections;
pub mod cookie_check;
pub mod cookies;
pub mod error_response;
pub mod flash;
pub mod forwarded;
pub mod headers;
pub mod health;
pub mod origin;
pub mod session_cookie;
