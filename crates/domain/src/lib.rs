//! The services of kombify, and the ports to what lies outside.
//!
//! Server functions and REST handlers call these services with an `Actor`; the
//! services authorise. SeaORM stays in here, in `entity`, `migration` and `jobs`.

pub mod db;
pub mod env;
mod error;
pub mod ports;

pub use error::{Error, Result};
