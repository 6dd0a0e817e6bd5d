//! Verifying an account's email address, and changing it.

mod api;
#[cfg(feature = "ssr")]
pub mod feature;
mod page;
#[cfg(feature = "ssr")]
pub mod server;

pub use api::*;
pub use page::{
    AddressChangeForm, EmailCard, UnverifiedBanner, VerificationForm, VerifyAddressPage,
    provide_address_change, provide_resend, provide_verification,
};
