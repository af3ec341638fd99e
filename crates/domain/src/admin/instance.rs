//! Stack instances: the register, and what was last observed of each.

use std::collections::HashMap;

use entity::control::{instance, instance_health_check, launch_code};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, EntityTrait, ModelTrait, QueryFilter, QueryOrder, QuerySelect,
    SqlErr, sea_query::OnConflict,
};
use types::{
    InstanceId, Timestamp,
    admin::{
        DeploymentMode, HealthCheckView, HealthStatus, InstanceCreate, InstanceHealthView,
        InstanceStatus, InstanceView, ProvisionerKind,
    },
    portal::Scope,
};
use url::Url;

use super::user::still_operator;
use crate::{
    Error, Result,
    actor::Actor,
    db::Db,
    env::Env,
    error::{Wrong, is_line},
    portal::{
        audit::{Audit, Entry},
        tenant::is_slug,
        worse,
    },
};

/// How often an instance is looked at.
pub const CHECK_SECONDS: i64 = 15;
/// Older than this, the newest check says nothing any more.
pub(super) const STALE_SECONDS: i64 = 3 * CHECK_SECONDS;
/// Checks shown: nine minutes.
const SHOWN: u64 = 36;

/// Stack instances.
#[derive(Clone)]
pub struct Instances {
    db: Db,
    env: Env,
    audit: Audit,
}

impl Instances {
    pub(crate) fn new(db: Db, env: Env, audit: Audit) -> Self {
        Self { db, env, audit }
    }

    /// Every instance with its last checks, by name.
    ///
    /// # Errors
    /// `forbidden` unless operator.
    pub async fn list(&self, actor: &Actor) -> Result<Vec<InstanceView>> {
        actor.require_operator(Scope::Read)?;
        self.all().await
    }

    pub(crate) async fn all(&self) -> Result<Vec<InstanceView>> {
        let now = self.env.now();
        let instances = instance::Entity::find()
            .order_by_asc(instance::Column::Name)
            .all(self.db.read())
            .await?;
        let since =
            now.plus_seconds(-(i64::try_from(SHOWN).unwrap_or_default() + 1) * CHECK_SECONDS);
        let mut checks: HashMap<InstanceId, Vec<instance_health_check::Model>> = HashMap::new();
        let recent = instance_health_check::Entity::find()
            .filter(instance_health_check::Column::Timestamp.gte(since))
            .order_by_asc(instance_health_check::Column::Timestamp)
            .all(self.db.read())
            .await?;
        for check in recent {
            checks.entry(check.instance_id).or_default().push(check);
        }
        Ok(instances
            .into_iter()
            .map(|instance| {
                let seen = checks.remove(&instance.id).unwrap_or_default();
                view(instance, seen, now)
            })
            .collect())
    }

    /// One instance.
    ///
    /// # Errors
    /// `forbidden` unless operator, `not_found`.
    pub async fn view(&self, actor: &Actor, id: InstanceId) -> Result<InstanceView> {
        actor.require_operator(Scope::Read)?;
        let (instance, checks) = self.with_checks(id).await?;
        Ok(view(instance, checks, self.env.now()))
    }

    /// What was last observed of one instance.
    ///
    /// # Errors
    /// `forbidden` unless operator, `not_found`.
    pub async fn health(&self, actor: &Actor, id: InstanceId) -> Result<InstanceHealthView> {
        actor.require_operator(Scope::Read)?;
        self.observed(id).await
    }

    /// The same, for members of a tenant that it holds.
    pub(crate) async fn observed(&self, id: InstanceId) -> Result<InstanceHealthView> {
        let (instance, checks) = self.with_checks(id).await?;
        Ok(health(&instance, checks, self.env.now()))
    }

    async fn with_checks(
        &self,
        id: InstanceId,
    ) -> Result<(instance::Model, Vec<instance_health_check::Model>)> {
        let instance = instance::Entity::find_by_id(id)
            .one(self.db.read())
            .await?
            .ok_or_else(|| Error::not_found("instance"))?;
        let mut checks = instance_health_check::Entity::find()
            .filter(instance_health_check::Column::InstanceId.eq(id))
            .order_by_desc(instance_health_check::Column::Timestamp)
            .limit(SHOWN)
            .all(self.db.read())
            .await?;
        checks.reverse();
        Ok((instance, checks))
    }

