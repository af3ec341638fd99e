//! A shell beside the services.

use domain::db::{Db, Location};
use sea_orm::ConnectionTrait;

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
