//! Runs queries: one SQL text for both engines, with arguments of the kinds that both share. The text is
//! constant, or joined from constants, so user input never becomes SQL.

use futures_util::TryStreamExt as _;
use futures_util::future::BoxFuture;
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{
    AssertSqlSafe, Database, Decode, PgConnection, SqlSafeStr as _, SqlStr, SqliteConnection, Type,
};

use super::value::{Args, Column, Value, encode};
use super::{Db, Tx};
use crate::server::Error;

pub use sqlx::{ColumnIndex, Error as ReadError, FromRow, Row};

/// A type that either engine's rows decode to: a struct that [`record!`] declares, or a tuple.
pub trait Record: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> {}

impl<T> Record for T where T: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> {}

/// Declares a struct that rows of either engine decode to, each field from the column of its name.
/// `sqlx::FromRow` can derive the same, but its macro would compile both drivers, SQLite included, a
/// second time for the compiler's own use.
#[macro_export]
macro_rules! record {
    (
        $(#[$attribute:meta])*
        $visible:vis struct $name:ident {
            $($(#[$about:meta])* $field_visible:vis $field:ident: $kind:ty),* $(,)?
        }
    ) => {
        $(#[$attribute])*
        $visible struct $name {
            $($(#[$about])* $field_visible $field: $kind,)*
        }

        impl<'r, R> $crate::server::db::query::FromRow<'r, R> for $name
        where
            R: $crate::server::db::query::Row,
            for<'a> &'a str: $crate::server::db::query::ColumnIndex<R>,
            $($kind: $crate::server::db::query::Readable<'r, R::Database>,)*
        {
            fn from_row(row: &'r R) -> ::std::result::Result<Self, $crate::server::db::query::ReadError> {
                ::std::result::Result::Ok(Self { $($field: row.try_get(stringify!($field))?,)* })
            }
        }
    };
}

/// A value that a column of this database decodes to.
pub trait Readable<'r, DB: Database>: Decode<'r, DB> + Type<DB> {}

impl<'r, DB: Database, T: Decode<'r, DB> + Type<DB>> Readable<'r, DB> for T {}

/// The part of the outcome that the caller needs.
#[derive(Clone, Copy)]
enum Fetch {
    Affected,
    First,
    All,
}

/// The number of changed rows, or the rows.
enum QueryResult {
    Affected(u64),
    Sqlite(Vec<SqliteRow>),
    Postgres(Vec<PgRow>),
}

/// What a query runs on: any connection of the pool, or the transaction's.
enum Executor<'e> {
    Db(&'e Db),
    Tx(&'e mut Tx),
}

/// Runs a query. Boxed, so that the caller's future holds a pointer instead of both engines' futures.
fn run<'e>(
    executor: Executor<'e>,
    sql: SqlStr,
    args: Args<'e>,
    fetch: Fetch,
) -> BoxFuture<'e, Result<QueryResult, sqlx::Error>> {
    Box::pin(async move {
        match executor {
            Executor::Db(Db::Sqlite(db)) => {
                let mut connection = db.connection().await?;
                let result = run_on_sqlite(&mut connection, sql, args, fetch).await?;
                db.keep(connection);
                Ok(result)
            }
            Executor::Db(Db::Postgres(pool)) => {
                run_on_postgres(&mut *pool.acquire().await?, sql, args, fetch).await
            }
            Executor::Tx(Tx::Sqlite(tx)) => run_on_sqlite(tx, sql, args, fetch).await,
            Executor::Tx(Tx::Postgres(tx)) => run_on_postgres(tx, sql, args, fetch).await,
        }
    })
}

async fn run_on_sqlite(
    connection: &mut SqliteConnection,
    sql: SqlStr,
    args: Args<'_>,
    fetch: Fetch,
) -> Result<QueryResult, sqlx::Error> {
    let query = sqlx::query_with(sql, encode::<SqliteArguments>(args)?);
    Ok(match fetch {
        Fetch::Affected => QueryResult::Affected(query.execute(connection).await?.rows_affected()),
        Fetch::First => {
            QueryResult::Sqlite(Vec::from_iter(query.fetch_optional(connection).await?))
        }
        Fetch::All => QueryResult::Sqlite(query.fetch_all(connection).await?),
    })
}

async fn run_on_postgres(
    connection: &mut PgConnection,
    sql: SqlStr,
    args: Args<'_>,
    fetch: Fetch,
) -> Result<QueryResult, sqlx::Error> {
    let query = sqlx::query_with(sql, encode::<PgArguments>(args)?);
    Ok(match fetch {
        Fetch::Affected => QueryResult::Affected(query.execute(connection).await?.rows_affected()),
        Fetch::First => {
            QueryResult::Postgres(Vec::from_iter(query.fetch_optional(connection).await?))
        }
        Fetch::All => QueryResult::Postgres(query.fetch_all(connection).await?),
    })
}

impl QueryResult {
    fn affected(&self) -> u64 {
        if let Self::Affected(rows) = self { *rows } else { 0 }
    }

    fn records<T: Record>(&self) -> Result<Vec<T>, sqlx::Error> {
        match self {
            Self::Affected(_) => Ok(Vec::new()),
            Self::Sqlite(rows) => rows.iter().map(T::from_row).collect(),
            Self::Postgres(rows) => rows.iter().map(T::from_row).collect(),
        }
    }
}

/// Defines the same methods for the database, where each query stands alone, and for a transaction.
macro_rules! queries {
    ($type:ident, $receiver:ty) => {
        impl $type {
            /// Runs a query and returns the number of changed rows.
            pub async fn execute(
                self: $receiver,
                sql: &'static str,
                args: Args<'_>,
            ) -> Result<u64, Error> {
                let executor = Executor::$type(self);
                Ok(run(executor, sql.into_sql_str(), args, Fetch::Affected).await?.affected())
            }

            /// Returns all rows.
            pub async fn fetch_all<T: Record>(
                self: $receiver,
                sql: &'static str,
                args: Args<'_>,
            ) -> Result<Vec<T>, Error> {
                let executor = Executor::$type(self);
                Ok(run(executor, sql.into_sql_str(), args, Fetch::All).await?.records()?)
            }

            /// Returns the first row, if there is one.
            pub async fn fetch_optional<T: Record>(
                self: $receiver,
                sql: &'static str,
                args: Args<'_>,
            ) -> Result<Option<T>, Error> {
                let executor = Executor::$type(self);
                Ok(run(executor, sql.into_sql_str(), args, Fetch::First).await?.records()?.pop())
            }

            /// Returns the first row; no row is an error.
            pub async fn fetch_one<T: Record>(
                self: $receiver,
                sql: &'static str,
                args: Args<'_>,
            ) -> Result<T, Error> {
                self.fetch_optional(sql, args)
                    .await?
                    .ok_or(Error::Database(sqlx::Error::RowNotFound))
            }

            /// Returns the first column of all rows.
            pub async fn scalar_all<T>(
                self: $receiver,
                sql: &'static str,
                args: Args<'_>,
            ) -> Result<Vec<T>, Error>
            where
                (T,): Record,
            {
                Ok(self.fetch_all(sql, args).await?.into_iter().map(|(it,)| it).collect())
            }

            /// Returns the first column of the first row, if there is one.
            pub async fn scalar_optional<T>(
                self: $receiver,
                sql: &'static str,
                args: Args<'_>,
            ) -> Result<Option<T>, Error>
            where
                (T,): Record,
            {
                Ok(self.fetch_optional(sql, args).await?.map(|(it,)| it))
            }

            /// Returns the first column of the first row; no row is an error.
            pub async fn scalar<T>(
                self: $receiver,
                sql: &'static str,
                args: Args<'_>,
            ) -> Result<T, Error>
            where
                (T,): Record,
            {
                Ok(self.fetch_one::<(T,)>(sql, args).await?.0)
            }
        }
    };
}

queries!(Db, &Self);
queries!(Tx, &mut Self);

/// A dynamic query: constant fragments plus bound values.
#[derive(Clone, Debug)]
pub struct Query<'a> {
    /// `None` is the place of the next argument.
    fragments: Vec<Option<&'static str>>,
    args: Args<'a>,
}

impl<'a> Query<'a> {
    #[must_use]
    pub fn new(sql: &'static str) -> Self {
        Self { fragments: vec![Some(sql)], args: Vec::new() }
    }

    /// Appends a fragment.
    pub fn sql(&mut self, sql: &'static str) -> &mut Self {
        self.fragments.push(Some(sql));
        self
    }

    /// Appends a placeholder and binds this value to it.
    pub fn bind(&mut self, value: impl Into<Value<'a>>) -> &mut Self {
        self.fragments.push(None);
        self.args.push(value.into());
        self
    }

    /// Joins the fragments. PostgreSQL's placeholders are numbered. SQLite's are not, because it searches a
    /// list for each named parameter, which is slow if there are hundreds.
    fn text(fragments: &[Option<&'static str>], is_postgres: bool) -> SqlStr {
        let (mut text, mut places) = (String::new(), 0);
        for fragment in fragments {
            match fragment {
                Some(sql) => text.push_str(sql),
                None if is_postgres => {
                    places += 1;
                    text.push('$');
                    text.push_str(&places.to_string());
                }
                None => text.push('?'),
            }
        }
        AssertSqlSafe(text).into_sql_str()
    }

    fn run<'e>(
        self,
        executor: Executor<'e>,
        fetch: Fetch,
    ) -> BoxFuture<'e, Result<QueryResult, sqlx::Error>>
    where
        'a: 'e,
    {
        let is_postgres =
            matches!(executor, Executor::Db(Db::Postgres(_)) | Executor::Tx(Tx::Postgres(_)));
        run(executor, Self::text(&self.fragments, is_postgres), self.args, fetch)
    }

    /// Returns all rows.
    pub async fn fetch_all<T: Record>(self, db: &Db) -> Result<Vec<T>, Error> {
        Ok(self.run(Executor::Db(db), Fetch::All).await?.records()?)
    }

    /// Returns all rows, as the transaction sees them.
    pub async fn fetch_all_in<T: Record>(self, tx: &mut Tx) -> Result<Vec<T>, Error> {
        Ok(self.run(Executor::Tx(tx), Fetch::All).await?.records()?)
    }

    /// Runs the query in the transaction and returns the number of changed rows.
    pub async fn execute_in(self, tx: &mut Tx) -> Result<u64, Error> {
        Ok(self.run(Executor::Tx(tx), Fetch::Affected).await?.affected())
    }

    /// Passes each row, as the transaction sees it, to `each`: one value per column. Rows are not collected.
    pub async fn for_each_in(
        self,
        tx: &mut Tx,
        columns: &[Column],
        mut each: impl AsyncFnMut(Vec<Value<'static>>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        macro_rules! each_of {
            ($connection:expr, $arguments:ty, $is_postgres:literal) => {{
                let args: $arguments = encode(self.args)?;
                let query = sqlx::query_with(Self::text(&self.fragments, $is_postgres), args);
                let mut rows = query.fetch(&mut **$connection);
                while let Some(row) = rows.try_next().await? {
                    let cells = columns.iter().enumerate();
                    let cells = cells.map(|(n, it)| Value::read(&row, n, it.1));
                    each(cells.collect::<Result<_, _>>()?).await?;
                }
            }};
        }
        match tx {
            Tx::Sqlite(tx) => each_of!(tx, SqliteArguments, false),
            Tx::Postgres(tx) => each_of!(tx, PgArguments, true),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_engine_gets_its_own_placeholders() {
        let mut query = Query::new("SELECT 1 WHERE 'a' = ");
        query.bind("a").sql(" AND 2 = ").bind(2);
        for (is_postgres, expected) in [
            (false, "SELECT 1 WHERE 'a' = ? AND 2 = ?"),
            (true, "SELECT 1 WHERE 'a' = $1 AND 2 = $2"),
        ] {
            assert_eq!(Query::text(&query.fragments, is_postgres).as_str(), expected);
        }
        assert_eq!(query.args, [Value::from("a"), Value::from(2)]);
    }
}
