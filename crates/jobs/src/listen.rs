//! Wake-ups between processes on PostgreSQL: NOTIFY, which is sent when the
//! transaction commits, and LISTEN.

use std::time::Duration;

use sea_orm::{ConnectionTrait, DbBackend, DbErr, sqlx::postgres::PgListener};
use tokio_util::sync::CancellationToken;
use tracing::warn;
use types::JobId;

use crate::{Queue, signal::Signal, sql};

const CHANNEL: &str = "kombify_jobs";

/// Tells other processes that there is work, or that this job changed. Does nothing
/// on SQLite. Log lines are not announced: a NOTIFY takes a lock that the whole
/// PostgreSQL cluster shares at commit.
pub(crate) async fn notify(
    connection: &impl ConnectionTrait,
    job: Option<JobId>,
) -> Result<(), DbErr> {
    if connection.get_database_backend() == DbBackend::Postgres {
        let payload = job.map(|job| job.to_string()).unwrap_or_default();
        let sql = "SELECT pg_notify($1, $2)";
        let call = sql::statement(connection, sql, [CHANNEL.into(), payload.into()]);
        connection.query_one_raw(call).await?;
    }
    Ok(())
}

/// Passes notifications on to this process until the token is cancelled. Uses one
/// connection of the pool. Returns at once on SQLite.
pub(crate) async fn listen(queue: Queue, stop: CancellationToken) {
    if queue.database().get_database_backend() != DbBackend::Postgres {
        return;
    }
    let receive = async {
        loop {
            if let Err(error) = pass_on(&queue).await {
                warn!(queue = queue.name(), %error, "the job queue polls only: LISTEN failed");
            }
            tokio::time::sleep(Duration::from_secs(5)).await;
        }
    };
    tokio::select! {
        () = stop.cancelled() => {}
        () = receive => {}
    }
}

async fn pass_on(queue: &Queue) -> Result<(), sea_orm::SqlxError> {
    let pool = queue.database().get_postgres_connection_pool();
    let mut listener = PgListener::connect_with(pool).await?;
    listener.listen(CHANNEL).await?;
    // What was sent before is found by this look.
    queue.signals().work();
    loop {
        // None: the connection was lost and is back; something may have been missed.
        match listener.try_recv().await? {
            Some(news) => match news.payload().parse() {
                Ok(job) => queue.signals().job(Signal::Changed(job)),
                Err(_) => queue.signals().work(),
            },
            None => queue.signals().work(),
        }
    }
}
