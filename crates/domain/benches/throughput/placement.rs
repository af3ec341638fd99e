//! A thousand tenants placed by sixteen at once: on four instances of fifty, and on the
//! spare ones that the rest needs.

use std::{sync::Arc, time::Instant};

use domain::{admin::placement::Placement, db::Db, env::Env};
use entity::control::{instance, instance_health_check, tenant};
use futures::{StreamExt as _, stream};
use sea_orm::{ActiveValue::Set, EntityTrait};
use serde_json::{Value, json};
use types::{
    InstanceId, TenantId,
    admin::{ComponentStatus, DeploymentMode, HealthStatus, InstanceStatus, ProvisionerKind},
    portal::{Plan, SubscriptionStatus},
};

use crate::{median, place::Place};

const TENANTS: usize = 1000;
const AT_ONCE: usize = 16;
const CAPACITY: i32 = 50;
/// Four, and spare ones so that each tenant finds room in the end.
const INSTANCES: usize = 4 + 16;

/// Places the tenants a few times, each time in an empty database.
pub(crate) async fn measure(place: &Place, runs: usize) -> Value {
    let mut rates = Vec::new();
    let mut over = 0;
    for run in 0..runs {
        let db = place.open(&format!("placement_{run}")).await;
        let env = Env::system();
        let tenants = fill(&db, &env).await;
        let placement = Arc::new(Placement::new(db.clone(), env));
        let begun = Instant::now();
        let placed: usize = stream::iter(tenants)
            .map(|tenant| {
                let placement = Arc::clone(&placement);
                tokio::spawn(async move { placement.place(tenant).await.map(|_| 1_usize) })
            })
            .buffer_unordered(AT_ONCE)
            .map(|task| task.expect("no panic").expect("room"))
            .fold(0, async |sum, one| sum + one)
            .await;
        let seconds = begun.elapsed().as_secs_f64();
        assert_eq!(placed, TENANTS, "every tenant has a place");
        over += over_committed(&db).await;
        rates.push(f64::from(u32::try_from(TENANTS).expect("few")) / seconds);
        db.close().await.expect("closed");
    }
    json!({
        "database": place.name(),
        "tenants": TENANTS,
        "at_once": AT_ONCE,
        "instances": INSTANCES,
        "capacity": CAPACITY,
        "over_committed": over,
        "runs": runs,
        "per_second": median(rates),
    })
}

/// Tenants beyond an instance's limit, by counting them and by its counter.
async fn over_committed(db: &Db) -> usize {
    let instances = instance::Entity::find()
        .all(db.read())
        .await
        .expect("instances");
    let tenants = tenant::Entity::find()
        .all(db.read())
        .await
        .expect("tenants");
    let mut over = 0;
    for instance in instances {
        let held = tenants
            .iter()
            .filter(|tenant| tenant.instance_id == Some(instance.id))
            .count();
        let limit = usize::try_from(instance.max_tenants).expect("a limit");
        assert_eq!(
            i32::try_from(held).expect("few"),
            instance.current_tenants,
            "the counter of {} is what it counts",
            instance.name
        );
        over += held.saturating_sub(limit);
    }
    over
}

async fn fill(db: &Db, env: &Env) -> Vec<TenantId> {
    let now = env.now();
    let numbered: Vec<(usize, InstanceId)> =
        (0..INSTANCES).map(|number| (number, env.id())).collect();
    let instances = numbered.iter().map(|(number, id)| instance::ActiveModel {
        id: Set(*id),
        name: Set(format!("instance-{number:02}")),
        region: Set("local".to_owned()),
        provisioner: Set(ProvisionerKind::Local),
        status: Set(InstanceStatus::Active),
        max_tenants: Set(CAPACITY),
        current_tenants: Set(0),
        deployment_mode: Set(DeploymentMode::Shared),
        internal_endpoint: Set(format!("http://127.0.0.1:{}", 5000 + number)),
        public_endpoint: Set(None),
        next_check_at: Set(now),
        created_at: Set(now),
        updated_at: Set(now),
    });
    instance::Entity::insert_many(instances)
        .exec_without_returning(db.write())
        .await
        .expect("instances");
    let checks = numbered
        .iter()
        .map(|(_, id)| instance_health_check::ActiveModel {
            id: Set(env.id()),
            instance_id: Set(*id),
            timestamp: Set(now),
            status: Set(HealthStatus::Healthy),
            database: Set(ComponentStatus::Ok),
            api: Set(ComponentStatus::Ok),
            agents: Set(ComponentStatus::Ok),
            database_ms: Set(None),
            api_ms: Set(None),
            cpu_percent: Set(None),
            memory_percent: Set(None),
            storage_percent: Set(None),
            detail: Set(String::new()),
        });
    instance_health_check::Entity::insert_many(checks)
        .exec_without_returning(db.write())
        .await
        .expect("health checks");
    let ids: Vec<TenantId> = (0..TENANTS).map(|_| env.id()).collect();
    for (part, chunk) in ids.chunks(100).enumerate() {
        let tenants = chunk
            .iter()
            .enumerate()
            .map(|(at, id)| tenant::ActiveModel {
                id: Set(*id),
                slug: Set(format!("tenant-{}", part * 100 + at)),
                name: Set("Tenant".to_owned()),
                organisation_id: Set(None),
                instance_id: Set(None),
                plan: Set(Plan::Free),
                subscription_status: Set(SubscriptionStatus::Active),
                max_users: Set(5),
                max_nodes: Set(3),
                sample: Set(false),
                launched_at: Set(None),
                created_by: Set(None),
                created_at: Set(now),
                updated_at: Set(now),
            });
        tenant::Entity::insert_many(tenants)
            .exec_without_returning(db.write())
            .await
            .expect("tenants");
    }
    ids
}
