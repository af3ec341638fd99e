//! A PostgreSQL database for one test, and a shell beside the services.

use domain::db::{Db, Location};
use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection};

/// A database of its own; [`TestDatabase::remove`] takes it away again.
pub struct TestDatabase {
    server: String,
    name: String,
    url: String,
}

impl TestDatabase {
    /// Makes one on the server that `KOMBIFY_TEST_POSTGRES_URL` names; `None` when
    /// `KOMBIFY_TEST_POSTGRES=off` leaves these tests out.
    ///
    /// # Panics
    /// When neither is set, or the server does not answer.
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place where these tests read their settings and name databases"
    )]
    pub async fn postgres() -> Option<Self> {
        let Ok(server) = std::env::var("KOMBIFY_TEST_POSTGRES_URL") else {
            assert!(
                std::env::var("KOMBIFY_TEST_POSTGRES").is_ok_and(|value| value == "off"),
                "Set KOMBIFY_TEST_POSTGRES_URL to a PostgreSQL server on which databases may be \
                 created, e.g. postgres://postgres@127.0.0.1:5432/postgres, or set \
                 KOMBIFY_TEST_POSTGRES=off to leave these tests out."
            );
            return None;
        };
        let name = format!("kombify_{}", uuid::Uuid::new_v4().simple());
        shell(&server, &format!("CREATE DATABASE {name}")).await;
        let (base, _) = server.rsplit_once('/').expect("a URL with a database");
        let url = format!("{base}/{name}");
        Some(Self { server, name, url })
    }

    /// `postgres://user:password@host:port/database`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Drops it, with whoever is still connected.
    ///
    /// # Panics
    /// When the server refuses.
    pub async fn remove(self) {
        let drop = format!("DROP DATABASE {} WITH (FORCE)", self.name);
        shell(&self.server, &drop).await;
    }
}

/// Runs a statement around the services, as an operator with a database shell does.
///
/// # Panics
/// When the database refuses.
pub async fn change(location: &Location, statement: &str) {
    let db = Db::open(location).await.expect("the database");
    db.write()
        .execute_unprepared(statement)
        .await
        .expect("the statement");
    db.close().await.expect("closed");
}

async fn shell(url: &str, statement: &str) {
    let mut options = ConnectOptions::new(url);
    options.max_connections(1).sqlx_logging(false);
    let connection: DatabaseConnection = Database::connect(options).await.expect("a connection");
    connection
        .execute_unprepared(statement)
        .await
        .expect("the statement");
    connection.close().await.expect("closed");
}
