//! Databases, builders and a running application for tests.

pub mod database;
pub mod issuer;
pub mod postgres;
