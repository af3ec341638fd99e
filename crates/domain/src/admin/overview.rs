//! The admin centre's first page: figures, instances, what waits for an operator.

use entity::control::{launch, tenant};
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QuerySelect};
use types::{
    Timestamp,
    admin::{AdminOverview, Decision, Figure, HealthStatus, InstanceStatus, InstanceView},
    jobs::JobState,
    portal::Scope,
};

use super::{instance::Instances, job::Jobs};
use crate::{Result, actor::Actor, db::Db, env::Env, portal::audit::Audit};

const HOUR_MS: i64 = 3_600_000;
/// How many lines of the audit log are shown.
const ACTIVITY: u64 = 5;
const WEEK_SECONDS: i64 = 7 * 24 * 3600;

/// The admin centre's first page.
#[derive(Clone)]
pub struct Overview {
    db: Db,
    env: Env,
    instances: Instances,
    jobs: Jobs,
    audit: Audit,
}

impl Overview {
    pub(crate) fn new(db: Db, env: Env, instances: Instances, jobs: Jobs, audit: Audit) -> Self {
        Self {
            db,
            env,
            instances,
            jobs,
            audit,
        }
    }

    pub(crate) async fn read(&self, actor: &Actor) -> Result<AdminOverview> {
        actor.require_operator(Scope::Read)?;
        let now = self.env.now();
        let mut instances = self.instances.all().await?;
        instances.sort_by_key(|instance| (!needs_attention(instance), instance.name.clone()));
        let figures = vec![
            self.tenants(now).await?,
            self.launches(now).await?,
            self.queue().await?,
            places(&instances),
        ];
        let decisions = instances.iter().filter_map(decision).collect();
        Ok(AdminOverview {
            figures,
            instances,
            decisions,
            activity: self.audit.newest(ACTIVITY).await?,
            now,
        })
    }

    async fn tenants(&self, now: Timestamp) -> Result<Figure> {
        let all = tenant::Entity::find().count(self.db.read()).await?;
        let new = tenant::Entity::find()
            .filter(tenant::Column::CreatedAt.gt(now.plus_seconds(-WEEK_SECONDS)))
            .count(self.db.read())
            .await?;
        Ok(Figure {
            label: "Tenants".to_owned(),
            value: all.to_string(),
            detail: format!("{new} new this week"),
            course: Vec::new(),
        })
    }

    async fn launches(&self, now: Timestamp) -> Result<Figure> {
        let since = now.plus_seconds(-24 * 3600);
        let made: Vec<(Timestamp, Timestamp, Option<String>)> = launch::Entity::find()
            .filter(launch::Column::CreatedAt.gt(since))
            .select_only()
            .column(launch::Column::CreatedAt)
            .column(launch::Column::UpdatedAt)
            .column(launch::Column::Redirect)
            .into_tuple()
            .all(self.db.read())
            .await?;
        let mut course = vec![0.0; 24];
        let mut took: Vec<i64> = Vec::new();
        for (created_at, updated_at, redirect) in &made {
            let hour = (created_at.millis_since(since) / HOUR_MS).clamp(0, 23);
            course[usize::try_from(hour).unwrap_or_default()] += 1.0;
            if redirect.is_some() {
                took.push(updated_at.millis_since(*created_at));
            }
        }
        took.sort_unstable();
        let detail = match took.get((took.len() * 95 / 100).min(took.len().saturating_sub(1))) {
            Some(p95) => format!("p95 {p95} ms"),
            None => "none has ended well yet".to_owned(),
        };
        Ok(Figure {
            label: "Launches in 24 h".to_owned(),
            value: made.len().to_string(),
            detail,
            course,
        })
    }

    async fn queue(&self) -> Result<Figure> {
        let waiting = self.jobs.waiting().await?;
        let mut detail = match waiting.oldest_ms {
            Some(ms) => format!("oldest {} s, {} running", ms / 1000, waiting.running),
            None => format!("{} running", waiting.running),
        };
        let kept = self.jobs.states().await?;
        for (state, word) in [(JobState::Failed, "failed"), (JobState::Dead, "dead")] {
            if let Some(many) = kept.get(&state) {
                detail += &format!(", {many} {word}");
            }
        }
        Ok(Figure {
            label: "Jobs in queue".to_owned(),
            value: waiting.queued.to_string(),
            detail,
            course: Vec::new(),
        })
    }
}

fn places(instances: &[InstanceView]) -> Figure {
    let active = || {
        instances
            .iter()
            .filter(|instance| instance.status == InstanceStatus::Active)
    };
    let (taken, all) = active().fold((0, 0), |(taken, all), instance| {
        (taken + instance.current_tenants, all + instance.max_tenants)
    });
    let detail = match active().count() {
        1 => "on 1 active instance".to_owned(),
        many => format!("on {many} active instances"),
    };
    Figure {
        label: "Places taken".to_owned(),
        value: format!("{taken} of {all}"),
        detail,
        course: Vec::new(),
    }
}

fn needs_attention(instance: &InstanceView) -> bool {
    instance.status == InstanceStatus::Active
        && (instance.health.status != HealthStatus::Healthy || is_nearly_full(instance))
}

fn is_nearly_full(instance: &InstanceView) -> bool {
    instance.max_tenants > 1 && instance.max_tenants - instance.current_tenants <= 1
}

fn decision(instance: &InstanceView) -> Option<Decision> {
    let href = format!("/admin/instances/{}", instance.id);
    if instance.status == InstanceStatus::Active && instance.health.status != HealthStatus::Healthy
    {
        let newest = instance.health.checks.last();
        return Some(Decision {
            title: format!(
                "{} is {}",
                instance.name,
                instance.health.status.word().to_lowercase()
            ),
            detail: newest
                .map(|check| check.detail.clone())
                .filter(|detail| !detail.is_empty())
                .unwrap_or_else(|| "It was not observed in the last 45 s.".to_owned()),
            action: "Look".to_owned(),
            href,
        });
    }
    (instance.status == InstanceStatus::Active && is_nearly_full(instance)).then(|| Decision {
        title: format!(
            "{} has {} of {} places left",
            instance.name,
            instance.max_tenants - instance.current_tenants,
            instance.max_tenants
        ),
        detail: "New homelabs cannot launch once every instance is full.".to_owned(),
        action: "Add instance".to_owned(),
        href: "/admin/instances".to_owned(),
    })
}
