//! Which content a database has: told apart by every commit, of any process.

use domain::db::Db;
use sea_orm::ConnectionTrait;

use crate::support::World;

async fn make_table(db: &Db, name: &str) {
    db.write()
        .execute_unprepared(&format!("CREATE TABLE {name} (x INTEGER)"))
        .await
        .expect("a table");
}

async fn a_commit_of_any_process_makes_another_version(world: &World) {
    let here = world.place.instance().await;
    let elsewhere = world.place.instance().await;
    let mut last = here.version().await.expect("a version");
    for (db, table) in [(&here, "one"), (&elsewhere, "two"), (&here, "three")] {
        make_table(db, table).await;
        let next = here.version().await.expect("a version");
        assert_ne!(next, last, "{table}");
        last = next;
    }
}

/// On PostgreSQL other tests commit on the same server, which counts as a change.
#[tokio::test]
async fn on_sqlite_the_version_stays_without_a_commit() {
    let world = World::sqlite().await;
    let db = world.place.instance().await;
    let first = db.version().await.expect("a version");
    let unfinished = db.begin().await.expect("a transaction");
    unfinished
        .execute_unprepared("CREATE TABLE never (x INTEGER)")
        .await
        .expect("a table");
    for _ in 0..10 {
        assert_eq!(db.version().await.expect("a version"), first);
    }
    unfinished.rollback().await.expect("undone");
    assert_eq!(db.version().await.expect("a version"), first);
}

on_both!(a_commit_of_any_process_makes_another_version);
