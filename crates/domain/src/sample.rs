//! Sample data for development, made through the same services that people use: what
//! it shows was really checked, planned and applied. Plainly marked as sample.

use std::time::Duration;

use entity::control::{membership, tenant, user};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, sea_query::OnConflict};
use tokio::time::{Instant, sleep};
use types::{
    ErrorCode, StackId,
    portal::{Plan, Role},
    stack::{RunApprove, RunCreate, RunKind, RunState, RunView, SpecificationUpdate, StackCreate},
};

use crate::{
    Error, Result,
    actor::{Actor, Credentials, Via},
    assertion::BoundRequest,
    portal::tenant::NewTenant,
    services::Services,
    stack::TenantScope,
};

const SLUG: &str = "nordhaus";
const NAME: &str = "Nordhaus lab";
const KIT: &str = "base-homelab";
/// The first node of the kit's example.
const FIRST_NODE: &str = "nuc-1";
/// The local instance is ACTIVE after its first healthy check; a run ends in seconds.
const PATIENCE: Duration = Duration::from_secs(120);
const LOOK: Duration = Duration::from_millis(200);

/// Who the sample data belongs to.
#[derive(Clone, Copy, Debug)]
pub struct SampleOwner<'a> {
    /// `iss` of the development issuer.
    pub issuer: &'a str,
    /// The organisation that the tenant is bound to.
    pub organisation: &'a str,
    /// Subject, name, e-mail address and role of each member; the first owns it.
    pub members: &'a [(&'a str, &'a str, &'a str, Role)],
}

/// Makes the sample tenant with its stacks unless it exists.
///
/// # Errors
/// What the services answer; what was made until then stays.
pub async fn make(services: &Services, owner: SampleOwner<'_>) -> Result<()> {
    let db = &services.portal.db;
    let exists = tenant::Entity::find()
        .filter(tenant::Column::Slug.eq(SLUG))
        .one(db.read())
        .await?;
    if exists.is_some() {
        return Ok(());
    }
    let (tenant, admin) = people(services, owner).await?;
    let placed = until(|| async {
        match services.admin.placement.place(tenant.id).await {
            Ok(instance) => Ok(Some(instance)),
            Err(error) if error.code() == ErrorCode::NoCapacity => Ok(None),
            Err(error) => Err(error),
        }
    })
    .await?;
    let scope = enter(services, &placed.name, tenant, admin).await?;
    let example = services.stack.kits.get(KIT).await?.example;
    let live = stack(services, &scope, "media", &example).await?;
    apply(services, &scope, live, RunState::Applied).await?;
    broken(services, &scope, &example).await?;
    stack(
        services,
        &scope,
        "attic",
        &example.replacen("10.", "310.", 1),
    )
    .await?;
    let waiting = stack(services, &scope, "core-services", &example).await?;
    plan(services, &scope, waiting).await?;
    tracing::info!(tenant.slug = SLUG, "the sample data is there");
    Ok(())
}

/// A stack whose apply really failed: a file lies where the folder of its first node
/// belongs. The file goes again, so planning and applying once more mends it.
async fn broken(services: &Services, scope: &TenantScope, example: &str) -> Result<()> {
    let id = stack(services, scope, "garage", example).await?;
    let folder = services.stack.output_folder(scope, id);
    let in_the_way = folder.join(FIRST_NODE);
    let failed = |error| Error::internal("put a file in the way of the sample data", error);
    tokio::fs::create_dir_all(&folder).await.map_err(failed)?;
    tokio::fs::write(&in_the_way, b"").await.map_err(failed)?;
    let applied = apply(services, scope, id, RunState::Failed).await;
    tokio::fs::remove_file(&in_the_way).await.map_err(failed)?;
    applied
}

