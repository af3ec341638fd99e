//! A whole stack service with everything outside of it faked.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use domain::{
    Error, Result,
    actor::Credentials,
    assertion::{AssertedTenant, Assertion, AssertionSigner, BoundRequest},
    db::Db,
    env::{Env, MovableClock},
    ports::{AuditRecord, AuditSink, LaunchRedeemer, PlaceQuestion, TokenIdentity, TokenVerifier},
    stack::{StackConfig, StackPorts, StackService, TenantScope},
    vault::Vault,
};
use jobs::{Queue, Worker, WorkerOptions};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use types::{
    ErrorCode, StackId, TenantId,
    admin::DeploymentMode,
    portal::{Plan, Role},
    stack::{
        RunApprove, RunCreate, RunKind, RunState, RunView, SpecificationUpdate, SsoExchangeView,
        StackCreate,
    },
};

use super::{FakeEngine, FakeKits, FakeRunner, Place, eventually, yaml};

pub(crate) const IDENTITY_PROVIDER: &str = "https://issuer.test";

/// The portal as an instance sees it.
#[derive(Default)]
pub(crate) struct FakePortal {
    /// API tokens.
    pub(crate) tokens: Mutex<BTreeMap<String, TokenIdentity>>,
    /// Portal session and tenants that it may launch.
    pub(crate) sessions: Mutex<BTreeMap<String, Vec<String>>>,
    /// Launch codes with the assertion that each gives, once.
    pub(crate) codes: Mutex<BTreeMap<String, String>>,
    /// The role that each `sub` has in a tenant.
    pub(crate) places: Mutex<BTreeMap<(String, TenantId), Role>>,
    /// Verifiers that were sent.
    pub(crate) verifiers: Mutex<Vec<String>>,
}

#[async_trait]
impl TokenVerifier for FakePortal {
    async fn verify(&self, token: &str, slug: &str) -> Result<TokenIdentity> {
        let tokens = self.tokens.lock().expect("tokens");
        let known = tokens.get(token).ok_or_else(Error::unauthenticated)?;
        // A token's owner has a place in one tenant here, named by the token's prefix.
        if token.split(':').next() == Some(slug) {
            Ok(known.clone())
        } else {
            Err(Error::tenant_not_found())
        }
    }

    async fn may_launch(&self, portal_session: &str, slug: &str) -> Result<bool> {
        let sessions = self.sessions.lock().expect("sessions");
        let tenants = sessions
            .get(portal_session)
            .ok_or_else(Error::unauthenticated)?;
        Ok(tenants.iter().any(|tenant| tenant == slug))
    }

    async fn place(&self, question: &PlaceQuestion<'_>) -> Result<Option<Role>> {
        let places = self.places.lock().expect("places");
        Ok(places
            .get(&(question.subject.to_owned(), question.tenant))
            .copied())
    }
}

#[async_trait]
impl LaunchRedeemer for FakePortal {
    async fn redeem(&self, code: &str, verifier: &str, _redirect_uri: &str) -> Result<String> {
        self.verifiers
            .lock()
            .expect("verifiers")
            .push(verifier.to_owned());
        self.codes
            .lock()
            .expect("codes")
            .remove(code)
            .ok_or_else(|| Error::refused(ErrorCode::HandOver, "The code was used before."))
    }
}

#[derive(Default)]
pub(crate) struct FakeAudit(pub(crate) Mutex<Vec<AuditRecord>>);

#[async_trait]
impl AuditSink for FakeAudit {
    async fn record(&self, record: AuditRecord) -> Result<()> {
        self.0.lock().expect("records").push(record);
        Ok(())
    }
}

/// What a world begins with.
#[derive(Clone, Copy)]
pub(crate) struct WorldOptions {
    pub(crate) max_tenants: i32,
}

impl Default for WorldOptions {
    fn default() -> Self {
        Self { max_tenants: 50 }
    }
}

/// A whole stack service.
pub(crate) struct World {
    pub(crate) place: Place,
    pub(crate) clock: MovableClock,
    pub(crate) env: Env,
    pub(crate) vault: Vault,
    pub(crate) instance: Db,
    pub(crate) queue: Queue,
    pub(crate) signer: AssertionSigner,
    pub(crate) engine: Arc<FakeEngine>,
    pub(crate) runner: Arc<FakeRunner>,
    pub(crate) portal: Arc<FakePortal>,
    pub(crate) audit: Arc<FakeAudit>,
    pub(crate) stack: StackService,
}

/// The environment's clock as the queue wants it.
struct EnvClock(Env);

impl jobs::Clock for EnvClock {
    fn now_ms(&self) -> i64 {
        self.0.now().0
    }
}

