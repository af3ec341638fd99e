//! The portal: sign-in, people, tenants, plans, launch.

pub mod api_token;
pub mod audit;
pub mod invitation;
pub mod launch;
pub mod launch_code;
pub mod member;
pub mod return_to;
pub mod session;
pub mod set_up;
pub mod sign_in;
mod slug;
mod stack_port;
pub mod tenant;

use types::{
    admin::HealthStatus,
    portal::{Plan, TenantBrief, ViewerView, WelcomeView},
};

use crate::{
    Result,
    actor::Actor,
    admin::instance::Instances,
    db::{Db, Version},
    plans::Plans,
};

/// The portal's services.
#[derive(Clone)]
pub struct Portal {
    /// Personal API tokens.
    pub api_tokens: api_token::ApiTokens,
    /// The audit log.
    pub audit: audit::Audit,
    /// Invitations by link.
    pub invitations: invitation::Invitations,
    /// Launches and their steps.
    pub launches: launch::Launches,
    /// One-use codes of the hand-over.
    pub launch_codes: launch_code::LaunchCodes,
    /// Members and their roles.
    pub members: member::Members,
    /// Signed-in browsers.
    pub sessions: session::Sessions,
    /// The first operator.
    pub set_up: set_up::SetUp,
    /// Sign-in by OpenID Connect.
    pub sign_in: sign_in::SignIn,
    /// Tenants.
    pub tenants: tenant::Tenants,
    pub(crate) db: Db,
    pub(crate) plans: Plans,
    pub(crate) instances: Instances,
    pub(crate) development: bool,
}

impl Portal {
    /// What is shown before anybody signed in.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn welcome(&self) -> Result<WelcomeView> {
        Ok(WelcomeView {
            free_nodes: self.plans.limits(Plan::Free).max_nodes,
            development: self.development,
            needs_set_up: self.set_up.nobody_operates().await?,
            status: self.instances.worst_active().await?,
        })
    }

    /// The signed-in person and what they may enter.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn viewer(&self, actor: &Actor) -> Result<ViewerView> {
        Ok(ViewerView {
            id: actor.user,
            name: actor.name.clone(),
            email: actor.email.clone(),
            operator: actor.operator,
            tenants: self.tenants.of(actor).await?,
        })
    }

    /// The tenant that a signed-in person lands in: the first by name.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn home(&self, actor: &Actor) -> Result<Option<TenantBrief>> {
        Ok(self.tenants.of(actor).await?.into_iter().next())
    }

    /// Sets the gauges of the control database's connections.
    pub fn publish_connections(&self) {
        self.db.publish_connections("control");
    }

    /// Which content the control database has.
    pub(crate) async fn version(&self) -> Result<Version> {
        Ok(self.db.version().await?)
    }

    /// Whether the control database answers.
    ///
    /// # Errors
    /// When it does not.
    pub async fn ping(&self) -> Result<()> {
        Ok(self.db.ping().await?)
    }
}

/// The worse of two observations; unknown is worse than healthy and no worse than broken.
#[must_use]
pub fn worse(a: HealthStatus, b: HealthStatus) -> HealthStatus {
    let rank = |status| match status {
        HealthStatus::Healthy => 0,
        HealthStatus::Unknown => 1,
        HealthStatus::Degraded => 2,
        HealthStatus::Unhealthy => 3,
    };
    if rank(a) >= rank(b) { a } else { b }
}
