//! Kits: the blueprints that stacks are made from.

pub(crate) mod kit;
pub(crate) mod list;
