//! Databases for one test.

use domain::{
    db::{Db, Location},
    stack::NamespacePlace,
};
use sea_orm::{ConnectionTrait, DatabaseConnection};
use tempfile::TempDir;
use test_support::postgres::Database;

/// Where one test's databases are.
pub(crate) struct Place {
    pub(crate) folder: TempDir,
    postgres: Option<Database>,
}

impl Place {
    pub(crate) fn sqlite() -> Self {
        Self {
            folder: tempfile::tempdir().expect("a temporary folder"),
            postgres: None,
        }
    }

    /// None where tests on PostgreSQL are switched off.
    pub(crate) async fn postgres() -> Option<Self> {
        Some(Self {
            folder: tempfile::tempdir().expect("a temporary folder"),
            postgres: Some(Database::create().await?),
        })
    }

    fn url(&self) -> Option<String> {
        self.postgres.as_ref().map(Database::url)
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
        if self.postgres.is_some() {
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
}
