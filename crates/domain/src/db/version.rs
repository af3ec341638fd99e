//! Whether a database changed, without reading what is in it.

use std::sync::atomic::{AtomicU64, Ordering};

use sea_orm::{ConnectionTrait, DatabaseBackend, DatabaseConnection, DbErr, Statement};

/// Counts the databases that were opened in this process.
static OPENED: AtomicU64 = AtomicU64::new(0);

/// A database's content at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    opened: u64,
    state: String,
}

/// What is asked for the version.
#[derive(Clone, Debug)]
pub(super) struct Watch {
    opened: u64,
    connection: DatabaseConnection,
}

impl Watch {
    /// Asks this connection, which on SQLite has to be a single one that never writes.
    pub(super) fn new(connection: DatabaseConnection) -> Self {
        Self {
            opened: OPENED.fetch_add(1, Ordering::Relaxed),
            connection,
        }
    }

    /// SQLite counts the commits that other connections made
    /// (<https://www.sqlite.org/pragma.html#pragma_data_version>); PostgreSQL tells which
    /// transactions are visible
    /// (<https://www.postgresql.org/docs/current/functions-info.html>, `pg_current_snapshot`).
    pub(super) async fn version(&self) -> Result<Version, DbErr> {
        let backend = self.connection.get_database_backend();
        let question = match backend {
            DatabaseBackend::Sqlite => "SELECT CAST(data_version AS TEXT) FROM pragma_data_version",
            _ => "SELECT CAST(pg_current_snapshot() AS TEXT)",
        };
        let row = self
            .connection
            .query_one_raw(Statement::from_string(backend, question))
            .await?
            .ok_or_else(|| DbErr::RecordNotFound("a version".to_owned()))?;
        Ok(Version {
            opened: self.opened,
            state: row.try_get_by_index(0)?,
        })
    }

    pub(super) async fn close(self) -> Result<(), DbErr> {
        self.connection.close().await
    }
}
