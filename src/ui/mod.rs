//! The design system: what pages are made of. Knows no feature.

mod field;
mod frame;
#[cfg(feature = "split")]
mod lazy;
mod load;
mod page;
mod submit;
mod time;
#[cfg(not(feature = "split"))]
mod whole;

pub use field::{Field, Hint, Username};
pub use frame::{
    CardPage, ErrorCard, Frame, Mark, NoticeBar, PageTitle, RequestId, WayOn, focus_heading,
    rescue_focus,
};
pub use load::Loaded;
pub use page::AnyPage;
pub use submit::{Alert, Confirm, Form, Submit};
pub use time::{Moment, utc};
