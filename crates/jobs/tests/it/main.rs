//! The queue through its public door, on SQLite and on PostgreSQL.

#[macro_use]
mod support;

mod cancel;
mod claim;
mod crash;
mod enqueue;
mod lease;
mod limits;
mod list;
mod logs;
mod outage;
mod schedule;
mod worker;
