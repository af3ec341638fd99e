//! Pages: the Leptos interface, and the few documents that need no interface.

mod built;
mod interface;
mod kept;
mod plain;
mod said;

pub(crate) use built::why_not;
pub(crate) use interface::router;
pub(crate) use kept::KeptPages;
pub(crate) use plain::{document, failure, failure_as};
#[cfg(feature = "dev-issuer")]
pub(crate) use plain::{escape, html};
