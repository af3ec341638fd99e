//! What the portal shows and takes: people, tenants, plans, launch.

use serde::{Deserialize, Serialize};

use crate::{
    ApiTokenId, AuditEventId, InvitationId, LaunchId, SessionId, TenantId, Timestamp, UserId,
    admin::{HealthStatus, InstanceHealthView},
    string_enum::string_enum,
};

string_enum! {
    /// What a tenant pays for; limits quantity, never security.
    Plan { Free = "FREE", Pro = "PRO", Enterprise = "ENTERPRISE" }
}

impl Plan {
    /// The plan's name as a person reads it.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Free => "Free",
            Self::Pro => "Pro",
            Self::Enterprise => "Enterprise",
        }
    }
}

string_enum! {
    /// What a member may do in a tenant: a viewer reads, a member plans, an admin
    /// approves, invites and destroys.
    Role { Viewer = "viewer", Member = "member", Admin = "admin" }
}

string_enum! {
    /// Whether a tenant may work.
    SubscriptionStatus { Active = "ACTIVE", PastDue = "PAST_DUE", Cancelled = "CANCELLED" }
}

string_enum! {
    /// What an API token may do.
    Scope {
        /// Read everything its owner may read.
        Read = "read",
        /// Change stacks and start runs.
        Write = "write",
        /// Approve, cancel and destroy.
        Approve = "approve",
    }
}

string_enum! {
    /// Where one step of a launch stands.
    StepState { Pending = "pending", Running = "running", Done = "done", Failed = "failed" }
}

/// The signed-in person and what they may enter.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ViewerView {
    /// The user.
    pub id: UserId,
    /// Name for display.
    pub name: String,
    /// E-mail address, empty when the issuer gives none.
    pub email: String,
    /// May enter the admin centre.
    pub operator: bool,
    /// Tenants the user belongs to, by name.
    pub tenants: Vec<TenantBrief>,
}

/// A tenant as the switcher lists it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TenantBrief {
    /// Name in URLs.
    pub slug: String,
    /// Name for people.
    pub name: String,
    /// Its plan.
    pub plan: Plan,
    /// The viewer's role in it.
    pub role: Role,
    /// Made by the sample data, not by a person.
    pub sample: bool,
    /// It was launched before, so there is a homelab to work in.
    pub launched: bool,
}

/// What a new tenant needs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct TenantCreate {
    /// Name for people, 1 to 60 characters.
    pub name: String,
    /// Name in URLs: `^[a-z][a-z0-9-]{1,38}[a-z0-9]$`; made from the name when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slug: Option<String>,
}

/// A tenant as its members see it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TenantView {
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
    /// The organisation at the issuer, when it is bound to one.
    pub organisation_id: Option<String>,
    /// Name of the instance that holds it, once launched.
    pub instance: Option<String>,
    /// Most members.
    pub max_users: i32,
    /// Most nodes.
    pub max_nodes: i32,
    /// The viewer's role in it.
    pub role: Role,
    /// Made by the sample data.
    pub sample: bool,
    /// When it was made.
    pub created_at: Timestamp,
}

/// How much of one limit is used.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PlanUse {
    /// What is counted, e.g. `Nodes`.
    pub label: String,
    /// Used now.
    pub used: u32,
    /// The plan's limit.
    pub limit: u32,
}

/// The portal's part of the overview page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TenantOverview {
    /// The tenant.
    pub tenant: TenantView,
    /// Members against the plan.
    pub members: PlanUse,
    /// The instance that holds the tenant, with its last checks.
    pub instance: Option<InstanceHealthView>,
    /// The server's time when this was read.
    pub now: Timestamp,
}

/// A member of a tenant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MemberView {
    /// The user.
    pub user: UserId,
    /// Name for display.
    pub name: String,
    /// E-mail address.
    pub email: String,
    /// Role in this tenant.
    pub role: Role,
    /// When they joined.
    pub joined_at: Timestamp,
    /// When they were last seen, if ever.
    pub last_seen_at: Option<Timestamp>,
    /// This is the viewer.
    pub is_viewer: bool,
}

/// An invitation that waits for an answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct InvitationView {
    /// Its id.
    pub id: InvitationId,
    /// Whom it is for, as the inviter noted it.
    pub note: String,
    /// The role it gives.
    pub role: Role,
    /// Who invited.
    pub invited_by: String,
    /// When it stops to work.
    pub expires_at: Timestamp,
}

