//! The services of kombify, and the ports to what lies outside.
//!
//! Server functions and REST handlers call these services with an `Actor`; the
//! services authorise. SeaORM stays in here, in `entity`, `migration` and `jobs`.

pub mod actor;
pub mod admin;
pub mod assertion;
pub mod db;
pub mod env;
mod error;
pub mod installation;
pub mod plans;
pub mod portal;
pub mod ports;
pub mod sample;
pub mod services;
pub mod stack;
pub mod vault;

pub use error::{Error, Result};
pub use services::Services;
