//! The form of mailed links.

use serde::{Deserialize, Serialize};

use crate::form::RowId;

/// The form that a button of a mailed link sends.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct TicketForm {
    /// The id of the ticket that the form was shown for.
    pub ticket: RowId,
}
