//! The kinds of columns that both engines share, and what stands in one cell.

use serde::Serialize;
use sqlx::{ColumnIndex, Database, Decode, Row, Type};

/// A column and what it holds.
pub type Column = (&'static str, Kind);

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Text,
    Number,
    Flag,
}

/// What stands in one cell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Value {
    Text(Option<String>),
    Number(Option<i64>),
    Flag(Option<bool>),
}

impl Value {
    /// Reads a cell of a row.
    pub fn read<'r, R>(row: &'r R, n: usize, kind: Kind) -> Result<Self, sqlx::Error>
    where
        R: Row,
        usize: ColumnIndex<R>,
        String: Decode<'r, R::Database> + Type<R::Database>,
        i64: Decode<'r, R::Database> + Type<R::Database>,
        bool: Decode<'r, R::Database> + Type<R::Database>,
        R::Database: Database,
    {
        Ok(match kind {
            Kind::Text => Self::Text(row.try_get(n)?),
            Kind::Number => Self::Number(row.try_get(n)?),
            Kind::Flag => Self::Flag(row.try_get(n)?),
        })
    }
}
