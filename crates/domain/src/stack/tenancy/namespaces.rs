//! The namespaces of an instance: a SQLite file or a PostgreSQL schema per tenant.

use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use sea_orm::{DatabaseConnection, DatabaseTransaction, DbErr};
use tokio::sync::OnceCell;

use super::scope::TenantScope;
use crate::{
    Result,
    db::{Db, Location, Version},
};

/// Most namespaces that stay open: a shared instance's fifty tenants, and some more.
const OPEN_AT_ONCE: usize = 64;

/// How often a file is opened that another process makes at this moment.
const ATTEMPTS: u32 = 40;
/// How long to wait between two attempts.
const PAUSE: Duration = Duration::from_millis(50);

/// Where an instance keeps its namespaces.
#[derive(Clone, Debug)]
pub enum NamespacePlace {
    /// `<folder>/<slug>.db`.
    Sqlite {
        /// The folder; made when missing.
        folder: PathBuf,
    },
    /// Schema `tenant_<slug>`, with `_` for `-`.
    Postgres {
        /// `postgres://user:password@host:port/database`.
        url: String,
        /// Most connections of one tenant's pool.
        connections: u32,
    },
}

/// Opens namespaces when they are first needed, migrates them then, and closes
/// those that were used least recently when too many are open.
#[derive(Clone)]
pub struct Namespaces(Arc<Inner>);

struct Inner {
    place: NamespacePlace,
    capacity: usize,
    tick: AtomicU64,
    open: Mutex<HashMap<String, Entry>>,
}

struct Entry {
    used: u64,
    db: Arc<OnceCell<Db>>,
}

/// An open namespace of one tenant; only a [`TenantScope`] gives it.
#[derive(Clone, Debug)]
pub struct NamespaceDb(Db);

impl Namespaces {
    /// The namespaces at this place; none is opened yet.
    #[must_use]
    pub fn new(place: NamespacePlace) -> Self {
        Self::with_capacity(place, OPEN_AT_ONCE)
    }

    /// The same with another number of namespaces that stay open.
    #[must_use]
    pub fn with_capacity(place: NamespacePlace, capacity: usize) -> Self {
        Self(Arc::new(Inner {
            place,
            capacity: capacity.max(1),
            tick: AtomicU64::new(0),
            open: Mutex::new(HashMap::new()),
        }))
    }

    /// The tenant's namespace, made and migrated when it is opened for the first
    /// time; many callers at once open it once.
    ///
    /// # Errors
    /// When the database does not answer or a migration fails.
    pub async fn open(&self, scope: &TenantScope) -> Result<NamespaceDb> {
        let cell = self.entry(scope.slug());
        let db = cell
            .get_or_try_init(|| open(self.location(scope.slug())))
            .await?;
        Ok(NamespaceDb(db.clone()))
    }

    /// Which content the namespace of this name has, if it is open: nothing of the content.
    pub(in crate::stack) async fn version(&self, slug: &str) -> Result<Option<Version>> {
        let entry = self.lock().get(slug).map(|entry| Arc::clone(&entry.db));
        match entry.as_ref().and_then(|cell| cell.get()) {
            Some(db) => Ok(Some(db.version().await?)),
            None => Ok(None),
        }
    }

    /// How many namespaces are open.
    #[must_use]
    pub fn open_count(&self) -> usize {
        self.lock().len()
    }

    fn entry(&self, slug: &str) -> Arc<OnceCell<Db>> {
        let used = self.0.tick.fetch_add(1, Ordering::Relaxed);
        let mut open = self.lock();
        if let Some(entry) = open.get_mut(slug) {
            entry.used = used;
            return Arc::clone(&entry.db);
        }
        if open.len() >= self.0.capacity {
            let oldest = open
                .iter()
                .min_by_key(|(_, entry)| entry.used)
                .map(|(slug, _)| slug.clone());
            // Whoever still works with it keeps it open until they are done.
            oldest.and_then(|slug| open.remove(&slug));
        }
        let db = Arc::new(OnceCell::new());
        let entry = Entry {
            used,
            db: Arc::clone(&db),
        };
        open.insert(slug.to_owned(), entry);
        db
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, Entry>> {
        self.0.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn location(&self, slug: &str) -> Location {
        match &self.0.place {
            NamespacePlace::Sqlite { folder } => {
                Location::Sqlite(folder.join(format!("{slug}.db")))
            }
            NamespacePlace::Postgres { url, connections } => Location::Postgres {
                url: url.clone(),
                schema: format!("tenant_{}", slug.replace('-', "_")),
                connections: *connections,
            },
        }
    }
}

async fn open(location: Location) -> Result<Db, DbErr> {
    for _ in 1..ATTEMPTS {
        match open_once(&location).await {
            Err(error) if is_busy(&error) => tokio::time::sleep(PAUSE).await,
            answer => return answer,
        }
    }
    open_once(&location).await
}

async fn open_once(location: &Location) -> Result<Db, DbErr> {
    let db = Db::open(location).await?.measured("namespace");
    migration::up::<migration::namespace::Migrator>(db.write()).await?;
    Ok(db)
}

/// SQLite does not wait for another process that switches a new file to its
/// write-ahead log at the same moment.
fn is_busy(error: &DbErr) -> bool {
    error.to_string().contains("database is locked")
}

impl NamespaceDb {
    /// For queries.
    pub(in crate::stack) fn read(&self) -> &DatabaseConnection {
        self.0.read()
    }

    /// For single statements that write.
    pub(in crate::stack) fn write(&self) -> &DatabaseConnection {
        self.0.write()
    }

    /// Begins a transaction that writes.
    pub(in crate::stack) async fn begin(&self) -> Result<DatabaseTransaction, DbErr> {
        self.0.begin().await
    }

    /// Begins a transaction that only reads: all its queries see one moment.
    pub(in crate::stack) async fn snapshot(&self) -> Result<DatabaseTransaction, DbErr> {
        self.0.snapshot().await
    }
}
