//! Sample data for development, made through the same services that people use: what
//! it shows was really checked, planned and applied. Plainly marked as sample.

use std::{fs::Metadata, io::ErrorKind, path::Path, time::Duration};

use entity::control::{audit_event, instance, membership, tenant, user};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, EntityTrait, QueryFilter, sea_query::OnConflict,
};
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
    portal::{audit::Entry, tenant::NewTenant},
    services::Services,
    stack::TenantScope,
};

const SLUG: &str = "nordhaus";
const NAME: &str = "Nordhaus lab";
const KIT: &str = "base-homelab";
/// What the audit log says once all of it was made.
const MADE: &str = "sample.made";
/// The request that all of it is made by, in the audit log: none that comes over HTTP can
/// be named so.
const REQUEST: &str = "sample:data";
/// What it was named by in versions before that.
const FORMER_REQUEST: &str = "sample-data";
/// What is done by somebody who works in a homelab or arranges it.
const WORK: &[&str] = &[
    "invitation.",
    "member.",
    "run.",
    "specification.",
    "stack.",
    "tenant.bound",
    "tenant.unbound",
];
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

/// Makes the sample tenant with its stacks, or goes on where an earlier start was
/// stopped; once all of it was made, or once somebody has worked in it, nothing is made
/// again. Without OpenTofu the stacks stay drafts until a start finds it.
///
/// # Errors
/// What the services answer; what was made until then stays.
pub async fn make(services: &Services, owner: SampleOwner<'_>) -> Result<()> {
    if was_made(services).await? {
        return Ok(());
    }
    let filled = fill(services, owner).await;
    clear_the_way(&services.stack.outputs(SLUG)).await?;
    match filled {
        // Or what failed is what they have changed meanwhile.
        Err(_) if was_worked_in(services).await? => {
            tracing::info!(
                tenant.slug = SLUG,
                "the sample homelab is left as it is: somebody has worked in it"
            );
            Ok(())
        }
        filled => filled,
    }
}

async fn fill(services: &Services, owner: SampleOwner<'_>) -> Result<()> {
    let Some((tenant, admin)) = unfinished(services, owner).await? else {
        return Ok(());
    };
    let placed = until(|| async {
        match services.admin.placement.place(tenant.id).await {
            Ok(instance) => Ok(Some(instance)),
            Err(error) if error.code() == ErrorCode::NoCapacity => Ok(None),
            Err(error) => Err(error),
        }
    })
    .await?;
    let made = Entry::by(&acting(services, &admin), MADE, NAME).in_tenant(SLUG);
    let scope = enter(services, &placed, tenant, admin).await?;
    let example = services.stack.kits.get(KIT).await?.example;
    let refused = example.replacen("10.", "310.", 1);
    let live = stack(services, &scope, "media", &example).await?;
    let broken = stack(services, &scope, "garage", &example).await?;
    stack(services, &scope, "attic", &refused).await?;
    let waiting = stack(services, &scope, "core-services", &example).await?;
    if let Err(error) = services.stack.infrastructure().await {
        tracing::warn!(%error, "the sample stacks stay drafts: nothing can be planned");
        return Ok(());
    }
    bring(services, &scope, live, RunState::Applied).await?;
    fail(services, &scope, broken).await?;
    bring(services, &scope, waiting, RunState::Waiting).await?;
    services.portal.audit.record_alone(made).await?;
    tracing::info!(tenant.slug = SLUG, "the sample data is there");
    Ok(())
}

/// The sample tenant and its owner, unless there is nothing to make in it any more.
async fn unfinished(
    services: &Services,
    owner: SampleOwner<'_>,
) -> Result<Option<(tenant::Model, user::Model)>> {
    let begun = tenant::Entity::find()
        .filter(tenant::Column::Slug.eq(SLUG))
        .one(services.portal.db.read())
        .await?;
    if let Some(begun) = &begun {
        if !begun.sample {
            return Ok(None);
        }
        untouched(services).await?;
    }
    let users = users(services, owner).await?;
    let (admin, _) = users
        .first()
        .cloned()
        .ok_or_else(|| Error::not_found("sample owner"))?;
    let tenant = match begun {
        Some(begun) => begun,
        None => found(services, owner, &admin).await?,
    };
    join(services, &tenant, &users).await?;
    Ok(Some((tenant, admin)))
}

