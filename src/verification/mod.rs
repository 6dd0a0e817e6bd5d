//! Verifying an account's email address, and changing it.

mod api;
#[cfg(feature = "ssr")]
pub mod feature;
mod page;
#[cfg(feature = "ssr")]
pub mod server;
mod text;

pub use api::*;
pub use page::{
    EmailCard, EmailChangeForm, UnverifiedBanner, VerificationForm, VerifyEmailPage,
    provide_email_change, provide_resend, provide_verification,
};
