//! Databases and an OpenID issuer for tests.

pub mod database;
pub mod interface;
pub mod issuer;
pub mod postgres;
