//! Opening databases: a SQLite file with one writer and a pool of readers, or a
//! PostgreSQL schema with one pool.

mod measure;
mod version;

use std::{os::unix::fs::OpenOptionsExt as _, path::PathBuf, time::Duration};

pub use version::Version;

use sea_orm::{
    AccessMode, ConnectOptions, ConnectionTrait, Database, DatabaseBackend, DatabaseConnection,
    DatabaseTransaction, DbErr, IsolationLevel, SqliteTransactionMode, Statement,
    TransactionOptions, TransactionTrait,
};

/// Where a database is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Location {
    /// A SQLite file; its folder is made when missing.
    Sqlite(PathBuf),
    /// A schema of a PostgreSQL database; made when missing.
    Postgres {
        /// `postgres://user:password@host:port/database`.
        url: String,
        /// `^[a-z][a-z0-9_]{0,62}$`: it is interpolated into `search_path`.
        schema: String,
        /// Most connections.
        connections: u32,
    },
}

/// An open database.
///
/// On SQLite a transaction that writes takes the one writer at once
/// (`BEGIN IMMEDIATE`), so it never fails half-way with "database is locked".
#[derive(Clone, Debug)]
pub struct Db {
    write: DatabaseConnection,
    read: DatabaseConnection,
    watch: version::Watch,
}

const SQLITE_READERS: u32 = 4;
const BUSY_TIMEOUT_MS: &str = "5000";

impl Db {
    /// Opens the database; does not migrate it.
    ///
    /// # Errors
    /// When it cannot be reached, or the schema's name is not a plain word.
    pub async fn open(location: &Location) -> Result<Self, DbErr> {
        match location {
            Location::Sqlite(file) => Self::open_sqlite(file).await,
            Location::Postgres {
                url,
                schema,
                connections,
            } => Self::open_postgres(url, schema, *connections).await,
        }
    }

    /// Opens the database if it is there; makes neither file nor schema.
    ///
    /// # Errors
    /// When it cannot be reached, or the schema's name is not a plain word.
    pub async fn find(location: &Location) -> Result<Option<Self>, DbErr> {
        match location {
            Location::Sqlite(file) if !file.exists() => Ok(None),
            Location::Sqlite(file) => Self::open_sqlite(file).await.map(Some),
            Location::Postgres {
                url,
                schema,
                connections,
            } => {
                let pool = connect_postgres(url, schema, *connections).await?;
                let asked = Statement::from_sql_and_values(
                    DatabaseBackend::Postgres,
                    "SELECT 1 FROM pg_namespace WHERE nspname = $1",
                    [schema.as_str().into()],
                );
                let found = pool.query_one_raw(asked).await?;
                Ok(found.map(|_| Self::on_postgres(pool)))
            }
        }
    }

    async fn open_sqlite(file: &std::path::Path) -> Result<Self, DbErr> {
        if let Some(folder) = file.parent() {
            std::fs::create_dir_all(folder)
                .map_err(|error| DbErr::Custom(format!("{}: {error}", folder.display())))?;
        }
        // SQLite gives the files beside it the mode of this one. What is wrong with it, it
        // says itself.
        drop(
            std::fs::OpenOptions::new()
                .write(true)
                .create_new(true)
                .mode(0o600)
                .open(file),
        );
        let options = |connections: u32, mode: &str| {
            let mut options =
                ConnectOptions::new(format!("sqlite://{}?mode={mode}", file.display()));
            options
                .max_connections(connections)
                .min_connections(1)
                .acquire_timeout(Duration::from_secs(10))
                // A file does not hang up as a server does.
                .test_before_acquire(false)
                .sqlx_logging(false)
                .map_sqlx_sqlite_opts(|sqlite| {
                    sqlite
                        .pragma("journal_mode", "WAL")
                        .pragma("synchronous", "NORMAL")
                        .pragma("busy_timeout", BUSY_TIMEOUT_MS)
                        .pragma("foreign_keys", "ON")
                        .pragma("cache_size", "-2000")
                });
            options
        };
        let write = Database::connect(options(1, "rwc")).await?;
        let read = Database::connect(options(SQLITE_READERS, "rw")).await?;
        // Its count of changes is its own, so it has to stay the same connection. It is
        // opened when it is first asked.
        let mut watching = options(1, "rw");
        watching
            .min_connections(0)
            .idle_timeout(None)
            .max_lifetime(None)
            .connect_lazy(true);
        let watch = version::Watch::new(Database::connect(watching).await?);
        Ok(Self { write, read, watch })
    }

