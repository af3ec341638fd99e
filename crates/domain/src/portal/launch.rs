//! Launching a tenant's homelab: place it, look at its instance, hand over. The
//! steps are a job's, kept in the database, so that they can be watched and survive
//! a crash.

use std::sync::Arc;

use async_trait::async_trait;
use entity::control::{instance, launch, tenant};
use jobs::{Handler, JobContext, NewJob, Outcome, Queue};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter};
use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use types::{
    LaunchId, TenantId,
    admin::HealthStatus,
    portal::{LaunchStep, LaunchView, Scope, StepState},
};

use super::{
    audit::{Audit, Entry},
    tenant::{held, require_subscription},
};
use crate::{
    Error, Result, actor::Actor, admin::placement::Placement, db::Db, env::Env,
    ports::InstanceProbe,
};

const KIND: &str = "portal.launch";
/// For how long a launch that ended can be looked at.
const KEPT_SECONDS: i64 = 30 * 24 * 3600;
/// A launch that got no further for so long is ended.
const STUCK_SECONDS: i64 = 10 * 60;
const STUCK: &str = "The launch got no further for ten minutes and was ended. Launch again; if it stays so, no worker takes it: tell your operator.";
const CHECK: usize = 0;
const PLACE: usize = 1;
const LOOK: usize = 2;
const HAND_OVER: usize = 3;
const TITLES: [&str; 4] = [
    "Check plan and membership",
    "Place on an instance",
    "Look at the instance",
    "Hand over",
];

/// Launches and their steps.
#[derive(Clone)]
pub struct Launches {
    db: Db,
    env: Env,
    audit: Audit,
    queue: Queue,
    placement: Placement,
    probe: Arc<dyn InstanceProbe>,
    changed: watch::Sender<u64>,
}

#[derive(Serialize, Deserialize)]
struct Payload {
    launch: LaunchId,
}

impl Launches {
    pub(crate) fn new(
        db: Db,
        env: Env,
        audit: Audit,
        queue: Queue,
        placement: Placement,
        probe: Arc<dyn InstanceProbe>,
    ) -> Self {
        Self {
            db,
            env,
            audit,
            queue,
            placement,
            probe,
            changed: watch::Sender::new(0),
        }
    }

    /// Starts a launch; the job and the row commit together.
    ///
    /// # Errors
    /// `tenant_not_found`.
    pub async fn start(&self, actor: &Actor, slug: &str) -> Result<LaunchView> {
        actor.require_scope(Scope::Write)?;
        let now = self.env.now();
        let steps: Vec<LaunchStep> = TITLES
            .iter()
            .map(|title| LaunchStep {
                title: (*title).to_owned(),
                state: StepState::Pending,
                detail: String::new(),
                duration_ms: None,
            })
            .collect();
        let transaction = self.db.begin().await?;
        let access = held(&transaction, actor, slug).await?;
        let made = launch::Entity::insert(launch::ActiveModel {
            id: Set(self.env.id()),
            tenant_id: Set(access.id()),
            user_id: Set(actor.user),
            steps: Set(to_json(&steps)?),
            ended: Set(false),
            redirect: Set(None),
            failure: Set(None),
            created_at: Set(now),
            updated_at: Set(now),
        })
        .exec_with_returning(&transaction)
        .await?;
        let payload = serde_json::to_value(Payload { launch: made.id })
            .map_err(|error| Error::internal("write the job", error))?;
        let job = NewJob::new(KIND, payload)
            .tenant(slug)
            .idempotency_key(made.id.to_string())
            .request_id(actor.request_id.clone());
        self.queue
            .enqueue(&transaction, job)
            .await
            .map_err(|error| Error::internal("enqueue the launch", error))?;
        let entry = Entry::by(actor, "tenant.launched", &access.tenant.name).in_tenant(slug);
        self.audit.record(&transaction, entry).await?;
        transaction.commit().await?;
        self.queue.wake();
        view(made, slug)
    }

