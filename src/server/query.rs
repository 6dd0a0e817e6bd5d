//! Queries that are put together: from pieces of SQL that are constants and values that are bound, so
//! that nothing which was typed can ever be SQL.

use futures_util::TryStreamExt as _;
use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use sqlx::{Database, Encode, FromRow, QueryBuilder, Type};

use super::Error;
use super::db::value::{Column, Value};
use super::db::{Db, Tx};
use crate::{in_tx, on};

/// A query of pieces.
#[derive(Clone, Debug)]
pub struct Query(Vec<Piece>);

#[derive(Clone, Debug)]
enum Piece {
    Sql(&'static str),
    Text(String),
    Number(i64),
    Value(Value),
}

impl Query {
    #[must_use]
    pub fn new(sql: &'static str) -> Self {
        Self(vec![Piece::Sql(sql)])
    }

    pub fn sql(&mut self, sql: &'static str) -> &mut Self {
        self.0.push(Piece::Sql(sql));
        self
    }

    pub fn text(&mut self, value: impl Into<String>) -> &mut Self {
        self.0.push(Piece::Text(value.into()));
        self
    }

    pub fn number(&mut self, value: i64) -> &mut Self {
        self.0.push(Piece::Number(value));
        self
    }

    pub fn value(&mut self, value: Value) -> &mut Self {
        self.0.push(Piece::Value(value));
        self
    }

    fn builder<DB: Database>(&self) -> QueryBuilder<DB>
    where
        for<'q> String: Encode<'q, DB> + Type<DB>,
        for<'q> i64: Encode<'q, DB> + Type<DB>,
        for<'q> Option<String>: Encode<'q, DB> + Type<DB>,
        for<'q> Option<i64>: Encode<'q, DB> + Type<DB>,
        for<'q> Option<bool>: Encode<'q, DB> + Type<DB>,
        DB::Arguments: Default,
    {
        let mut builder = QueryBuilder::new("");
        for piece in &self.0 {
            match piece {
                Piece::Sql(sql) => builder.push(sql),
                Piece::Text(value) => builder.push_bind(value.clone()),
                Piece::Number(value) => builder.push_bind(*value),
                Piece::Value(Value::Text(value)) => builder.push_bind(value.clone()),
                Piece::Value(Value::Number(value)) => builder.push_bind(*value),
                Piece::Value(Value::Flag(value)) => builder.push_bind(*value),
            };
        }
        builder
    }

    /// All rows.
    pub async fn fetch<T>(&self, db: &Db) -> Result<Vec<T>, Error>
    where
        T: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin,
    {
        Ok(on!(db, db => self.builder().build_query_as().fetch_all(db).await)?)
    }

    /// All rows, as a transaction sees them.
    pub async fn fetch_in<T>(&self, tx: &mut Tx) -> Result<Vec<T>, Error>
    where
        T: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin,
    {
        Ok(in_tx!(tx, c => self.builder().build_query_as().fetch_all(c).await)?)
    }

    /// Hands on row after row, as a transaction sees them, each with a value for every column.
    pub async fn each_in(
        &self,
        tx: &mut Tx,
        columns: &[Column],
        mut each: impl AsyncFnMut(Vec<Value>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        in_tx!(tx, c => {
            let mut builder = self.builder();
            let mut rows = builder.build().fetch(c);
            while let Some(row) = rows.try_next().await? {
                let cells = columns.iter().enumerate();
                let row = cells.map(|(n, it)| Value::read(&row, n, it.1)).collect::<Result<_, _>>()?;
                each(row).await?;
            }
        });
        Ok(())
    }

    /// Runs it, as a part of a transaction.
    pub async fn execute_in(&self, tx: &mut Tx) -> Result<(), Error> {
        Ok(in_tx!(tx, c => self.builder().build().execute(c).await.map(drop))?)
    }
}
