//! A stack instance's own database: who its tenants are and who is signed in there.

pub mod consumed_assertion;
pub mod instance_config;
pub mod sso_mapping;
pub mod stack_session;
pub mod tenant;