    /// A launch with its steps, for whoever started it.
    ///
    /// # Errors
    /// `not_found` when it is somebody else's.
    pub async fn view(&self, actor: &Actor, id: LaunchId) -> Result<LaunchView> {
        actor.require_scope(Scope::Read)?;
        let launch = launch::Entity::find_by_id(id)
            .filter(launch::Column::UserId.eq(actor.user))
            .one(self.db.read())
            .await?
            .ok_or_else(|| Error::not_found("launch"))?;
        let tenant = tenant::Entity::find_by_id(launch.tenant_id)
            .one(self.db.read())
            .await?
            .ok_or_else(|| Error::not_found("launch"))?;
        view(launch, &tenant.slug)
    }

    /// Changes when a step of any launch changed in this process; a view of another
    /// process' launch looks by itself.
    #[must_use]
    pub fn subscribe(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// Ends launches that nothing carries on, and forgets those that ended long ago, with
    /// their jobs; called now and then.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn sweep(&self) -> Result<()> {
        let now = self.env.now();
        let stuck = launch::Entity::update_many()
            .set(launch::ActiveModel {
                ended: Set(true),
                failure: Set(Some(STUCK.to_owned())),
                updated_at: Set(now),
                ..Default::default()
            })
            .filter(launch::Column::Ended.eq(false))
            .filter(launch::Column::UpdatedAt.lt(now.plus_seconds(-STUCK_SECONDS)))
            .exec(self.db.write())
            .await?;
        if stuck.rows_affected > 0 {
            tracing::error!(
                launches = stuck.rows_affected,
                "launches came to no end and were ended"
            );
            self.announce();
        }
        let before = now.plus_seconds(-KEPT_SECONDS);
        launch::Entity::delete_many()
            .filter(launch::Column::Ended.eq(true))
            .filter(launch::Column::UpdatedAt.lt(before))
            .exec(self.db.write())
            .await?;
        self.queue
            .prune(before)
            .await
            .map_err(|error| Error::internal("prune the platform's queue", error))?;
        Ok(())
    }

    async fn run(&self, id: LaunchId) -> Result<()> {
        let Some(launch) = launch::Entity::find_by_id(id).one(self.db.read()).await? else {
            return Ok(());
        };
        if launch.ended {
            return Ok(());
        }
        let tenant = launch.tenant_id;
        let mut steps: Vec<LaunchStep> = serde_json::from_value(launch.steps)
            .map_err(|error| Error::internal("read the steps", error))?;
        let (slug, detail) = self.step(id, &mut steps, CHECK, self.check(tenant)).await?;
        debug_assert!(!detail.is_empty());
        let (instance, _) = self.step(id, &mut steps, PLACE, self.place(tenant)).await?;
        self.step(id, &mut steps, LOOK, self.look(&instance))
            .await?;
        let redirect = {
            let base = instance.public_endpoint.clone().unwrap_or_default();
            format!("{base}/sso/start?tenant={slug}&return_to=%2Ftenant%2F{slug}")
        };
        let said = format!("to {}", instance.name);
        let hand_over = async { Ok(((), said)) };
        self.step(id, &mut steps, HAND_OVER, hand_over).await?;
        self.end(id, Some(redirect), None).await
    }

    async fn step<T>(
        &self,
        id: LaunchId,
        steps: &mut [LaunchStep],
        at: usize,
        work: impl Future<Output = Result<(T, String)>>,
    ) -> Result<(T, String)> {
        let begun = self.env.now();
        steps[at].state = StepState::Running;
        self.write(id, steps).await?;
        let result = work.await;
        steps[at].duration_ms = u32::try_from(self.env.now().millis_since(begun)).ok();
        match &result {
            Ok((_, detail)) => {
                steps[at].state = StepState::Done;
                steps[at].detail.clone_from(detail);
            }
            Err(error) => {
                steps[at].state = StepState::Failed;
                steps[at].detail = error.problem().detail;
            }
        }
        self.write(id, steps).await?;
        result
    }