impl World {
    pub(crate) async fn sqlite() -> Self {
        Self::at(Place::sqlite(), WorldOptions::default()).await
    }

    pub(crate) async fn postgres() -> Option<Self> {
        let place = Place::postgres().await?;
        Some(Self::at(place, WorldOptions::default()).await)
    }

    pub(crate) async fn at(place: Place, options: WorldOptions) -> Self {
        let clock = MovableClock::default();
        let env = Env::with_clock(Arc::new(clock.clone()));
        let vault = Vault::new([5; 32], env.clone());
        let instance = place.instance().await;
        let queue = Queue::new(
            instance.write().clone(),
            Some(instance.read().clone()),
            Arc::new(EnvClock(env.clone())),
            Arc::new(jobs::SystemEntropy),
            jobs::Options::default(),
        );
        let signer = AssertionSigner::new("portal", &[7; 32], env.clone()).expect("a signer");
        let engine = Arc::new(FakeEngine::default());
        let runner = Arc::new(FakeRunner::default());
        let portal = Arc::new(FakePortal::default());
        let audit = Arc::new(FakeAudit::default());
        let config = StackConfig {
            instance: "local".to_owned(),
            public_url: "https://stack.test".to_owned(),
            portal_url: "https://portal.test/".to_owned(),
            state_url: "http://127.0.0.1:1/".to_owned(),
            namespaces: place.namespaces(),
            outputs: place.folder.path().join("outputs"),
            assertion_issuer: "portal".to_owned(),
            assertion_keys: vec![signer.public_key()],
            deployment_mode: DeploymentMode::Shared,
            max_tenants: options.max_tenants,
        };
        let ports = StackPorts {
            engine: engine.clone(),
            runner: runner.clone(),
            kits: Arc::new(FakeKits),
            redeemer: portal.clone(),
            tokens: portal.clone(),
            audit: audit.clone(),
        };
        let stack = StackService::new(
            config,
            env.clone(),
            vault.clone(),
            instance.clone(),
            queue.clone(),
            ports,
        );
        assert!(runner.states.set(stack.state.clone()).is_ok());
        Self {
            place,
            clock,
            env,
            vault,
            instance,
            queue,
            signer,
            engine,
            runner,
            portal,
            audit,
            stack,
        }
    }

    /// What the portal asserts of somebody in a tenant.
    pub(crate) fn assertion(&self, slug: &str, subject: &str, role: Role) -> Assertion {
        Assertion {
            audience: "local".to_owned(),
            identity_provider: IDENTITY_PROVIDER.to_owned(),
            subject: subject.to_owned(),
            organisation: None,
            email: format!("{subject}@lab.test"),
            name: subject.to_owned(),
            role,
            session: None,
            plan: Plan::Pro,
            tenant: AssertedTenant {
                id: tenant_id(slug),
                slug: slug.to_owned(),
                name: format!("{slug} lab"),
                max_users: 15,
                max_nodes: 10,
            },
        }
    }

    /// Signs what the portal asserts; it holds there as well.
    pub(crate) fn sign(&self, assertion: Assertion) -> String {
        self.place_at_portal(
            &assertion.subject,
            assertion.tenant.id,
            Some(assertion.role),
        );
        self.signer
            .sign(assertion, &BoundRequest::EXCHANGE)
            .expect("signed")
    }

    /// Gives somebody a role at the portal, or takes it away.
    pub(crate) fn place_at_portal(&self, subject: &str, tenant: TenantId, role: Option<Role>) {
        let mut places = self.portal.places.lock().expect("places");
        let key = (subject.to_owned(), tenant);
        match role {
            Some(role) => drop(places.insert(key, role)),
            None => drop(places.remove(&key)),
        }
    }

    /// Somebody's session, by an exchange.
    pub(crate) async fn session(&self, slug: &str, subject: &str, role: Role) -> SsoExchangeView {
        let assertion = self.sign(self.assertion(slug, subject, role));
        self.stack
            .exchange
            .exchange(Some(&assertion), &BoundRequest::EXCHANGE)
            .await
            .expect("a session")
    }

    /// Somebody's place in a tenant, by a session.
    pub(crate) async fn enter(&self, slug: &str, subject: &str, role: Role) -> TenantScope {
        let session = self.session(slug, subject, role).await;
        self.stack
            .access
            .authorise(&bearer(&session.token), slug)
            .await
            .expect("a place")
    }

    pub(crate) async fn admin(&self) -> TenantScope {
        self.enter("nordhaus", "owner", Role::Admin).await
    }

