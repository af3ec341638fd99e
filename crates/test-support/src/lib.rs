//! Databases, builders and a running application for tests.

pub mod issuer;
pub mod postgres;