async fn was_made(services: &Services) -> Result<bool> {
    let made = audit_event::Entity::find()
        .filter(audit_event::Column::TenantSlug.eq(SLUG))
        .filter(audit_event::Column::Action.eq(MADE))
        .one(services.portal.db.read())
        .await?;
    Ok(made.is_some())
}

/// Asked before each thing that would change what somebody else has begun.
async fn untouched(services: &Services) -> Result<()> {
    if was_worked_in(services).await? {
        return Err(theirs());
    }
    Ok(())
}

fn theirs() -> Error {
    Error::conflict("Somebody has worked in the sample homelab: it is theirs now.")
}

async fn was_worked_in(services: &Services) -> Result<bool> {
    let work = WORK.iter().fold(Condition::any(), |any, kind| {
        any.add(audit_event::Column::Action.starts_with(*kind))
    });
    let worked = audit_event::Entity::find()
        .filter(audit_event::Column::TenantSlug.eq(SLUG))
        .filter(work)
        .filter(audit_event::Column::RequestId.is_not_in([REQUEST, FORMER_REQUEST]))
        .one(services.portal.db.read())
        .await?;
    Ok(worked.is_some())
}

/// Lets an apply of the stack really fail: a file lies where the folder of its first node
/// belongs. The file goes again, so planning and applying once more mends it.
async fn fail(services: &Services, scope: &TenantScope, id: StackId) -> Result<()> {
    let folder = services.stack.outputs(SLUG).join(id.to_string());
    let in_the_way = folder.join(FIRST_NODE);
    if in_the_way.is_dir() {
        // An apply that an earlier start did not see the end of went through.
        return Ok(());
    }
    tokio::fs::create_dir_all(&folder).await.map_err(failed)?;
    tokio::fs::write(&in_the_way, b"").await.map_err(failed)?;
    bring(services, scope, id, RunState::Failed).await
}

/// Removes what this start or one that was cut off has put in the way of an apply: the
/// empty file in the folder of a stack of the tenant.
async fn clear_the_way(outputs: &Path) -> Result<()> {
    let mut stacks = match tokio::fs::read_dir(outputs).await {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        found => found.map_err(failed)?,
    };
    while let Some(stack) = stacks.next_entry().await.map_err(failed)? {
        let in_the_way = stack.path().join(FIRST_NODE);
        let empty = |found: Metadata| found.is_file() && found.len() == 0;
        if tokio::fs::metadata(&in_the_way).await.is_ok_and(empty) {
            tokio::fs::remove_file(&in_the_way).await.map_err(failed)?;
        }
    }
    Ok(())
}

fn failed(error: std::io::Error) -> Error {
    Error::internal(
        "put a file in the way of the sample data or take it away",
        error,
    )
}

fn acting(services: &Services, admin: &user::Model) -> Actor {
    Actor {
        user: admin.id,
        name: admin.name.clone(),
        email: admin.email.clone(),
        operator: false,
        via: Via::Session(services.env().id()),
        request_id: REQUEST.to_owned(),
    }
}

async fn users(services: &Services, owner: SampleOwner<'_>) -> Result<Vec<(user::Model, Role)>> {
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
    Ok(users)
}

async fn found(
    services: &Services,
    owner: SampleOwner<'_>,
    admin: &user::Model,
) -> Result<tenant::Model> {
    let new = NewTenant {
        slug: SLUG.to_owned(),
        name: NAME.to_owned(),
        plan: Plan::Pro,
        organisation_id: Some(owner.organisation.to_owned()),
        sample: true,
    };
    services
        .portal
        .tenants
        .insert(&acting(services, admin), new)
        .await
}

/// Gives a place to each user that has none yet.
async fn join(
    services: &Services,
    tenant: &tenant::Model,
    users: &[(user::Model, Role)],
) -> Result<()> {
    let (db, env) = (&services.portal.db, services.env());
    for (user, role) in users {
        membership::Entity::insert(membership::ActiveModel {
            id: Set(env.id()),
            user_id: Set(user.id),
            tenant_id: Set(tenant.id),
            role: Set(*role),
            by_organisation: Set(true),
            created_at: Set(env.now()),
        })
        .on_conflict(
            OnConflict::columns([membership::Column::UserId, membership::Column::TenantId])
                .do_nothing()
                .to_owned(),
        )
        .exec_without_returning(db.write())
        .await?;
    }
    Ok(())
}