    async fn check(&self, tenant: TenantId) -> Result<(String, String)> {
        let tenant = tenant::Entity::find_by_id(tenant)
            .one(self.db.read())
            .await?
            .ok_or_else(Error::tenant_not_found)?;
        require_subscription(&tenant)?;
        let detail = format!(
            "{} plan, up to {} nodes",
            tenant.plan.title(),
            tenant.max_nodes
        );
        Ok((tenant.slug, detail))
    }

    async fn place(&self, tenant: TenantId) -> Result<(instance::Model, String)> {
        let placed = self.placement.place(tenant).await?;
        let now = instance::Entity::find_by_id(placed.id)
            .one(self.db.write())
            .await?
            .unwrap_or(placed);
        let detail = format!(
            "{}, {} of {} tenants",
            now.name, now.current_tenants, now.max_tenants
        );
        Ok((now, detail))
    }

    async fn look(&self, instance: &instance::Model) -> Result<((), String)> {
        let seen = self
            .probe
            .probe(&instance.name, &instance.internal_endpoint)
            .await;
        if seen.status == HealthStatus::Unhealthy || seen.status == HealthStatus::Unknown {
            return Err(Error::refused(
                types::ErrorCode::Upstream,
                format!(
                    "The instance {} is not well: {}. It is looked at every 15 s; launch again when it is.",
                    instance.name, seen.detail
                ),
            ));
        }
        let took = seen
            .api_ms
            .map(|ms| format!(", answered in {ms:.0} ms"))
            .unwrap_or_default();
        Ok(((), format!("{}{took}", seen.status.word().to_lowercase())))
    }

    async fn write(&self, id: LaunchId, steps: &[LaunchStep]) -> Result<()> {
        launch::Entity::update_many()
            .set(launch::ActiveModel {
                steps: Set(to_json(steps)?),
                updated_at: Set(self.env.now()),
                ..Default::default()
            })
            .filter(launch::Column::Id.eq(id))
            .exec(self.db.write())
            .await?;
        self.announce();
        Ok(())
    }

    async fn end(
        &self,
        id: LaunchId,
        redirect: Option<String>,
        failure: Option<String>,
    ) -> Result<()> {
        launch::Entity::update_many()
            .set(launch::ActiveModel {
                ended: Set(true),
                redirect: Set(redirect),
                failure: Set(failure),
                updated_at: Set(self.env.now()),
                ..Default::default()
            })
            .filter(launch::Column::Id.eq(id))
            .exec(self.db.write())
            .await?;
        self.announce();
        Ok(())
    }

    fn announce(&self) {
        self.changed
            .send_modify(|count| *count = count.wrapping_add(1));
    }
}

#[async_trait]
impl Handler for Launches {
    fn kind(&self) -> &'static str {
        KIND
    }

    async fn run(&self, context: JobContext) -> Outcome {
        let id = match context.payload::<Payload>() {
            Ok(payload) => payload.launch,
            Err(error) => return Outcome::Fail(error.to_string()),
        };
        let Err(error) = Launches::run(self, id).await else {
            metrics::counter!("kombify_launches_total", "outcome" => "done").increment(1);
            return Outcome::Done(serde_json::Value::Null);
        };
        if error.is_fault() && !context.is_last_attempt() {
            return Outcome::retry(error.to_string());
        }
        metrics::counter!("kombify_launches_total", "outcome" => "failed").increment(1);
        match self.end(id, None, Some(error.problem().detail)).await {
            Ok(()) => Outcome::Fail(error.to_string()),
            Err(again) => Outcome::retry(again.to_string()),
        }
    }
}

fn to_json(steps: &[LaunchStep]) -> Result<serde_json::Value> {
    serde_json::to_value(steps).map_err(|error| Error::internal("write the steps", error))
}

fn view(launch: launch::Model, slug: &str) -> Result<LaunchView> {
    let launch::Model {
        id,
        tenant_id: _,
        user_id: _,
        steps,
        ended,
        redirect,
        failure,
        created_at: _,
        updated_at: _,
    } = launch;
    let steps =
        serde_json::from_value(steps).map_err(|error| Error::internal("read the steps", error))?;
    Ok(LaunchView {
        id,
        tenant: slug.to_owned(),
        steps,
        ended,
        redirect,
        failure,
    })
}
