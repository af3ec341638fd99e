//! Finding or making a tenant, and a member in its namespace.

use entity::{
    instance::{instance_config, sso_mapping, tenant},
    namespace::member,
};
use sea_orm::{
    ActiveModelTrait,
    ActiveValue::Set,
    ColumnTrait, DatabaseTransaction, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter,
    QuerySelect,
    sea_query::{Expr, OnConflict},
};
use types::{
    ErrorCode, MemberId, TenantId, admin::DeploymentMode, portal::Role, stack::StackTenantStatus,
};
use uuid::Uuid;

use super::{
    namespaces::Namespaces,
    scope::{TenantScope, Who, is_slug},
};
use crate::{Error, Result, assertion::AssertionClaims, db::Db, env::Env};

/// What an instance that was never configured begins with.
#[derive(Clone, Copy, Debug)]
pub(in crate::stack) struct Capacity {
    pub(in crate::stack) mode: DeploymentMode,
    pub(in crate::stack) max_tenants: i32,
}

/// A verified identity at the identity provider, with its role in one tenant.
#[derive(Clone, Debug)]
pub(super) struct Identity {
    pub(super) issuer: String,
    pub(super) subject: String,
    pub(super) name: String,
    pub(super) email: String,
    pub(super) role: Role,
}

impl From<&AssertionClaims> for Identity {
    fn from(claims: &AssertionClaims) -> Self {
        Self {
            issuer: claims.idp.clone(),
            subject: claims.sub.clone(),
            name: claims.name.clone(),
            email: claims.email.clone(),
            role: claims.role,
        }
    }
}

/// The tenant of an assertion, made when this is its first hand-over, and brought
/// up to what the assertion says of it.
///
/// # Errors
/// `invalid` when the slug cannot be one, `conflict` when it belongs to another tenant
/// here or the tenant has another one, `no_capacity` when the instance is full,
/// `forbidden` when the tenant is suspended, `tenant_not_found` when it was deleted.
pub(super) async fn ensure_tenant(
    on: &DatabaseTransaction,
    env: &Env,
    capacity: Capacity,
    claims: &AssertionClaims,
) -> Result<tenant::Model> {
    let now = env.now();
    let asserted = &claims.tenant;
    follow_binding(on, env, claims).await?;
    if let Some(found) = tenant::Entity::find_by_id(asserted.id).one(on).await? {
        return refresh_tenant(on, env, found, claims).await;
    }
    if !is_slug(&asserted.slug) {
        return Err(Error::invalid("slug", "The tenant's slug is not valid."));
    }
    let config = lock_config(on, env, capacity).await?;
    // Another hand-over may have made it while this one waited for the lock.
    if let Some(found) = tenant::Entity::find_by_id(asserted.id).one(on).await? {
        return refresh_tenant(on, env, found, claims).await;
    }
    let here = tenant::Entity::find()
        .filter(tenant::Column::Status.ne(StackTenantStatus::Deleted))
        .count(on)
        .await?;
    if here >= u64::try_from(config.max_tenants).unwrap_or_default() {
        return Err(Error::refused(
            ErrorCode::NoCapacity,
            format!(
                "This instance holds {} tenants and takes no more. Ask your operator for another instance.",
                config.max_tenants
            ),
        ));
    }
    let taken = tenant::Column::Slug.eq(&asserted.slug);
    if tenant::Entity::find().filter(taken).count(on).await? > 0 {
        return Err(Error::conflict(format!(
            "This instance holds another tenant named {}. Ask your operator to look at both.",
            asserted.slug
        )));
    }
    let made = tenant::ActiveModel {
        id: Set(asserted.id),
        slug: Set(asserted.slug.clone()),
        name: Set(asserted.name.clone()),
        organisation_id: Set(claims.org.clone()),
        plan: Set(claims.plan),
        max_users: Set(asserted.max_users),
        max_nodes: Set(asserted.max_nodes),
        status: Set(StackTenantStatus::Active),
        created_at: Set(now),
        updated_at: Set(now),
    };
    tracing::info!(
        tenant.slug = asserted.slug,
        "a tenant came to this instance"
    );
    Ok(made.insert(on).await?)
}

/// The instance's one configuration row, locked until the transaction ends.
async fn lock_config(
    on: &DatabaseTransaction,
    env: &Env,
    capacity: Capacity,
) -> Result<instance_config::Model> {
    instance_config::Entity::insert(instance_config::ActiveModel {
        id: Set(1),
        deployment_mode: Set(capacity.mode),
        max_tenants: Set(capacity.max_tenants),
        features: Set(serde_json::json!({})),
        updated_at: Set(env.now()),
    })
    .on_conflict(
        OnConflict::column(instance_config::Column::Id)
            .do_nothing()
            .to_owned(),
    )
    .exec_without_returning(on)
    .await?;
    instance_config::Entity::find_by_id(1)
        .lock_exclusive()
        .one(on)
        .await?
        .ok_or_else(|| Error::internal("read the instance's configuration", "its row is missing"))
}

