//! Measures of a database: its statements and its connections.

use sea_orm::{DatabaseBackend, DatabaseConnection, metric::Info};

use super::Db;

impl Db {
    /// Counts and times every statement under this name, e.g. `control`.
    #[must_use]
    pub fn measured(mut self, name: &'static str) -> Self {
        for connection in [&mut self.write, &mut self.read] {
            connection.set_metric_callback(move |info| record(name, info));
        }
        self
    }

    /// Sets the gauges of the connections as they are now.
    pub fn publish_connections(&self, name: &'static str) {
        let (mut open, mut idle) = pool(&self.write);
        if self.backend() == DatabaseBackend::Sqlite {
            let (readers, idle_readers) = pool(&self.read);
            open += readers;
            idle += idle_readers;
        }
        for (state, count) in [("idle", idle), ("busy", open.saturating_sub(idle))] {
            #[expect(clippy::cast_precision_loss, reason = "a pool is small")]
            metrics::gauge!("kombify_database_connections", "database" => name, "state" => state)
                .set(count as f64);
        }
    }
}

fn record(name: &'static str, info: &Info<'_>) {
    let labels = [
        ("database", name),
        ("operation", operation(&info.statement.sql)),
    ];
    metrics::histogram!("kombify_database_query_duration_seconds", &labels)
        .record(info.elapsed.as_secs_f64());
    if info.failed {
        metrics::counter!("kombify_database_query_failures_total", &labels).increment(1);
    }
}

/// The first word of a statement, of which there are few.
fn operation(sql: &str) -> &'static str {
    let word = sql.split_whitespace().next().unwrap_or_default();
    ["select", "insert", "update", "delete", "with"]
        .into_iter()
        .find(|known| word.eq_ignore_ascii_case(known))
        .unwrap_or("other")
}

/// How many connections are open, and how many of them wait for work.
fn pool(connection: &DatabaseConnection) -> (usize, usize) {
    match connection.get_database_backend() {
        DatabaseBackend::Sqlite => {
            let pool = connection.get_sqlite_connection_pool();
            (
                usize::try_from(pool.size()).unwrap_or_default(),
                pool.num_idle(),
            )
        }
        DatabaseBackend::Postgres => {
            let pool = connection.get_postgres_connection_pool();
            (
                usize::try_from(pool.size()).unwrap_or_default(),
                pool.num_idle(),
            )
        }
        _ => (0, 0),
    }
}
