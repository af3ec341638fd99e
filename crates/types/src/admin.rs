//! What the admin centre shows and takes: instances, their health, tenants.

use serde::{Deserialize, Serialize};

use crate::{
    InstanceId, TenantId, Timestamp, UserId,
    portal::{AuditEventView, Plan, SubscriptionStatus},
    string_enum::string_enum,
};

string_enum! {
    /// Where an instance is in its life.
    InstanceStatus {
        Provisioning = "PROVISIONING",
        Active = "ACTIVE",
        Suspended = "SUSPENDED",
        Decommissioning = "DECOMMISSIONING",
    }
}

string_enum! {
    /// Who shares an instance.
    DeploymentMode {
        /// Up to 50 tenants.
        Shared = "SHARED",
        /// One tenant with all of it.
        Dedicated = "DEDICATED",
    }
}

impl DeploymentMode {
    /// Most tenants that an instance of this mode holds unless told otherwise.
    #[must_use]
    pub const fn default_max_tenants(self) -> i32 {
        match self {
            Self::Shared => 50,
            Self::Dedicated => 1,
        }
    }
}

string_enum! {
    /// What was last observed of an instance as a whole.
    HealthStatus { Healthy = "HEALTHY", Degraded = "DEGRADED", Unhealthy = "UNHEALTHY", Unknown = "UNKNOWN" }
}

string_enum! {
    /// What was observed of one component.
    ComponentStatus { Ok = "OK", Error = "ERROR", Timeout = "TIMEOUT" }
}

string_enum! {
    /// Who makes and wakes an instance.
    ProvisionerKind {
        /// In this process.
        Local = "LOCAL",
    }
}

/// One observation of an instance.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HealthCheckView {
    /// When it was observed.
    pub at: Timestamp,
    /// The instance as a whole.
    pub status: HealthStatus,
    /// Its database.
    pub database: ComponentStatus,
    /// Its API.
    pub api: ComponentStatus,
    /// Its agents: an error when one that should report does not.
    pub agents: ComponentStatus,
    /// How long the database took to answer, in milliseconds.
    pub database_ms: Option<f64>,
    /// How long the API took to answer, in milliseconds.
    pub api_ms: Option<f64>,
    /// Processor use, 0 to 100.
    pub cpu_percent: Option<f64>,
    /// Memory use, 0 to 100.
    pub memory_percent: Option<f64>,
    /// Storage use, 0 to 100.
    pub storage_percent: Option<f64>,
    /// What was wrong, in words.
    pub detail: String,
}

/// An instance with its last checks; the newest check is last.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct InstanceHealthView {
    /// The instance's id.
    pub id: InstanceId,
    /// Its name.
    pub name: String,
    /// What holds now: UNKNOWN when the newest check is older than three periods.
    pub status: HealthStatus,
    /// The last checks, oldest first, at most 36 (nine minutes).
    pub checks: Vec<HealthCheckView>,
    /// The server's time when this was read.
    pub now: Timestamp,
}

/// An instance as operators see it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct InstanceView {
    /// Its id.
    pub id: InstanceId,
    /// Its name.
    pub name: String,
    /// Where it runs.
    pub region: String,
    /// Who made it.
    pub provisioner: ProvisionerKind,
    /// Where it is in its life.
    pub status: InstanceStatus,
    /// Who shares it.
    pub deployment_mode: DeploymentMode,
    /// Most tenants.
    pub max_tenants: i32,
    /// Tenants now.
    pub current_tenants: i32,
    /// Where the platform reaches it.
    pub internal_endpoint: String,
    /// Where browsers reach it, when that differs.
    pub public_endpoint: Option<String>,
    /// Its health and last checks.
    pub health: InstanceHealthView,
    /// When it was made.
    pub created_at: Timestamp,
}

/// What a new instance needs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct InstanceCreate {
    /// Its name: `^[a-z][a-z0-9-]{1,38}[a-z0-9]$`, unique.
    pub name: String,
    /// Where it runs, for people.
    pub region: String,
    /// Who shares it; SHARED when absent.
    #[serde(default = "shared")]
    pub deployment_mode: DeploymentMode,
    /// Most tenants; the mode's default when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_tenants: Option<i32>,
    /// Base address where the platform reaches it.
    pub internal_endpoint: String,
    /// Base address where browsers reach it, when that differs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub public_endpoint: Option<String>,
}

const fn shared() -> DeploymentMode {
    DeploymentMode::Shared
}

/// A tenant as operators see it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TenantAdminView {
    /// Its id.
    pub id: TenantId,
    /// Name in URLs.
    pub slug: String,
    /// Name for people.
    pub name: String,
    /// Its plan.
    pub plan: Plan,
    /// Whether it may work.
    pub subscription_status: SubscriptionStatus,
    /// How many members.
    pub members: u32,
    /// The instance that holds it.
    pub instance: Option<InstanceId>,
    /// That instance's name.
    pub instance_name: Option<String>,
    /// The organisation at the OpenID provider whose roles give places in it.
    pub organisation_id: Option<String>,
    /// When it was first launched; from then on it stays on its instance.
    pub launched_at: Option<Timestamp>,
    /// Made by the sample data.
    pub sample: bool,
    /// When it was made.
    pub created_at: Timestamp,
}

/// The instance that an operator chose for a tenant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct InstanceAssign {
    /// The instance.
    pub instance: InstanceId,
}

/// The organisation that an operator binds a tenant to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct OrganisationBind {
    /// Its id at the OpenID provider, 1 to 200 characters; `null` unbinds the tenant, and
    /// to say nothing is refused.
    #[serde(deserialize_with = "Option::deserialize")]
    #[cfg_attr(feature = "openapi", schema(required))]
    pub organisation_id: Option<String>,
}

/// Whether a user is to be an operator.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct OperatorChange {
    /// May enter the admin centre.
    pub operator: bool,
}

/// A user as operators see them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UserAdminView {
    /// The user.
    pub id: UserId,
    /// Name for display.
    pub name: String,
    /// E-mail address.
    pub email: String,
    /// May enter the admin centre, made so here; a role at the provider counts beside it.
    pub operator: bool,
    /// The person who looks.
    pub is_viewer: bool,
    /// Names of their tenants.
    pub tenants: Vec<String>,
    /// When they were last seen, if ever.
    pub last_seen_at: Option<Timestamp>,
}

/// A number with its course: today's value and one point per hour.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Figure {
    /// What it is.
    pub label: String,
    /// The value now, as it is shown.
    pub value: String,
    /// One more fact, e.g. `9 new this week`.
    pub detail: String,
    /// Its course, oldest first; empty when nothing was observed.
    pub course: Vec<f64>,
}

/// Something that waits for an operator.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Decision {
    /// What it is about.
    pub title: String,
    /// Why it waits.
    pub detail: String,
    /// The button's verb.
    pub action: String,
    /// Where it leads.
    pub href: String,
}

/// The admin centre's first page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AdminOverview {
    /// Four numbers.
    pub figures: Vec<Figure>,
    /// Instances, those that need attention first.
    pub instances: Vec<InstanceView>,
    /// What waits for an operator.
    pub decisions: Vec<Decision>,
    /// What people did last, newest first.
    pub activity: Vec<AuditEventView>,
    /// The server's time when this was read.
    pub now: Timestamp,
}
