//! Tenants: making them, and the one way into what belongs to them.

use entity::control::{instance, membership, tenant, user};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait,
    PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, SqlErr,
};
use types::{
    ErrorCode, TenantId,
    portal::{
        Plan, PlanUse, Role, Scope, SubscriptionStatus, TenantBrief, TenantCreate, TenantOverview,
        TenantView,
    },
};

use super::{
    audit::{Audit, Entry},
    slug::slug_from,
};
use crate::{
    Error, Result,
    actor::Actor,
    admin::instance::Instances,
    db::Db,
    env::Env,
    error::{Wrong, is_line},
    plans::Plans,
};

/// Tenants.
#[derive(Clone)]
pub struct Tenants {
    db: Db,
    env: Env,
    plans: Plans,
    audit: Audit,
    instances: Instances,
}

/// Somebody's verified place in one tenant: nothing of a tenant is read or
/// changed without it.
#[derive(Clone, Debug)]
pub struct TenantAccess {
    /// The tenant.
    pub(crate) tenant: tenant::Model,
    /// What they may do.
    pub(crate) role: Role,
}

impl TenantAccess {
    /// The tenant's id.
    #[must_use]
    pub fn id(&self) -> TenantId {
        self.tenant.id
    }

    /// The role that this place gives.
    #[must_use]
    pub fn role(&self) -> Role {
        self.role
    }

    /// Whether the role allows what this one may do.
    ///
    /// # Errors
    /// `forbidden`.
    pub fn require(&self, role: Role) -> Result<()> {
        if self.role >= role {
            Ok(())
        } else {
            Err(Error::forbidden(format!(
                "the role {role} in {}; yours is {}",
                self.tenant.name, self.role
            )))
        }
    }
}

/// The actor's place in a tenant. A tenant that does not exist and one that they
/// do not belong to give the same answer.
///
/// # Errors
/// `tenant_not_found`.
pub(crate) async fn access(db: &Db, actor: &Actor, slug: &str) -> Result<TenantAccess> {
    place(db.read(), actor, slug).await
}

/// The same, with the tenant's row taken until the transaction ends: the actor's place,
/// and what else is read of the tenant in it, holds when the transaction writes.
///
/// # Errors
/// `tenant_not_found`.
pub(crate) async fn held(
    on: &DatabaseTransaction,
    actor: &Actor,
    slug: &str,
) -> Result<TenantAccess> {
    let asked = place(on, actor, slug).await?;
    lock(on, asked.id()).await?;
    place(on, actor, slug).await
}

async fn place(on: &impl ConnectionTrait, actor: &Actor, slug: &str) -> Result<TenantAccess> {
    actor.require_scope(Scope::Read)?;
    if !is_slug(slug) {
        return Err(Error::tenant_not_found());
    }
    let place = membership::Entity::find()
        .filter(membership::Column::UserId.eq(actor.user))
        .find_also_related(tenant::Entity)
        .filter(tenant::Column::Slug.eq(slug))
        .one(on)
        .await?;
    match place {
        Some((membership, Some(tenant))) => Ok(TenantAccess {
            tenant,
            role: membership.role,
        }),
        _ => Err(Error::tenant_not_found()),
    }
}

/// Whether anybody may work in the tenant's homelab. The portal itself stays open, so
/// that an admin can put it right.
///
/// # Errors
/// `forbidden` when the subscription was cancelled.
pub(crate) fn require_subscription(tenant: &tenant::Model) -> Result<()> {
    if tenant.subscription_status == SubscriptionStatus::Cancelled {
        return Err(Error::forbidden(
            "an active subscription; this one was cancelled. Ask your operator to renew it",
        ));
    }
    Ok(())
}

/// Takes the tenant's row until the transaction ends, so that what is counted in it,
/// such as its admins or its members, holds when the transaction writes.
pub(crate) async fn lock(on: &DatabaseTransaction, id: TenantId) -> Result<()> {
    tenant::Entity::find_by_id(id)
        .lock_exclusive()
        .one(on)
        .await?
        .map(|_| ())
        .ok_or_else(Error::tenant_not_found)
}

impl Tenants {
    pub(crate) fn new(db: Db, env: Env, plans: Plans, audit: Audit, instances: Instances) -> Self {
        Self {
            db,
            env,
            plans,
            audit,
            instances,
        }
    }

