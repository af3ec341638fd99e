//! What a server stands on: a data folder, a database, and a port that stays its own.

use std::{
    net::TcpListener,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU16, Ordering},
};

use tempfile::TempDir;
use test_support::postgres::Database;

/// The master key of all processes of a test.
pub(crate) const KEY: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

/// Where a server's data is; it outlives the server's processes.
pub(crate) struct Place {
    pub(crate) folder: TempDir,
    pub(crate) database: Option<Database>,
}

impl Place {
    pub(crate) fn sqlite() -> Self {
        Self {
            folder: tempfile::tempdir().expect("a temporary folder"),
            database: None,
        }
    }

    /// None where tests on PostgreSQL are switched off.
    pub(crate) async fn postgres() -> Option<Self> {
        Some(Self {
            folder: tempfile::tempdir().expect("a temporary folder"),
            database: Some(Database::create().await?),
        })
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// `postgres://…`, or nothing for SQLite.
    pub(crate) fn url(&self) -> String {
        self.database
            .as_ref()
            .map(Database::url)
            .unwrap_or_default()
    }
}

/// A port that nobody listens on. Below those that the system gives to connections, so
/// that it is still free when a server starts on it again.
pub(crate) fn port() -> u16 {
    const FIRST: u16 = 20_000;
    const COUNT: u16 = 12_000;
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let begin = u16::try_from(std::process::id() % u32::from(COUNT)).expect("small");
    loop {
        let step = NEXT.fetch_add(1, Ordering::Relaxed);
        let port = FIRST + (begin + step) % COUNT;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}
