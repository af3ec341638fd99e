//! Databases for one test.

use domain::{
    db::{Db, Location},
    stack::NamespacePlace,
};
use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection};
use tempfile::TempDir;

/// Where one test's databases are.
pub(crate) struct Place {
    pub(crate) folder: TempDir,
    /// A URL of the server, and the test's database on it.
    server: Option<(String, String)>,
}

impl Place {
    pub(crate) fn sqlite() -> Self {
        Self {
            folder: tempfile::tempdir().expect("a temporary folder"),
            server: None,
        }
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "the one place where these tests read their settings and name databases"
    )]
    pub(crate) async fn postgres() -> Option<Self> {
        let Ok(server) = std::env::var("KOMBIFY_TEST_POSTGRES_URL") else {
            assert!(
                std::env::var("KOMBIFY_TEST_POSTGRES").is_ok_and(|value| value == "off"),
                "Set KOMBIFY_TEST_POSTGRES_URL to a PostgreSQL server on which databases may be \
                 created, e.g. postgres://postgres@127.0.0.1:5432/postgres, or set \
                 KOMBIFY_TEST_POSTGRES=off to leave these tests out."
            );
            eprintln!("left out: KOMBIFY_TEST_POSTGRES=off");
            return None;
        };
        let name = format!("stack_{}", uuid::Uuid::new_v4().simple());
        let admin = connect(&server).await;
        admin
            .execute_unprepared(&format!("CREATE DATABASE {name}"))
            .await
            .expect("a new database");
        admin.close().await.expect("closed");
        Some(Self {
            folder: tempfile::tempdir().expect("a temporary folder"),
            server: Some((server, name)),
        })
    }

    fn url(&self) -> Option<String> {
        self.server.as_ref().map(|(server, name)| {
            let (base, _) = server.rsplit_once('/').expect("a URL with a database");
            format!("{base}/{name}")
        })
    }

    /// The instance's own database, migrated.
    pub(crate) async fn instance(&self) -> Db {
        let location = match self.url() {
            Some(url) => Location::Postgres {
                url,
                schema: "instance_local".to_owned(),
                connections: 8,
            },
            None => Location::Sqlite(self.folder.path().join("instance.db")),
        };
        let db = Db::open(&location).await.expect("an instance database");
        migration::up::<migration::instance::Migrator>(db.write())
            .await
            .expect("migrated");
        db
    }

    pub(crate) fn namespaces(&self) -> NamespacePlace {
        match self.url() {
            Some(url) => NamespacePlace::Postgres {
                url,
                connections: 4,
            },
            None => NamespacePlace::Sqlite {
                folder: self.folder.path().join("namespaces"),
            },
        }
    }

    /// A connection to a tenant's namespace that goes around the service, as an
    /// operator with a database shell has it.
    pub(crate) async fn around(&self, slug: &str) -> DatabaseConnection {
        let location = match self.url() {
            Some(url) => Location::Postgres {
                url,
                schema: format!("tenant_{}", slug.replace('-', "_")),
                connections: 1,
            },
            None => Location::Sqlite(
                self.folder
                    .path()
                    .join("namespaces")
                    .join(format!("{slug}.db")),
            ),
        };
        Db::open(&location)
            .await
            .expect("the namespace")
            .write()
            .clone()
    }

    /// Removes a tenant's namespace, so that opening it makes it anew.
    pub(crate) async fn remove(&self, slug: &str) {
        if self.server.is_some() {
            let schema = format!("tenant_{}", slug.replace('-', "_"));
            self.around(slug)
                .await
                .execute_unprepared(&format!("DROP SCHEMA {schema} CASCADE"))
                .await
                .expect("dropped");
        } else {
            std::fs::remove_dir_all(self.folder.path().join("namespaces")).expect("removed");
        }
    }

    pub(crate) async fn drop_database(&self) {
        let (server, name) = self.server.as_ref().expect("only PostgreSQL has one");
        let admin = connect(server).await;
        admin
            .execute_unprepared(&format!("DROP DATABASE {name} WITH (FORCE)"))
            .await
            .expect("dropped");
        admin.close().await.expect("closed");
    }
}

async fn connect(url: &str) -> DatabaseConnection {
    let mut options = ConnectOptions::new(url);
    options.max_connections(1).sqlx_logging(false);
    Database::connect(options).await.expect("a connection")
}
