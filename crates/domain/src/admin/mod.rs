//! The admin centre: instances and their health, tenants, users, jobs.

pub mod health;
pub mod instance;
pub mod job;
pub mod overview;
pub mod placement;
pub mod tenant;
pub mod user;

use types::admin::AdminOverview;

use crate::{Result, actor::Actor};

/// The admin centre's services.
#[derive(Clone)]
pub struct Admin {
    /// Instances.
    pub instances: instance::Instances,
    /// Background work.
    pub jobs: job::Jobs,
    /// Tenants on instances.
    pub placement: placement::Placement,
    /// Tenants of all.
    pub tenants: tenant::AdminTenants,
    /// Users of all.
    pub users: user::Users,
    pub(crate) overview: overview::Overview,
}

impl Admin {
    /// The admin centre's first page.
    ///
    /// # Errors
    /// `forbidden` unless operator.
    pub async fn overview(&self, actor: &Actor) -> Result<AdminOverview> {
        self.overview.read(actor).await
    }
}