    /// Enters an instance into the register. It is PROVISIONING until its first
    /// healthy check, and holds no tenant before.
    ///
    /// # Errors
    /// `forbidden` unless operator, `invalid`, `conflict` for a name that is taken.
    pub async fn create(&self, actor: &Actor, wanted: InstanceCreate) -> Result<InstanceView> {
        actor.require_operator(Scope::Write)?;
        let InstanceCreate {
            name,
            region,
            deployment_mode,
            max_tenants,
            internal_endpoint,
            public_endpoint,
        } = wanted;
        let most = deployment_mode.default_max_tenants();
        let max_tenants = max_tenants.unwrap_or(most);
        let mut wrong = Wrong::default();
        wrong.unless(
            is_slug(&name),
            "name",
            "The name needs 3 to 40 small letters, digits and hyphens, a letter first.",
        );
        wrong.unless(
            (1..=most).contains(&max_tenants),
            "max_tenants",
            format!("A {deployment_mode} instance holds 1 to {most} tenants."),
        );
        wrong.unless(
            is_line(&region, 1..=60),
            "region",
            "The region needs 1 to 60 characters on one line.",
        );
        for (field, address) in [
            ("internal_endpoint", Some(&internal_endpoint)),
            ("public_endpoint", public_endpoint.as_ref()),
        ] {
            wrong.unless(
                address.is_none_or(|address| is_base_address(address)),
                field,
                "The address has to be one like https://stack-2.example:4000: http:// or https://, a host, a port if need be, and no slash at its end.",
            );
        }
        wrong.refuse()?;
        let now = self.env.now();
        let transaction = self.db.begin().await?;
        still_operator(&transaction, actor).await?;
        let made = instance::Entity::insert(instance::ActiveModel {
            id: Set(self.env.id()),
            name: Set(name.clone()),
            region: Set(region),
            provisioner: Set(ProvisionerKind::Local),
            status: Set(InstanceStatus::Provisioning),
            max_tenants: Set(max_tenants),
            current_tenants: Set(0),
            deployment_mode: Set(deployment_mode),
            internal_endpoint: Set(internal_endpoint),
            public_endpoint: Set(public_endpoint),
            next_check_at: Set(now),
            created_at: Set(now),
            updated_at: Set(now),
        })
        .exec_with_returning(&transaction)
        .await
        .map_err(|error| match error.sql_err() {
            Some(SqlErr::UniqueConstraintViolation(_)) => Error::conflict(format!(
                "An instance named {name} is registered already. Choose another name."
            )),
            _ => error.into(),
        })?;
        self.audit
            .record(
                &transaction,
                Entry::by(actor, "instance.created", &made.name),
            )
            .await?;
        transaction.commit().await?;
        Ok(view(made, Vec::new(), now))
    }

    /// Takes an instance out of the register: one that was entered wrongly, or that is no
    /// more. It must hold no tenant and not answer, for what answers enters itself again.
    ///
    /// # Errors
    /// `forbidden` unless operator, `not_found`, `conflict`.
    pub async fn remove(&self, actor: &Actor, id: InstanceId) -> Result<()> {
        actor.require_operator(Scope::Write)?;
        let transaction = self.db.begin().await?;
        still_operator(&transaction, actor).await?;
        let instance = instance::Entity::find_by_id(id)
            .lock_exclusive()
            .one(&transaction)
            .await?
            .ok_or_else(|| Error::not_found("instance"))?;
        let name = instance.name.clone();
        if instance.current_tenants > 0 {
            return Err(Error::conflict(format!(
                "{name} still holds {} of its {} tenants. Only an instance without tenants can be removed.",
                instance.current_tenants, instance.max_tenants
            )));
        }
        let newest = instance_health_check::Entity::find()
            .filter(instance_health_check::Column::InstanceId.eq(id))
            .order_by_desc(instance_health_check::Column::Timestamp)
            .one(&transaction)
            .await?;
        let checks = newest.into_iter().collect();
        match health(&instance, checks, self.env.now()).status {
            HealthStatus::Healthy | HealthStatus::Degraded => {
                return Err(Error::conflict(format!(
                    "{name} answers. Stop it first, then remove it."
                )));
            }
            HealthStatus::Unknown if instance.status == InstanceStatus::Active => {
                return Err(Error::conflict(format!(
                    "{name} was well once and was not looked at lately. Try again once it was looked at."
                )));
            }
            HealthStatus::Unhealthy | HealthStatus::Unknown => {}
        }
        instance_health_check::Entity::delete_many()
            .filter(instance_health_check::Column::InstanceId.eq(id))
            .exec(&transaction)
            .await?;
        launch_code::Entity::delete_many()
            .filter(launch_code::Column::InstanceId.eq(id))
            .exec(&transaction)
            .await?;
        instance.delete(&transaction).await?;
        let entry = Entry::by(actor, "instance.removed", name);
        self.audit.record(&transaction, entry).await?;
        Ok(transaction.commit().await?)
    }

