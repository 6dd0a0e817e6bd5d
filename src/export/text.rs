//! The texts of the card that exports the user's data.

pub const EXPORT: &str = "Export data";
pub const LEAD: &str = "All data that this site stores about you, as one JSON file.";
