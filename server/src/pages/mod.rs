//! Pages: the Leptos interface, and the few documents that need no interface.

mod interface;
mod plain;

pub(crate) use interface::mount;
pub(crate) use plain::{document, failure};
