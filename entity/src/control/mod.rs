//! The platform's own database.

pub mod api_token;
pub mod audit_event;
pub mod installation;
pub mod instance;
pub mod instance_health_check;
pub mod invitation;
pub mod launch;
pub mod launch_code;
pub mod logout_notice;
pub mod membership;
pub mod session;
pub mod set_up_link;
pub mod tenant;
pub mod user;
