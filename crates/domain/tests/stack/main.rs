//! The stack service from outside, on SQLite and on PostgreSQL, with an engine and a
//! runner that speak the real ports and misbehave on demand.

#[macro_use]
mod support;

mod access;
mod at_rest;
mod cancel;
mod crash;
mod cut_off;
mod events;
mod exchange;
mod hand_over;
mod isolation;
mod log;
mod namespaces;
mod plan_limit;
mod runs;
mod specifications;
mod state;
mod version;