    /// The tenants that somebody belongs to, by name.
    pub(crate) async fn of(&self, actor: &Actor) -> Result<Vec<TenantBrief>> {
        actor.require_scope(Scope::Read)?;
        let places = membership::Entity::find()
            .filter(membership::Column::UserId.eq(actor.user))
            .find_also_related(tenant::Entity)
            .order_by_asc(tenant::Column::Name)
            .all(self.db.read())
            .await?;
        Ok(places
            .into_iter()
            .filter_map(|(place, tenant)| Some((place.role, tenant?)))
            .map(|(role, tenant)| brief(&tenant, role))
            .collect())
    }

    /// Makes a tenant with the actor as its admin. It is bound to
    /// no organisation until an operator binds it.
    ///
    /// # Errors
    /// `invalid` for a wrong name or slug, `conflict` for a slug that is taken, `plan_limit`
    /// for one more than a person may make.
    pub async fn create(&self, actor: &Actor, wanted: TenantCreate) -> Result<TenantView> {
        actor.require_scope(Scope::Write)?;
        let TenantCreate { name, slug } = wanted;
        let name = name.trim().to_owned();
        let named = is_line(&name, 1..=60);
        let mut wrong = Wrong::default();
        wrong.unless(
            named,
            "name",
            "The name needs 1 to 60 characters on one line.",
        );
        // Nothing is said of a slug that comes of a wrong name.
        let derived = slug.is_none();
        let slug = slug.unwrap_or_else(|| slug_from(&name));
        wrong.unless(
            is_slug(&slug) || (derived && !named),
            "slug",
            if derived {
                "No address can be made of this name. Choose one: 3 to 40 small letters, digits and hyphens, a letter first.".to_owned()
            } else {
                format!(
                    "\"{slug}\" cannot stand in an address: use 3 to 40 small letters, digits and hyphens, a letter first."
                )
            },
        );
        wrong.refuse()?;
        let tenant = self
            .insert(
                actor,
                NewTenant {
                    slug,
                    name,
                    plan: Plan::Free,
                    organisation_id: None,
                    sample: false,
                },
            )
            .await?;
        Ok(view(tenant, Role::Admin, None))
    }

    pub(crate) async fn insert(&self, actor: &Actor, new: NewTenant) -> Result<tenant::Model> {
        let now = self.env.now();
        let limits = self.plans.limits(new.plan);
        let transaction = self.db.begin().await?;
        if let Some(most) = limits.tenants_per_user.filter(|_| !actor.operator) {
            may_make_another(&transaction, actor, new.plan, most).await?;
        }
        let made = tenant::Entity::insert(tenant::ActiveModel {
            id: Set(self.env.id()),
            slug: Set(new.slug.clone()),
            name: Set(new.name),
            organisation_id: Set(new.organisation_id),
            instance_id: Set(None),
            plan: Set(new.plan),
            subscription_status: Set(SubscriptionStatus::Active),
            max_users: Set(to_i32(limits.max_users)),
            max_nodes: Set(to_i32(limits.max_nodes)),
            sample: Set(new.sample),
            launched_at: Set(None),
            created_by: Set(Some(actor.user)),
            created_at: Set(now),
            updated_at: Set(now),
        })
        .exec_with_returning(&transaction)
        .await
        .map_err(|error| match error.sql_err() {
            Some(SqlErr::UniqueConstraintViolation(_)) => Error::conflict(format!(
                "The address {} is taken. Choose another one.",
                new.slug
            )),
            _ => error.into(),
        })?;
        membership::Entity::insert(membership::ActiveModel {
            id: Set(self.env.id()),
            user_id: Set(actor.user),
            tenant_id: Set(made.id),
            role: Set(Role::Admin),
            by_organisation: Set(false),
            created_at: Set(now),
        })
        .exec_without_returning(&transaction)
        .await?;
        let entry = Entry::by(actor, "tenant.created", &made.name).in_tenant(&made.slug);
        self.audit.record(&transaction, entry).await?;
        transaction.commit().await?;
        Ok(made)
    }

    /// A tenant as its members see it.
    ///
    /// # Errors
    /// `tenant_not_found`.
    pub async fn view(&self, actor: &Actor, slug: &str) -> Result<TenantView> {
        let TenantAccess { tenant, role } = access(&self.db, actor, slug).await?;
        let instance = match tenant.instance_id {
            Some(id) => instance::Entity::find_by_id(id).one(self.db.read()).await?,
            None => None,
        };
        Ok(view(tenant, role, instance.map(|instance| instance.name)))
    }

