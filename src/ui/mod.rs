//! The design system: the components of pages. It knows no feature.

#[cfg(not(feature = "split"))]
mod eager;
mod field;
mod frame;
#[cfg(feature = "split")]
mod lazy;
mod load;
mod page;
mod rail;
mod submit;
mod table;
mod text;
mod time;

pub use field::{EmailField, Field, Hint, TextArea, Username};
pub use frame::{
    CardPage, ErrorCard, ErrorLink, Frame, Logo, NoticeBar, PageTitle, RequestId, SkipLink,
    focus_heading, rescue_focus,
};
pub use load::Loaded;
pub use page::{AnyPage, BarePage};
pub use rail::{Rail, RailEntry};
pub use submit::{Alert, Confirm, Form, Submit};
pub use table::{ColumnHeaders, EmptyState, Pagination, SortableHeader, Table};
pub use time::Moment;
