//! A verified place in one tenant.

use std::sync::Arc;

use entity::instance::tenant;
use types::{
    MemberId, TenantId,
    portal::{Plan, Role, Scope},
};

use crate::{Error, Result};

/// Somebody's verified place in one tenant; every method of the stack service that
/// touches a tenant's data takes one.
#[derive(Clone, Debug)]
pub struct TenantScope(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    tenant: tenant::Model,
    who: Who,
    request_id: String,
}

/// Who stands in a tenant.
#[derive(Clone, Debug)]
pub(super) struct Who {
    /// The member.
    pub(super) member: MemberId,
    /// Name for logs and for others to read.
    pub(super) name: String,
    /// What they may do in the tenant.
    pub(super) role: Role,
    /// What the token that they brought may do; `None` for a session.
    pub(super) scopes: Option<Vec<Scope>>,
}

impl Who {
    /// Background work: it acts on rows that a person made, so nothing but the
    /// tenant is taken from it.
    pub(super) fn worker() -> Self {
        Self {
            member: MemberId(uuid::Uuid::nil()),
            name: "kombify".to_owned(),
            role: Role::Viewer,
            scopes: Some(Vec::new()),
        }
    }
}

impl TenantScope {
    pub(super) fn new(tenant: tenant::Model, who: Who, request_id: &str) -> Self {
        Self(Arc::new(Inner {
            tenant,
            who,
            request_id: request_id.to_owned(),
        }))
    }

    /// The tenant's id.
    #[must_use]
    pub fn tenant_id(&self) -> TenantId {
        self.0.tenant.id
    }

    /// The tenant's slug.
    #[must_use]
    pub fn slug(&self) -> &str {
        &self.0.tenant.slug
    }

    /// The tenant's plan, as the last hand-over named it.
    #[must_use]
    pub fn plan(&self) -> Plan {
        self.0.tenant.plan
    }

    /// Most nodes of the tenant.
    #[must_use]
    pub fn max_nodes(&self) -> u32 {
        u32::try_from(self.0.tenant.max_nodes).unwrap_or_default()
    }

    /// The member who asks.
    #[must_use]
    pub fn member(&self) -> MemberId {
        self.0.who.member
    }

    /// The name of who asks.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0.who.name
    }

    /// The role of who asks.
    #[must_use]
    pub fn role(&self) -> Role {
        self.0.who.role
    }

    /// The request's id.
    #[must_use]
    pub fn request_id(&self) -> &str {
        &self.0.request_id
    }

    /// Whether the role, and the token if one was used, allow this.
    ///
    /// # Errors
    /// `forbidden`, saying what would be needed.
    pub fn require(&self, role: Role, scope: Scope) -> Result<()> {
        let Who {
            role: held, scopes, ..
        } = &self.0.who;
        if *held < role {
            return Err(Error::forbidden(format!(
                "the role {role} in {}; yours is {held}",
                self.0.tenant.name
            )));
        }
        match scopes {
            Some(scopes) if !scopes.contains(&scope) => Err(Error::forbidden(format!(
                "an API token with the scope {scope}"
            ))),
            _ => Ok(()),
        }
    }
}

/// Whether a text can be a tenant's slug: `^[a-z][a-z0-9-]{1,38}[a-z0-9]$`.
#[must_use]
pub fn is_slug(text: &str) -> bool {
    let bytes = text.as_bytes();
    let plain = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    (3..=40).contains(&bytes.len())
        && bytes[0].is_ascii_lowercase()
        && bytes.last().is_some_and(plain)
        && bytes.iter().all(|byte| plain(byte) || *byte == b'-')
}

#[cfg(test)]
mod tests {
    use super::is_slug;

    #[test]
    fn slugs_are_safe_as_file_and_schema_names() {
        for good in ["abc", "a-1", "nordhaus-lab", &"a".repeat(40)] {
            assert!(is_slug(good), "{good}");
        }
        for bad in [
            "",
            "ab",
            "1ab",
            "-ab",
            "ab-",
            "aB1",
            "a_b",
            "a/b",
            "../x",
            "a b",
            "äbc",
            &"a".repeat(41),
        ] {
            assert!(!is_slug(bad), "{bad}");
        }
    }
}
