//! Pages: the Leptos interface, and the few documents that need no interface.

mod interface;
mod kept;
mod plain;

pub(crate) use interface::mount;
pub(crate) use kept::KeptPages;
pub(crate) use plain::{document, failure};
