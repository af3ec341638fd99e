//! SeaORM migrations: control (platform), instance (one Stack instance) and
//! namespace (one tenant's).

pub mod control;
pub mod instance;
pub mod jobs;
pub mod namespace;
mod tables;

use sea_orm_migration::{
    MigratorTrait,
    sea_orm::{
        ConnectionTrait, DatabaseBackend, DatabaseConnection, DbErr, SqliteTransactionMode,
        TransactionOptions, TransactionTrait,
    },
};

/// How many steps of `M` a database lacks. Makes nothing.
///
/// # Errors
/// When the database does not answer, or knows steps that `M` does not: a newer version
/// of kombify made it.
pub async fn missing<M: MigratorTrait>(db: &DatabaseConnection) -> Result<usize, DbErr> {
    Ok(M::get_pending_migrations_read_only(db).await?.len())
}

/// Brings a database up to date with `M`, in one transaction. On PostgreSQL an
/// advisory lock keeps replicas that start together from migrating twice.
///
/// # Errors
/// When the database refuses a step; nothing is changed then.
pub async fn up<M: MigratorTrait>(db: &DatabaseConnection) -> Result<(), DbErr> {
    let transaction = db
        .begin_with_options(TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        })
        .await?;
    if db.get_database_backend() == DatabaseBackend::Postgres {
        transaction
            .execute_unprepared("SELECT pg_advisory_xact_lock(hashtext('kombify.migration'))")
            .await?;
    }
    M::up(&transaction, None).await?;
    transaction.commit().await
}
