//! The stack service: tenants of an instance, their stacks, runs and states.

pub mod tenancy;

pub use tenancy::{NamespaceDb, NamespacePlace, Namespaces, TenantScope};