    async fn open_postgres(url: &str, schema: &str, connections: u32) -> Result<Self, DbErr> {
        let pool = connect_postgres(url, schema, connections).await?;
        // IF NOT EXISTS alone fails when two processes make the schema at once. The two
        // statements are one transaction, which the lock lasts for.
        pool.execute_unprepared(&format!(
            "SELECT pg_advisory_xact_lock(hashtext('kombify.schema')); \
             CREATE SCHEMA IF NOT EXISTS \"{schema}\""
        ))
        .await?;
        Ok(Self::on_postgres(pool))
    }

    fn on_postgres(pool: DatabaseConnection) -> Self {
        Self {
            write: pool.clone(),
            read: pool.clone(),
            watch: version::Watch::new(pool),
        }
    }

    /// For queries.
    #[must_use]
    pub fn read(&self) -> &DatabaseConnection {
        &self.read
    }

    /// For single statements that write.
    #[must_use]
    pub fn write(&self) -> &DatabaseConnection {
        &self.write
    }

    /// Begins a transaction that writes.
    ///
    /// # Errors
    /// When the database does not answer, or the writer stays busy.
    pub async fn begin(&self) -> Result<DatabaseTransaction, DbErr> {
        self.write
            .begin_with_options(TransactionOptions {
                sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
                ..TransactionOptions::default()
            })
            .await
    }

    /// Begins a transaction that only reads: all its queries see one moment.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn snapshot(&self) -> Result<DatabaseTransaction, DbErr> {
        let options = match self.backend() {
            DatabaseBackend::Postgres => TransactionOptions {
                isolation_level: Some(IsolationLevel::RepeatableRead),
                access_mode: Some(AccessMode::ReadOnly),
                ..TransactionOptions::default()
            },
            _ => TransactionOptions::default(),
        };
        self.read.begin_with_options(options).await
    }

    /// Which kind of database it is.
    #[must_use]
    pub fn backend(&self) -> DatabaseBackend {
        self.write.get_database_backend()
    }

    /// Its content as it is now: as long as two versions are equal, so is all that a query
    /// answers. A version means something within this process only.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn version(&self) -> Result<Version, DbErr> {
        self.watch.version().await
    }

    /// The program that keeps it with its version, e.g. `PostgreSQL 15.14`.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn product(&self) -> Result<String, DbErr> {
        let backend = self.backend();
        let (name, asked) = match backend {
            DatabaseBackend::Postgres => ("PostgreSQL", "SHOW server_version"),
            _ => ("SQLite", "SELECT sqlite_version()"),
        };
        let row = self
            .read
            .query_one_raw(Statement::from_string(backend, asked))
            .await?
            .ok_or_else(|| DbErr::RecordNotFound(asked.to_owned()))?;
        let version: String = row.try_get_by_index(0)?;
        // PostgreSQL names the distribution's package after it.
        let version = version.split(' ').next().unwrap_or_default();
        Ok(format!("{name} {version}"))
    }

    /// Asks the database for one row.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn ping(&self) -> Result<(), DbErr> {
        self.read.ping().await
    }

    /// Closes all connections.
    ///
    /// # Errors
    /// When closing fails.
    pub async fn close(self) -> Result<(), DbErr> {
        self.watch.close().await?;
        self.read.close().await?;
        self.write.close().await
    }
}

async fn connect_postgres(
    url: &str,
    schema: &str,
    connections: u32,
) -> Result<DatabaseConnection, DbErr> {
    if !is_schema_name(schema) {
        return Err(DbErr::Custom(format!("\"{schema}\" is not a schema name")));
    }
    let mut options = ConnectOptions::new(url);
    options
        .max_connections(connections)
        .min_connections(0)
        .acquire_timeout(Duration::from_secs(5))
        .idle_timeout(Duration::from_secs(300))
        .sqlx_logging(false)
        .set_schema_search_path(schema);
    Database::connect(options).await
}

/// Whether a word may stand in `search_path` as it is.
#[must_use]
pub fn is_schema_name(name: &str) -> bool {
    let mut bytes = name.bytes();
    name.len() <= 63
        && bytes.next().is_some_and(|first| first.is_ascii_lowercase())
        && bytes.all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}
