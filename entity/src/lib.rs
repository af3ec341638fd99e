//! SeaORM entities: control (platform), instance (one Stack instance) and
//! namespace (one tenant's).

pub mod control;
pub mod instance;
pub mod namespace;