/// Takes the organisation from any other tenant that had it here: the portal binds it to
/// one tenant, and the assertion that arrives last counts.
async fn follow_binding(
    on: &DatabaseTransaction,
    env: &Env,
    claims: &AssertionClaims,
) -> Result<()> {
    if let Some(organisation) = &claims.org {
        tenant::Entity::update_many()
            .col_expr(tenant::Column::OrganisationId, Expr::value(None::<String>))
            .col_expr(tenant::Column::UpdatedAt, Expr::value(env.now()))
            .filter(tenant::Column::OrganisationId.eq(organisation))
            .filter(tenant::Column::Id.ne(claims.tenant.id))
            .exec(on)
            .await?;
    }
    Ok(())
}

async fn refresh_tenant(
    on: &DatabaseTransaction,
    env: &Env,
    found: tenant::Model,
    claims: &AssertionClaims,
) -> Result<tenant::Model> {
    may_work(&found)?;
    if found.slug != claims.tenant.slug {
        return Err(Error::conflict(format!(
            "This instance knows the tenant as {}, and its name in URLs never changes. Ask your operator to look at it.",
            found.slug
        )));
    }
    let now = tenant::Model {
        name: claims.tenant.name.clone(),
        organisation_id: claims.org.clone(),
        plan: claims.plan,
        max_users: claims.tenant.max_users,
        max_nodes: claims.tenant.max_nodes,
        ..found.clone()
    };
    if now == found {
        return Ok(found);
    }
    let mut change = now.into_active_model().reset_all();
    change.updated_at = Set(env.now());
    Ok(change.update(on).await?)
}

/// Whether a tenant may be worked in.
///
/// # Errors
/// `forbidden` when it is suspended, `tenant_not_found` when it was deleted.
pub(super) fn may_work(tenant: &tenant::Model) -> Result<()> {
    match tenant.status {
        StackTenantStatus::Active => Ok(()),
        StackTenantStatus::Suspended => Err(Error::refused(
            ErrorCode::Forbidden,
            format!(
                "{} is suspended. Ask its admin or your operator to resume it.",
                tenant.name
            ),
        )),
        StackTenantStatus::Deleted => Err(Error::tenant_not_found()),
    }
}

/// The member that an identity is in the tenant's namespace, made when it comes for
/// the first time. The identity is (issuer, subject): the same e-mail address under
/// another subject is another member.
pub(super) async fn ensure_member(
    namespaces: &Namespaces,
    env: &Env,
    tenant: &tenant::Model,
    identity: &Identity,
) -> Result<MemberId> {
    let scope = TenantScope::new(tenant.clone(), Who::worker(), "");
    let db = namespaces.open(&scope).await?;
    let now = env.now();
    member::Entity::insert(member::ActiveModel {
        id: Set(env.id()),
        issuer: Set(identity.issuer.clone()),
        subject: Set(identity.subject.clone()),
        email: Set(identity.email.clone()),
        name: Set(identity.name.clone()),
        role: Set(identity.role),
        created_at: Set(now),
        last_seen_at: Set(now),
    })
    .on_conflict(
        OnConflict::columns([member::Column::Issuer, member::Column::Subject])
            .update_columns([
                member::Column::Email,
                member::Column::Name,
                member::Column::Role,
                member::Column::LastSeenAt,
            ])
            .to_owned(),
    )
    .exec_without_returning(db.write())
    .await?;
    member::Entity::find()
        .filter(member::Column::Issuer.eq(&identity.issuer))
        .filter(member::Column::Subject.eq(&identity.subject))
        .one(db.write())
        .await?
        .map(|member| member.id)
        .ok_or_else(|| Error::internal("find the member", "the row just written is missing"))
}

/// Notes that an identity came in as this member.
pub(super) async fn note_login(
    on: &impl sea_orm::ConnectionTrait,
    env: &Env,
    tenant: TenantId,
    member: MemberId,
    identity: &Identity,
) -> Result<()> {
    sso_mapping::Entity::insert(sso_mapping::ActiveModel {
        id: Set(env.id::<Uuid>()),
        tenant_id: Set(tenant),
        issuer: Set(identity.issuer.clone()),
        subject: Set(identity.subject.clone()),
        member_id: Set(member),
        is_admin: Set(identity.role == Role::Admin),
        last_login_at: Set(env.now()),
    })
    .on_conflict(
        OnConflict::columns([
            sso_mapping::Column::Issuer,
            sso_mapping::Column::Subject,
            sso_mapping::Column::TenantId,
        ])
        .update_columns([
            sso_mapping::Column::MemberId,
            sso_mapping::Column::IsAdmin,
            sso_mapping::Column::LastLoginAt,
        ])
        .to_owned(),
    )
    .exec_without_returning(on)
    .await?;
    Ok(())
}

/// The member of an identity that was here before, or one made now.
pub(super) async fn known_member(
    instance: &Db,
    namespaces: &Namespaces,
    env: &Env,
    tenant: &tenant::Model,
    identity: &Identity,
) -> Result<MemberId> {
    let known = sso_mapping::Entity::find()
        .filter(sso_mapping::Column::TenantId.eq(tenant.id))
        .filter(sso_mapping::Column::Issuer.eq(&identity.issuer))
        .filter(sso_mapping::Column::Subject.eq(&identity.subject))
        .one(instance.read())
        .await?;
    if let Some(known) = known {
        return Ok(known.member_id);
    }
    let member = ensure_member(namespaces, env, tenant, identity).await?;
    note_login(instance.write(), env, tenant.id, member, identity).await?;
    Ok(member)
}