    /// Makes sure that the instance of this process is in the register under its
    /// name, at its present address.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn register_local(&self, name: &str, internal_endpoint: &str) -> Result<InstanceId> {
        let now = self.env.now();
        let registered = instance::Entity::insert(instance::ActiveModel {
            id: Set(self.env.id()),
            name: Set(name.to_owned()),
            region: Set("local".to_owned()),
            provisioner: Set(ProvisionerKind::Local),
            status: Set(InstanceStatus::Provisioning),
            max_tenants: Set(DeploymentMode::Shared.default_max_tenants()),
            current_tenants: Set(0),
            deployment_mode: Set(DeploymentMode::Shared),
            internal_endpoint: Set(internal_endpoint.to_owned()),
            public_endpoint: Set(None),
            next_check_at: Set(now),
            created_at: Set(now),
            updated_at: Set(now),
        })
        .on_conflict(
            OnConflict::column(instance::Column::Name)
                .update_columns([
                    instance::Column::InternalEndpoint,
                    instance::Column::NextCheckAt,
                ])
                .to_owned(),
        )
        .exec_with_returning(self.db.write())
        .await?;
        Ok(registered.id)
    }

    /// The worst of what holds for active instances; `None` when there are none.
    pub(crate) async fn worst_active(&self) -> Result<Option<HealthStatus>> {
        Ok(self
            .all()
            .await?
            .into_iter()
            .filter(|instance| instance.status == InstanceStatus::Active)
            .map(|instance| instance.health.status)
            .reduce(worse))
    }
}

fn is_base_address(address: &str) -> bool {
    let is_base = |url: Url| {
        matches!(url.scheme(), "http" | "https")
            && url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none()
    };
    is_line(address, 1..=200)
        && !address.ends_with('/')
        && !address.contains(char::is_whitespace)
        && Url::parse(address).is_ok_and(is_base)
}

fn health(
    instance: &instance::Model,
    checks: Vec<instance_health_check::Model>,
    now: Timestamp,
) -> InstanceHealthView {
    let status = checks
        .last()
        .filter(|newest| now.millis_since(newest.timestamp) <= STALE_SECONDS * 1000)
        .map_or(HealthStatus::Unknown, |newest| newest.status);
    InstanceHealthView {
        id: instance.id,
        name: instance.name.clone(),
        status,
        checks: checks.into_iter().map(check_view).collect(),
        now,
    }
}

fn check_view(check: instance_health_check::Model) -> HealthCheckView {
    let instance_health_check::Model {
        id: _,
        instance_id: _,
        timestamp,
        status,
        database,
        api,
        agents,
        database_ms,
        api_ms,
        cpu_percent,
        memory_percent,
        storage_percent,
        detail,
    } = check;
    HealthCheckView {
        at: timestamp,
        status,
        database,
        api,
        agents,
        database_ms,
        api_ms,
        cpu_percent,
        memory_percent,
        storage_percent,
        detail,
    }
}

fn view(
    instance: instance::Model,
    checks: Vec<instance_health_check::Model>,
    now: Timestamp,
) -> InstanceView {
    let health = health(&instance, checks, now);
    let instance::Model {
        id,
        name,
        region,
        provisioner,
        status,
        max_tenants,
        current_tenants,
        deployment_mode,
        internal_endpoint,
        public_endpoint,
        next_check_at: _,
        created_at,
        updated_at: _,
    } = instance;
    InstanceView {
        id,
        name,
        region,
        provisioner,
        status,
        deployment_mode,
        max_tenants,
        current_tenants,
        internal_endpoint,
        public_endpoint,
        health,
        created_at,
    }
}
