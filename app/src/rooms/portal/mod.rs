//! The portal: people, tenants, plans, launch.

pub(crate) mod account;
pub(crate) mod audit;
pub(crate) mod health_card;
pub(crate) mod invitation;
pub(crate) mod invite;
pub(crate) mod launch;
pub(crate) mod members;
pub(crate) mod overview;
pub(crate) mod picture;
pub(crate) mod plan;
pub(crate) mod problem;
pub(crate) mod tenant_new;
pub(crate) mod welcome;
