//! One id type per entity, so that the compiler refuses a stack's id where a
//! tenant's is wanted. All are UUIDs, version 7 when we make them, so that they
//! sort by age.

use uuid::Uuid;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
        #[cfg_attr(feature = "db", derive(sea_orm::DeriveValueType))]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        #[cfg_attr(feature = "openapi", schema(value_type = String, format = "uuid"))]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        // SeaORM asks for it of every key; ids of ours never come from a counter.
        #[cfg(feature = "db")]
        impl sea_orm::TryFromU64 for $name {
            fn try_from_u64(_: u64) -> Result<Self, sea_orm::DbErr> {
                Err(sea_orm::DbErr::ConvertFromU64(stringify!($name)))
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::parse_str(text).map(Self)
            }
        }

        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self {
                Self(id)
            }
        }
    )+};
}

ids! {
    /// A person who signed in at least once.
    UserId,
    /// A tenant: one homelab with its members, plan and namespace.
    TenantId,
    /// A user's place in a tenant.
    MembershipId,
    /// An invitation that has not been answered yet.
    InvitationId,
    /// A portal session.
    SessionId,
    /// A personal API token.
    ApiTokenId,
    /// A Stack instance: the cell that holds up to fifty tenants.
    InstanceId,
    /// One observation of an instance.
    HealthCheckId,
    /// One launch of a tenant's homelab.
    LaunchId,
    /// One line of the audit log.
    AuditEventId,
    /// A member inside a tenant's namespace of the stack service.
    MemberId,
    /// A stack: one specification with its revisions, runs and state.
    StackId,
    /// A revision of a stack's specification.
    RevisionId,
    /// A node of a stack.
    NodeId,
    /// A run: plan, approval, apply.
    RunId,
    /// A background job.
    JobId,
}
