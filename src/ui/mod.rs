//! The design system: the components of pages. It knows no feature.

mod field;
mod frame;
#[cfg(feature = "split")]
mod lazy;
mod load;
mod page;
mod rail;
mod submit;
mod table;
mod time;
#[cfg(not(feature = "split"))]
mod whole;

pub use field::{Field, Hint, TextArea, Username};
pub use frame::{
    CardPage, ErrorCard, Frame, Mark, NoticeBar, PageTitle, RequestId, WayOn, focus_heading,
    rescue_focus,
};
pub use load::Loaded;
pub use page::AnyPage;
pub use rail::{Rail, RailEntry};
pub use submit::{Alert, Confirm, Form, Submit};
pub use table::{Heads, Nothing, Pages, SortHead, Table};
pub use time::Moment;
