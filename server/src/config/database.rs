//! Where its database is.

use serde::Deserialize;

/// Where its database is.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Database {
    /// `postgres://…`; SQLite files in `data.dir` when empty. Also read from `DATABASE_URL`.
    pub url: String,
    /// Most connections of the control database's pool (PostgreSQL).
    pub connections: u32,
}

impl Database {
    /// Host and port of the server; no user and no password.
    #[must_use]
    pub fn host(&self) -> &str {
        let rest = self.url.split_once("://").map_or("", |(_, rest)| rest);
        let host = rest.split(['/', '?']).next().unwrap_or_default();
        host.rsplit_once('@').map_or(host, |(_, host)| host)
    }

    /// Whether it is PostgreSQL.
    #[must_use]
    pub fn is_postgres(&self) -> bool {
        self.url.starts_with("postgres://") || self.url.starts_with("postgresql://")
    }
}
