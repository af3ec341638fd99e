//! The binary `kombify`: command line, settings, wiring, HTTP.
//!
//! A library besides, so that tests can run the whole application in their own
//! process with their own clock.

mod auth;
mod cli;
pub mod compose;
pub mod config;
mod cookies;
mod csrf;
#[cfg(feature = "dev-issuer")]
mod dev_issuer;
mod error;
mod extract;
mod health;
mod http;
mod keys;
mod limits;
mod output;
mod pages;
mod request_id;
mod rest;
mod roles;
mod run;
mod sample;
mod security_headers;
mod state;
mod streams;
mod telemetry;
mod unread;

pub use cli::main;
