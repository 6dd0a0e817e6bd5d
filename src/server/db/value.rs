//! The column kinds that both engines share, and the values of cells and arguments.

use std::borrow::Cow;

use serde::Serialize;
use sqlx::{Arguments, ColumnIndex, Database, Decode, Encode, Row, Type};

/// The name of a column and its kind.
pub type Column = (&'static str, ColumnKind);

/// The arguments of a query, in order. [`args!`](crate::args) creates them.
pub type Args<'a> = Vec<Value<'a>>;

/// The kind of value that a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnKind {
    Text,
    Number,
    Flag,
}

/// The value of one cell or argument.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Value<'a> {
    Text(Option<Cow<'a, str>>),
    Number(Option<i64>),
    Flag(Option<bool>),
}

/// Creates the arguments of a query: `args![id.as_str(), now]`. Each is text, a number or a flag, or
/// an `Option` of one.
#[macro_export]
macro_rules! args {
    ($($value:expr),* $(,)?) => {
        ::std::vec![$($crate::server::db::value::Value::from($value)),*]
    };
}

macro_rules! values {
    ($($kind:ident: $type:ty),* $(,)?) => {$(
        impl<'a> From<$type> for Value<'a> {
            fn from(value: $type) -> Self {
                Self::$kind(Some(value.into()))
            }
        }

        impl<'a> From<Option<$type>> for Value<'a> {
            fn from(value: Option<$type>) -> Self {
                Self::$kind(value.map(Into::into))
            }
        }
    )*};
}

values!(Text: &'a str, Text: &'a String, Text: String, Number: i64, Flag: bool);

impl Value<'_> {
    /// Reads a cell of a row.
    pub fn read<'r, R>(row: &'r R, n: usize, kind: ColumnKind) -> Result<Self, sqlx::Error>
    where
        R: Row,
        usize: ColumnIndex<R>,
        String: Decode<'r, R::Database> + Type<R::Database>,
        i64: Decode<'r, R::Database> + Type<R::Database>,
        bool: Decode<'r, R::Database> + Type<R::Database>,
        R::Database: Database,
    {
        Ok(match kind {
            ColumnKind::Text => Self::Text(row.try_get::<Option<String>, _>(n)?.map(Cow::Owned)),
            ColumnKind::Number => Self::Number(row.try_get(n)?),
            ColumnKind::Flag => Self::Flag(row.try_get(n)?),
        })
    }
}

/// Encodes arguments for an engine.
pub fn encode<A>(args: Args<'_>) -> Result<A, sqlx::Error>
where
    A: Arguments,
    for<'q> Option<Cow<'q, str>>: Encode<'q, A::Database> + Type<A::Database>,
    for<'q> Option<i64>: Encode<'q, A::Database> + Type<A::Database>,
    for<'q> Option<bool>: Encode<'q, A::Database> + Type<A::Database>,
{
    let mut encoded = A::default();
    for value in args {
        match value {
            Value::Text(value) => encoded.add(value),
            Value::Number(value) => encoded.add(value),
            Value::Flag(value) => encoded.add(value),
        }
        .map_err(sqlx::Error::Encode)?;
    }
    Ok(encoded)
}