/// The same way in as a launch's: a signed assertion for a session.
async fn enter(
    services: &Services,
    instance: &instance::Model,
    tenant: tenant::Model,
    admin: user::Model,
) -> Result<TenantScope> {
    let assertion = services
        .portal
        .launch_codes
        .assert(instance, admin, tenant, Role::Admin, None)
        .await?;
    let session = services
        .stack
        .exchange
        .exchange(Some(&assertion), &BoundRequest::EXCHANGE)
        .await?;
    let mut credentials = Credentials {
        request_id: REQUEST.to_owned(),
        ..Credentials::default()
    };
    credentials
        .stack_sessions
        .insert(SLUG.to_owned(), session.token);
    services.stack.access.authorise(&credentials, SLUG).await
}

/// The stack with this name, with at least one revision.
async fn stack(
    services: &Services,
    scope: &TenantScope,
    name: &str,
    yaml: &str,
) -> Result<StackId> {
    let stacks = services.stack.stacks.list(scope).await?;
    let found = stacks.into_iter().find(|stack| stack.name == name);
    if let Some(found) = &found
        && found.revision > 0
    {
        return Ok(found.id);
    }
    untouched(services).await?;
    let id = match found {
        Some(found) => found.id,
        None => {
            let wanted = StackCreate {
                name: name.to_owned(),
                kit: KIT.to_owned(),
            };
            services.stack.stacks.create(scope, wanted).await?.stack.id
        }
    };
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

/// Brings the stack's newest run to where it should be, from wherever it was left: one
/// that a crash cut off may end otherwise, and then another one is planned.
async fn bring(services: &Services, scope: &TenantScope, id: StackId, end: RunState) -> Result<()> {
    let stacks = services.stack.stacks.list(scope).await?;
    let newest = stacks
        .into_iter()
        .find(|stack| stack.id == id)
        .and_then(|stack| stack.latest_run);
    if let Some(newest) = newest {
        let left = if newest.state.ended() {
            newest.state
        } else {
            follow(services, scope, newest.number, end).await?.run.state
        };
        if is_at(left, end) {
            return Ok(());
        }
    }
    let number = plan(services, scope, id).await?;
    let ended = follow(services, scope, number, end).await?;
    if is_at(ended.run.state, end) {
        return Ok(());
    }
    let why = ended.failure.unwrap_or_else(|| ended.run.state.to_string());
    Err(Error::conflict(format!(
        "The sample run {number} ended otherwise: {why}"
    )))
}

/// A plan that changes nothing says that all of it is applied.
fn is_at(state: RunState, end: RunState) -> bool {
    state == end || (end == RunState::Applied && state == RunState::Unchanged)
}

async fn plan(services: &Services, scope: &TenantScope, id: StackId) -> Result<i32> {
    untouched(services).await?;
    let wanted = RunCreate {
        kind: RunKind::Apply,
        confirm: None,
    };
    let planned = services.stack.runs.create(scope, id, wanted).await?;
    Ok(planned.run.number)
}

/// Follows the run until it ends, or waits and should; approves it where it should go on.
async fn follow(
    services: &Services,
    scope: &TenantScope,
    number: i32,
    end: RunState,
) -> Result<RunView> {
    let planned = settled(services, scope, number, |state| state == RunState::Waiting).await?;
    if planned.run.state.ended() || end == RunState::Waiting {
        return Ok(planned);
    }
    untouched(services).await?;
    if planned.run.kind != RunKind::Apply {
        return Err(theirs());
    }
    let approval = RunApprove {
        plan_digest: planned.plan_digest.unwrap_or_default(),
        comment: "sample data".to_owned(),
    };
    services.stack.runs.approve(scope, number, approval).await?;
    settled(services, scope, number, |_| false).await
}

/// Waits until the run has ended or is where it should be.
async fn settled(
    services: &Services,
    scope: &TenantScope,
    number: i32,
    wanted: impl Fn(RunState) -> bool,
) -> Result<RunView> {
    until(|| async {
        let view = services.stack.runs.view(scope, number).await?;
        let settled = view.run.state.ended() || wanted(view.run.state);
        Ok(settled.then_some(view))
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
