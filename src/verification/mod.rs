//! Proving that an e-mail address is one's own, and changing it to another.

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
