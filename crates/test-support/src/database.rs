//! A shell beside the services.

use std::{pin::pin, time::Duration};

use domain::db::{Db, Location};
use futures::future::{Either, select};
use sea_orm::{ConnectionTrait, Statement};

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

/// Changes something in a transaction on PostgreSQL that ends once the other thing waits
/// for it, and sees the other one through. The location needs two connections.
///
/// # Panics
/// When the database refuses, or the other thing ends without waiting.
pub async fn beside<T>(location: &Location, change: &str, other: impl Future<Output = T>) -> T {
    let db = Db::open(location).await.expect("the database");
    let changing = db.begin().await.expect("a transaction");
    changing.execute_unprepared(change).await.expect("changed");
    let waits = Statement::from_string(
        changing.get_database_backend(),
        "SELECT 1 FROM pg_stat_activity
         WHERE datname = current_database() AND wait_event_type = 'Lock'",
    );
    let waits = async {
        let found = || db.read().query_one_raw(waits.clone());
        while found().await.expect("an answer").is_none() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    match select(pin!(other), pin!(waits)).await {
        Either::Left(_) => panic!("it did not wait for: {change}"),
        Either::Right(((), other)) => {
            changing.commit().await.expect("committed");
            other.await
        }
    }
}