    /// The portal's part of the overview page.
    ///
    /// # Errors
    /// `tenant_not_found`.
    pub async fn overview(&self, actor: &Actor, slug: &str) -> Result<TenantOverview> {
        let TenantAccess { tenant, role } = access(&self.db, actor, slug).await?;
        let members = membership::Entity::find()
            .filter(membership::Column::TenantId.eq(tenant.id))
            .count(self.db.read())
            .await?;
        let instance = match tenant.instance_id {
            Some(id) => Some(self.instances.observed(id).await?),
            None => None,
        };
        let members = PlanUse {
            label: "Members".to_owned(),
            used: u32::try_from(members).unwrap_or(u32::MAX),
            limit: u32::try_from(tenant.max_users).unwrap_or_default(),
        };
        let name = instance.as_ref().map(|instance| instance.name.clone());
        Ok(TenantOverview {
            tenant: view(tenant, role, name),
            members,
            instance,
            now: self.env.now(),
        })
    }

    /// The health of the instance that holds a tenant, for its live stream.
    ///
    /// # Errors
    /// `tenant_not_found`; `not_found` before the first launch.
    pub async fn instance_health(
        &self,
        actor: &Actor,
        slug: &str,
    ) -> Result<types::admin::InstanceHealthView> {
        let access = access(&self.db, actor, slug).await?;
        let id = access
            .tenant
            .instance_id
            .ok_or_else(|| Error::not_found("instance"))?;
        self.instances.observed(id).await
    }
}

/// Whether somebody may make one more tenant of a plan. Their row is taken, so that of two
/// that are made at once the second one is counted with the first.
async fn may_make_another(
    on: &DatabaseTransaction,
    actor: &Actor,
    plan: Plan,
    most: u32,
) -> Result<()> {
    user::Entity::find_by_id(actor.user)
        .lock_exclusive()
        .one(on)
        .await?;
    let made = tenant::Entity::find()
        .filter(tenant::Column::CreatedBy.eq(actor.user))
        .filter(tenant::Column::Plan.eq(plan))
        .count(on)
        .await?;
    if made < u64::from(most) {
        return Ok(());
    }
    Err(Error::refused(
        ErrorCode::PlanLimit,
        format!(
            "You have made {made} homelabs on the {} plan, and one person may make {most}. Use one of them, or choose a larger plan for one.",
            plan.title()
        ),
    ))
}

/// What a tenant is made from.
pub(crate) struct NewTenant {
    pub(crate) slug: String,
    pub(crate) name: String,
    pub(crate) plan: Plan,
    pub(crate) organisation_id: Option<String>,
    pub(crate) sample: bool,
}

fn to_i32(limit: u32) -> i32 {
    i32::try_from(limit).unwrap_or(i32::MAX)
}

fn brief(tenant: &tenant::Model, role: Role) -> TenantBrief {
    TenantBrief {
        slug: tenant.slug.clone(),
        name: tenant.name.clone(),
        plan: tenant.plan,
        role,
        sample: tenant.sample,
        launched: tenant.launched_at.is_some(),
    }
}

pub(crate) fn view(tenant: tenant::Model, role: Role, instance: Option<String>) -> TenantView {
    let tenant::Model {
        id,
        slug,
        name,
        organisation_id,
        instance_id: _,
        plan,
        subscription_status,
        max_users,
        max_nodes,
        sample,
        launched_at: _,
        created_by: _,
        created_at,
        updated_at: _,
    } = tenant;
    TenantView {
        id,
        slug,
        name,
        plan,
        subscription_status,
        organisation_id,
        instance,
        max_users,
        max_nodes,
        role,
        sample,
        created_at,
    }
}

/// Whether a word may be a tenant's name in URLs, and so in file and schema names.
#[must_use]
pub fn is_slug(slug: &str) -> bool {
    let bytes = slug.as_bytes();
    (3..=40).contains(&bytes.len())
        && bytes[0].is_ascii_lowercase()
        && bytes
            .iter()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || *byte == b'-')
        && bytes[bytes.len() - 1] != b'-'
        && !matches!(
            slug,
            "new" | "admin" | "api" | "auth" | "account" | "kits" | "launch"
        )
}