async fn people(
    services: &Services,
    owner: SampleOwner<'_>,
) -> Result<(tenant::Model, user::Model)> {
    let (db, env) = (&services.portal.db, services.env());
    let mut users = Vec::new();
    for (subject, name, email, role) in owner.members {
        let user = user::Entity::insert(user::ActiveModel {
            id: Set(env.id()),
            issuer: Set(owner.issuer.to_owned()),
            subject: Set((*subject).to_owned()),
            email: Set((*email).to_owned()),
            name: Set((*name).to_owned()),
            operator: Set(false),
            created_at: Set(env.now()),
            last_seen_at: Set(None),
        })
        .on_conflict(
            OnConflict::columns([user::Column::Issuer, user::Column::Subject])
                .update_column(user::Column::Name)
                .to_owned(),
        )
        .exec_with_returning(db.write())
        .await?;
        users.push((user, *role));
    }
    let (admin, _) = users
        .first()
        .cloned()
        .ok_or_else(|| Error::not_found("sample owner"))?;
    let actor = Actor {
        user: admin.id,
        name: admin.name.clone(),
        email: admin.email.clone(),
        operator: false,
        via: Via::Session(env.id()),
        request_id: "sample-data".to_owned(),
    };
    let new = NewTenant {
        slug: SLUG.to_owned(),
        name: NAME.to_owned(),
        plan: Plan::Pro,
        organisation_id: Some(owner.organisation.to_owned()),
        sample: true,
    };
    let tenant = services.portal.tenants.insert(&actor, new).await?;
    for (user, role) in users.iter().skip(1) {
        membership::Entity::insert(membership::ActiveModel {
            id: Set(env.id()),
            user_id: Set(user.id),
            tenant_id: Set(tenant.id),
            role: Set(*role),
            by_organisation: Set(true),
            created_at: Set(env.now()),
        })
        .exec_without_returning(db.write())
        .await?;
    }
    Ok((tenant, admin))
}

/// The same way in as a launch's: a signed assertion for a session.
async fn enter(
    services: &Services,
    instance: &str,
    tenant: tenant::Model,
    admin: user::Model,
) -> Result<TenantScope> {
    let assertion =
        services
            .portal
            .launch_codes
            .assert(instance, admin, tenant, Role::Admin, None)?;
    let session = services
        .stack
        .exchange
        .exchange(Some(&assertion), &BoundRequest::EXCHANGE)
        .await?;
    let mut credentials = Credentials {
        request_id: "sample-data".to_owned(),
        ..Credentials::default()
    };
    credentials
        .stack_sessions
        .insert(SLUG.to_owned(), session.token);
    services.stack.access.authorise(&credentials, SLUG).await
}

async fn stack(
    services: &Services,
    scope: &TenantScope,
    name: &str,
    yaml: &str,
) -> Result<StackId> {
    let wanted = StackCreate {
        name: name.to_owned(),
        kit: KIT.to_owned(),
    };
    let id = services.stack.stacks.create(scope, wanted).await?.stack.id;
    services.stack.stacks.mark_sample(scope, id).await?;
    let specification = SpecificationUpdate {
        yaml: yaml.to_owned(),
        base_revision: None,
    };
    services
        .stack
        .specifications
        .save(scope, id, specification)
        .await?;
    Ok(id)
}

async fn plan(services: &Services, scope: &TenantScope, id: StackId) -> Result<RunView> {
    let wanted = RunCreate {
        kind: RunKind::Apply,
        confirm: None,
    };
    let number = services
        .stack
        .runs
        .create(scope, id, wanted)
        .await?
        .run
        .number;
    settled(services, scope, number, |state| state == RunState::Waiting).await
}

async fn apply(services: &Services, scope: &TenantScope, id: StackId, end: RunState) -> Result<()> {
    let planned = plan(services, scope, id).await?;
    let approval = RunApprove {
        plan_digest: planned.plan_digest.unwrap_or_default(),
        comment: "sample data".to_owned(),
    };
    services
        .stack
        .runs
        .approve(scope, planned.run.number, approval)
        .await?;
    settled(services, scope, planned.run.number, |state| state == end)
        .await
        .map(|_| ())
}

/// Waits until the run is where it should be; one that ends elsewhere is an error.
async fn settled(
    services: &Services,
    scope: &TenantScope,
    number: i32,
    wanted: impl Fn(RunState) -> bool,
) -> Result<RunView> {
    until(|| async {
        let view = services.stack.runs.view(scope, number).await?;
        if wanted(view.run.state) {
            return Ok(Some(view));
        }
        if view.run.state.ended() {
            let why = view.failure.unwrap_or_else(|| view.run.state.to_string());
            return Err(Error::conflict(format!(
                "The sample run {number} ended otherwise: {why}"
            )));
        }
        Ok(None)
    })
    .await
}

async fn until<T, F: Future<Output = Result<Option<T>>>>(look: impl Fn() -> F) -> Result<T> {
    let begun = Instant::now();
    loop {
        if let Some(found) = look().await? {
            return Ok(found);
        }
        if begun.elapsed() > PATIENCE {
            return Err(Error::conflict(
                "The sample data waited two minutes for the local instance or a worker.",
            ));
        }
        sleep(LOOK).await;
    }
}
