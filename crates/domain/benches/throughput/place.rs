//! The databases to measure on, opened as the product opens them.

use domain::db::{Db, Location};
use tempfile::TempDir;

/// A kind of database, in which each run gets an empty one.
pub(crate) enum Place {
    /// A file in a temporary folder.
    Sqlite(TempDir),
    /// A schema of the server that `KOMBIFY_BENCH_POSTGRES_URL` names.
    Postgres(String),
}

/// As many connections as the product opens to its control database.
const CONNECTIONS: u32 = 20;

impl Place {
    /// SQLite, and PostgreSQL where there is one.
    #[expect(
        clippy::disallowed_methods,
        reason = "where PostgreSQL is comes from whoever runs the benchmark"
    )]
    pub(crate) fn all() -> Vec<Self> {
        let folder = TempDir::new().expect("a temporary folder");
        let postgres = std::env::var("KOMBIFY_BENCH_POSTGRES_URL").ok();
        [Self::Sqlite(folder)]
            .into_iter()
            .chain(postgres.map(Self::Postgres))
            .collect()
    }

    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Sqlite(_) => "SQLite",
            Self::Postgres(_) => "PostgreSQL",
        }
    }

    /// An empty control database of this name.
    pub(crate) async fn open(&self, name: &str) -> Db {
        let location = match self {
            Self::Sqlite(folder) => Location::Sqlite(folder.path().join(format!("{name}.db"))),
            Self::Postgres(url) => Location::Postgres {
                url: url.clone(),
                schema: format!("bench_{name}"),
                connections: CONNECTIONS,
            },
        };
        let db = Db::open(&location).await.expect("a database");
        migration::up::<migration::control::Migrator>(db.write())
            .await
            .expect("its tables");
        db
    }
}
