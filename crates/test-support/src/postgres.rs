//! A PostgreSQL database of its own for one test.

use sea_orm::{ConnectOptions, ConnectionTrait, Database as Connections, DatabaseConnection};

/// Where PostgreSQL is, for tests; a server on which databases may be created.
const SERVER: &str = "KOMBIFY_TEST_POSTGRES_URL";
/// `off` leaves the tests on PostgreSQL out.
const SWITCH: &str = "KOMBIFY_TEST_POSTGRES";

/// A database that is dropped at the end of the test.
#[derive(Debug)]
pub struct Database {
    server: String,
    name: String,
}

impl Database {
    /// A new, empty one; none where tests on PostgreSQL are switched off.
    ///
    /// # Panics
    /// When no server is named, or it does not answer.
    #[expect(
        clippy::disallowed_methods,
        reason = "where PostgreSQL is comes from whoever runs the tests; names must not collide"
    )]
    pub async fn create() -> Option<Self> {
        let Ok(server) = std::env::var(SERVER) else {
            assert!(
                std::env::var(SWITCH).is_ok_and(|value| value == "off"),
                "Set {SERVER} to a PostgreSQL server on which databases may be created, e.g. \
                 postgres://postgres@127.0.0.1:5432/postgres, or set \
                 {SWITCH}=off to leave these tests out."
            );
            eprintln!("left out: {SWITCH}=off");
            return None;
        };
        let database = Self {
            server,
            name: format!("kombify_{:032x}", rand::random::<u128>()),
        };
        database
            .execute(&format!("CREATE DATABASE {}", database.name))
            .await;
        Some(database)
    }

    /// `postgres://…` of it.
    ///
    /// # Panics
    /// When the server's address has no database.
    #[must_use]
    pub fn url(&self) -> String {
        let (server, _) = self
            .server
            .rsplit_once('/')
            .expect("an address with a database");
        format!("{server}/{}", self.name)
    }

    /// Lets nobody write, as on a standby, or lets them again; open connections end.
    ///
    /// # Panics
    /// When the server does not do it.
    pub async fn set_read_only(&self, read_only: bool) {
        let name = &self.name;
        self.execute(&format!(
            "ALTER DATABASE {name} SET default_transaction_read_only = {read_only}"
        ))
        .await;
        self.execute(&format!(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
        ))
        .await;
    }

    /// `host:port` of the server.
    ///
    /// # Panics
    /// When the server's address names no host.
    #[must_use]
    pub fn address(&self) -> &str {
        let (_, rest) = self.server.split_once("://").expect("an address");
        let rest = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
        rest.split('/').next().expect("a host")
    }

    async fn execute(&self, statement: &str) {
        let connection = self.connect().await;
        connection
            .execute_unprepared(statement)
            .await
            .unwrap_or_else(|error| panic!("{statement}: {error}"));
        connection.close().await.expect("closed");
    }

    async fn connect(&self) -> DatabaseConnection {
        let mut options = ConnectOptions::new(&self.server);
        options.max_connections(1).sqlx_logging(false);
        Connections::connect(options)
            .await
            .expect("the PostgreSQL server answers")
    }
}

impl Drop for Database {
    /// On a thread of its own, because the test's runtime may be ending.
    fn drop(&mut self) {
        let statement = format!("DROP DATABASE {} WITH (FORCE)", self.name);
        let work = std::thread::scope(|scope| {
            scope
                .spawn(|| {
                    tokio::runtime::Builder::new_current_thread()
                        .enable_all()
                        .build()
                        .expect("a runtime")
                        .block_on(self.execute(&statement));
                })
                .join()
        });
        if work.is_err() && !std::thread::panicking() {
            panic!("the test's database {} is left behind", self.name);
        }
    }
}
