//! The application through HTTP.

mod endpoints;
mod identity;
mod support;
