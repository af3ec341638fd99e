//! SeaORM entities: control (platform) and namespace (one tenant's).
