//! SeaORM migrations: control, instance and namespace.
