//! Form submissions: how a server function's response reaches the page, either by the hydrated
//! form or, with scripts off, by a flash across the redirect.

mod fields;
mod notices;
mod submission;

pub use crate::notice::Notice;
pub use crate::outcome::{Done, Flash, RowId};
pub use fields::Fields;
pub use notices::Notices;
pub use submission::{
    FormFunction, Submission, provide_submission, provide_submissions, submission_named,
    submission_of,
};