    /// A stack with a valid specification of these nodes.
    pub(crate) async fn stack(&self, scope: &TenantScope, name: &str, nodes: &[&str]) -> StackId {
        let create = StackCreate {
            name: name.to_owned(),
            kit: "base-homelab".to_owned(),
        };
        let made = self
            .stack
            .stacks
            .create(scope, create)
            .await
            .expect("a stack");
        self.save(scope, made.stack.id, &yaml(nodes)).await;
        made.stack.id
    }

    pub(crate) async fn save(&self, scope: &TenantScope, stack: StackId, yaml: &str) {
        let update = SpecificationUpdate {
            yaml: yaml.to_owned(),
            base_revision: None,
        };
        self.stack
            .specifications
            .save(scope, stack, update)
            .await
            .expect("saved");
    }

    pub(crate) async fn request(&self, scope: &TenantScope, stack: StackId) -> RunView {
        let create = RunCreate {
            kind: RunKind::Apply,
            confirm: None,
        };
        self.stack
            .runs
            .create(scope, stack, create)
            .await
            .expect("a run")
    }

    /// Waits until a run is in this state.
    pub(crate) async fn reach(&self, scope: &TenantScope, number: i32, state: RunState) -> RunView {
        eventually(&format!("run {number} to be {state}"), || async {
            let run = self.view(scope, number).await;
            assert!(
                run.run.state == state || !run.run.state.ended(),
                "run {number} ended as {}: {:?}",
                run.run.state,
                run.failure
            );
            (run.run.state == state).then_some(run)
        })
        .await
    }

    pub(crate) async fn view(&self, scope: &TenantScope, number: i32) -> RunView {
        self.stack.runs.view(scope, number).await.expect("the run")
    }

    /// A plan that waits, made by a worker that runs.
    pub(crate) async fn waiting(&self, scope: &TenantScope, stack: StackId) -> RunView {
        let run = self.request(scope, stack).await;
        self.reach(scope, run.run.number, RunState::Waiting).await
    }

    pub(crate) async fn approve(&self, scope: &TenantScope, run: &RunView) -> Result<RunView> {
        let decision = RunApprove {
            plan_digest: run.plan_digest.clone().expect("a plan"),
            comment: "looks right".to_owned(),
        };
        self.stack
            .runs
            .approve(scope, run.run.number, decision)
            .await
    }

    /// Plans, approves and applies, with a worker that runs.
    pub(crate) async fn apply(&self, scope: &TenantScope, stack: StackId) -> RunView {
        let run = self.waiting(scope, stack).await;
        self.approve(scope, &run).await.expect("approved");
        self.reach(scope, run.run.number, RunState::Applied).await
    }

    /// Starts a worker.
    pub(crate) fn work(&self) -> Running {
        let options = WorkerOptions {
            name: "test".to_owned(),
            slots: 4,
            poll: Duration::from_millis(20),
            grace: Duration::from_secs(5),
            stats_every: Duration::from_secs(3600),
            listen: false,
        };
        let worker = self.stack.work(Worker::new(self.queue.clone(), options));
        let shutdown = CancellationToken::new();
        let task = tokio::spawn(worker.run(shutdown.clone(), TaskTracker::new()));
        Running { shutdown, task }
    }

    pub(crate) fn audited(&self) -> Vec<(String, &'static str, String)> {
        let records = self.audit.0.lock().expect("records");
        records
            .iter()
            .map(|record| (record.actor.clone(), record.action, record.subject.clone()))
            .collect()
    }
}

/// A worker that runs until it is stopped or killed.
pub(crate) struct Running {
    shutdown: CancellationToken,
    task: tokio::task::JoinHandle<()>,
}

impl Running {
    pub(crate) async fn stop(self) {
        self.shutdown.cancel();
        tokio::time::timeout(Duration::from_secs(20), self.task)
            .await
            .expect("the worker stops")
            .expect("the worker does not panic");
    }

    /// As a crash does: nothing is handed back, nothing is written.
    pub(crate) async fn kill(self) {
        self.task.abort();
        assert!(self.task.await.expect_err("aborted").is_cancelled());
    }
}

/// Credentials of a bearer token.
pub(crate) fn bearer(token: &str) -> Credentials {
    Credentials {
        bearer: Some(token.to_owned()),
        request_id: "request-1".to_owned(),
        ..Credentials::default()
    }
}

/// The same id for the same slug.
pub(crate) fn tenant_id(slug: &str) -> TenantId {
    let mut bytes = [0; 16];
    for (index, byte) in slug.bytes().enumerate() {
        bytes[index % 16] ^= byte.wrapping_add(u8::try_from(index).unwrap_or_default());
    }
    TenantId(uuid::Uuid::from_bytes(bytes))
}
