//! The design system: what pages are made of. Knows no feature.

mod field;
mod frame;
mod load;
mod submit;
mod time;

pub use field::{Field, Hint};
pub use frame::{ErrorCard, Frame, Mark, NoticeBar, PageTitle};
pub use load::Loaded;
pub use submit::{Alert, Confirm, Form, Submit};
pub use time::Moment;
