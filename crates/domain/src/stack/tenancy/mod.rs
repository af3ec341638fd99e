//! Who may enter which tenant, and the one way into a tenant's namespace.
//!
//! Invariant: a [`TenantScope`] is made in this module only, after the tenant and
//! the caller's place in it were verified, and a [`NamespaceDb`] is given only for
//! a scope. So the compiler refuses a query that names no tenant:
//!
//! ```compile_fail
//! async fn leak(namespaces: &domain::stack::Namespaces) {
//!     namespaces.open("nordhaus").await; // wants a &TenantScope
//! }
//! ```
//! ```compile_fail
//! fn forge(scope: domain::stack::TenantScope) -> domain::stack::TenantScope {
//!     domain::stack::TenantScope { ..scope } // its fields are private
//! }
//! ```

pub mod access;
pub mod exchange;
pub mod hand_over;
pub mod namespaces;
pub(in crate::stack) mod provision;
pub mod scope;

pub use access::Access;
pub use exchange::Exchange;
pub use namespaces::{NamespaceDb, NamespacePlace, Namespaces};
pub use scope::TenantScope;
