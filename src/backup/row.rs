//! Rows in a form that both engines share.

use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use super::CopiedTable;
use crate::server::Error;
use crate::server::db::value::{ColumnKind, Value};

/// Converts a cell of a file. Returns `None` if such a column can't hold it.
#[must_use]
pub fn value_of(cell: Cell, kind: ColumnKind) -> Option<Value<'static>> {
    Some(match (kind, cell) {
        (ColumnKind::Text, Cell::Null) => Value::Text(None),
        (ColumnKind::Number, Cell::Null) => Value::Number(None),
        (ColumnKind::Flag, Cell::Null) => Value::Flag(None),
        (ColumnKind::Text, Cell::Text(text)) => text.into(),
        (ColumnKind::Number, Cell::Number(number)) => number.into(),
        (ColumnKind::Flag, Cell::Flag(flag)) => flag.into(),
        _ => return None,
    })
}

/// A cell of a file.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum Cell {
    Flag(bool),
    Number(i64),
    Text(String),
    Null,
}

/// Counts rows and sums up their digests, so that two sets of rows are equal in whatever order they are read.
/// A row's digest is the first 16 bytes of SHA-256 over its JSON.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    rows: u64,
    sum: u128,
}

impl Tally {
    pub fn add(&mut self, row: &[Value<'static>]) -> Result<(), Error> {
        let hash = Sha256::digest(serde_json::to_vec(row)?);
        let first = hash.first_chunk::<16>().copied().unwrap_or_default();
        self.rows += 1;
        self.sum = self.sum.wrapping_add(u128::from_be_bytes(first));
        Ok(())
    }

    #[must_use]
    pub fn copied(&self, table: &'static str) -> CopiedTable {
        CopiedTable { table, rows: self.rows, digest: format!("{:032x}", self.sum) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn value() -> impl Strategy<Value = (ColumnKind, Value<'static>)> {
        prop_oneof![
            any::<Option<String>>().prop_map(|it| (ColumnKind::Text, Value::from(it))),
            any::<Option<i64>>().prop_map(|it| (ColumnKind::Number, Value::from(it))),
            any::<Option<bool>>().prop_map(|it| (ColumnKind::Flag, Value::from(it))),
        ]
    }

    proptest! {
        #[test]
        fn a_cell_round_trips_through_json((kind, value) in value()) {
            let text = serde_json::to_string(&value).unwrap();
            let cell: Cell = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(value_of(cell, kind), Some(value));
        }

        #[test]
        fn a_tally_ignores_row_order_and_detects_changes(
            rows in prop::collection::vec(prop::collection::vec(value(), 2), 1..6),
        ) {
            let rows: Vec<Vec<Value<'static>>> =
                rows.into_iter().map(|row| row.into_iter().map(|it| it.1).collect()).collect();
            let tally = |rows: &[Vec<Value<'static>>]| {
                let mut tally = Tally::default();
                for row in rows {
                    tally.add(row).unwrap();
                }
                tally.copied("x")
            };
            let mut turned = rows.clone();
            turned.reverse();
            prop_assert_eq!(tally(&rows), tally(&turned));
            turned[0][0] = Value::from("another");
            prop_assert_ne!(tally(&rows), tally(&turned));
            prop_assert_ne!(tally(&rows), tally(&rows[1..]));
        }
    }
}