/// What an invitation needs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct InvitationCreate {
    /// Whom it is for; only shown to members.
    #[serde(default)]
    pub note: String,
    /// The role it gives.
    pub role: Role,
}

/// An invitation's link; shown once.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct InvitationLink {
    /// The address to open, with the secret in it.
    pub url: String,
    /// When it stops to work.
    pub expires_at: Timestamp,
}

/// What somebody sees who opens an invitation's link.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct InvitationOffer {
    /// Name of the tenant.
    pub tenant: String,
    /// Its name in addresses.
    pub slug: String,
    /// The role it gives.
    pub role: Role,
    /// Who invited.
    pub invited_by: String,
}

/// The members page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MembersView {
    /// Members, by name.
    pub members: Vec<MemberView>,
    /// Invitations that wait.
    pub invitations: Vec<InvitationView>,
    /// Members against the plan.
    pub usage: PlanUse,
    /// The server's time when this was read.
    pub now: Timestamp,
}

/// A personal API token, without its secret.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ApiTokenView {
    /// Its id.
    pub id: ApiTokenId,
    /// Its owner's name for it.
    pub name: String,
    /// The first characters, to recognise it by.
    pub prefix: String,
    /// What it may do.
    pub scopes: Vec<Scope>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it stops to work.
    pub expires_at: Timestamp,
    /// When it was last used, if ever.
    pub last_used_at: Option<Timestamp>,
}

/// What a new API token needs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ApiTokenCreate {
    /// A name to recognise it by, 1 to 60 characters.
    pub name: String,
    /// What it may do; at least one, and `read` is always one of them.
    pub scopes: Vec<Scope>,
    /// Days until it stops to work, 1 to 365.
    pub days: u16,
}

/// A new API token with its secret; shown once.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ApiTokenSecret {
    /// The token.
    pub token: ApiTokenView,
    /// The secret, `kbf_…`; only its hash is kept.
    pub secret: String,
}

/// A signed-in browser of the viewer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SessionView {
    /// Its id.
    pub id: SessionId,
    /// When it was signed in.
    pub created_at: Timestamp,
    /// When it was last used.
    pub last_seen_at: Timestamp,
    /// It is the one that asks.
    pub current: bool,
}

/// One line of the audit log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AuditEventView {
    /// Its id.
    pub id: AuditEventId,
    /// When it happened.
    pub at: Timestamp,
    /// Who did it.
    pub actor: String,
    /// What was done, e.g. `run.approved`.
    pub action: String,
    /// To what, as a person names it.
    pub subject: String,
    /// More, in words.
    pub detail: String,
    /// The slug of the tenant that it concerns; none when it concerns the platform.
    pub tenant: Option<String>,
    /// The request that did it.
    pub request_id: Option<String>,
}

/// A page of the audit log.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AuditPage {
    /// Its lines, newest first.
    pub events: Vec<AuditEventView>,
    /// The line before which the log goes on; none when there are no older ones.
    pub older: Option<AuditEventId>,
}

/// One step of a launch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LaunchStep {
    /// What is done, e.g. `Place on an instance`.
    pub title: String,
    /// Where it stands.
    pub state: StepState,
    /// What was observed, e.g. `local, 3 of 50 tenants`.
    pub detail: String,
    /// How long it took, in milliseconds.
    pub duration_ms: Option<u32>,
}

/// A launch with its steps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LaunchView {
    /// Its id.
    pub id: LaunchId,
    /// The tenant's slug.
    pub tenant: String,
    /// All steps, also those to come.
    pub steps: Vec<LaunchStep>,
    /// It ended, well or not.
    pub ended: bool,
    /// Where the browser goes on, once all steps are done.
    pub redirect: Option<String>,
    /// Why it failed and what to do.
    pub failure: Option<String>,
}

/// What is known before anybody signed in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WelcomeView {
    /// Nodes in the free plan.
    pub free_nodes: u32,
    /// Sign-in is by the embedded development issuer.
    pub development: bool,
    /// No operator exists yet: the set-up link has to be opened first.
    pub needs_set_up: bool,
    /// The worst health of all active instances, when there are any.
    pub status: Option<HealthStatus>,
}
