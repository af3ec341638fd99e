//! Small helpers around SeaORM's connections.

use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, FromQueryResult,
    SqliteTransactionMode, Statement, TransactionOptions, TransactionTrait, Value,
};

/// A transaction that writes. On SQLite it takes the write lock at once: one that
/// starts with a read and then wants to write fails when another wrote in between.
pub(crate) async fn begin_write(db: &DatabaseConnection) -> Result<DatabaseTransaction, DbErr> {
    db.begin_with_options(TransactionOptions {
        sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
        ..TransactionOptions::default()
    })
    .await
}

/// SQL with `$1`, `$2`, … which both backends understand.
pub(crate) fn statement(
    connection: &impl ConnectionTrait,
    sql: impl Into<String>,
    values: impl IntoIterator<Item = Value>,
) -> Statement {
    Statement::from_sql_and_values(connection.get_database_backend(), sql, values)
}

/// Runs SQL that changes rows; answers how many.
pub(crate) async fn execute(
    connection: &impl ConnectionTrait,
    sql: impl Into<String> + Send,
    values: impl IntoIterator<Item = Value> + Send,
) -> Result<u64, DbErr> {
    let statement = statement(connection, sql, values);
    Ok(connection.execute_raw(statement).await?.rows_affected())
}

/// Runs SQL that answers with at most one row, and reads it.
pub(crate) async fn fetch<Row: FromQueryResult>(
    connection: &impl ConnectionTrait,
    sql: impl Into<String> + Send,
    values: impl IntoIterator<Item = Value> + Send,
) -> Result<Option<Row>, DbErr> {
    let statement = statement(connection, sql, values);
    // All rows, although there is one: a statement that is dropped after its first
    // row does not always run to its end.
    let rows = connection.query_all_raw(statement).await?;
    rows.first()
        .map(|row| Row::from_query_result(row, ""))
        .transpose()
}

/// Locks the selected rows until the transaction ends. SQLite needs nothing: its
/// writing transactions exclude each other.
pub(crate) fn for_update(backend: DbBackend) -> &'static str {
    match backend {
        DbBackend::Postgres => " FOR UPDATE",
        _ => "",
    }
}

/// The same, but passes over rows that another transaction has locked.
pub(crate) fn for_update_skip_locked(backend: DbBackend) -> &'static str {
    match backend {
        DbBackend::Postgres => " FOR UPDATE SKIP LOCKED",
        _ => "",
    }
}

/// `$first, $first+1, …` for `count` values.
pub(crate) fn placeholders(first: usize, count: usize) -> String {
    (first..first + count)
        .map(|number| format!("${number}"))
        .collect::<Vec<_>>()
        .join(", ")
}

/// Text that every backend stores: PostgreSQL refuses the NUL character.
pub(crate) fn storable(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}
