//! The stack service: tenants of an instance, their stacks, runs and states.
//!
//! Invariants:
//! * A tenant's data is reached through a [`TenantScope`] only (see [`tenancy`]).
//! * What is applied is the plan that a person approved, byte by byte, for the state
//!   that it was made for (see [`runs`]).
//! * Statuses come from what was observed; what was not observed is unknown.
//! * Locks are taken in one order: a stack's row, then its runs.

mod core;
pub mod kits;
pub mod nodes;
mod overview;
pub mod runs;
pub mod specifications;
pub mod stacks;
pub mod state;
mod steps;
pub mod tenancy;

use std::{path::PathBuf, sync::Arc};

use jobs::{Queue, Worker};
use types::{Timestamp, admin::DeploymentMode};

pub use runs::{
    Runs,
    handlers::{ApplyHandler, PlanHandler, RECONCILE, ReconcileHandler},
};
pub use tenancy::{Access, Exchange, NamespaceDb, NamespacePlace, Namespaces, TenantScope};

use self::{
    core::{Changes, Core},
    kits::Kits,
    nodes::Nodes,
    specifications::Specifications,
    stacks::Stacks,
    state::States,
    tenancy::{
        hand_over::{HandOver, HandOverParts},
        provision::Capacity,
    },
};
use crate::{
    Error, Result,
    assertion::AssertionVerifier,
    db::{Db, Version},
    env::Env,
    ports::{
        AuditSink, InfrastructureRunner, KitRegistry, LaunchRedeemer, SpecificationEngine,
        TokenVerifier, ToolVersion,
    },
    vault::Vault,
};

/// How long jobs that ended are kept, in seconds.
const KEEP_JOBS: i64 = 30 * 24 * 3600;

/// Settings of a stack instance.
#[derive(Clone, Debug)]
pub struct StackConfig {
    /// The instance's name: the audience of assertions, and its name as a client of
    /// the portal's `/launch/authorize`.
    pub instance: String,
    /// Where browsers reach this instance, e.g. `https://stack.example.org`.
    pub public_url: String,
    /// Where browsers reach the portal.
    pub portal_url: String,
    /// Where OpenTofu reaches this instance's state backend, e.g. `http://127.0.0.1:4000`.
    pub state_url: String,
    /// Where the tenants' namespaces are.
    pub namespaces: NamespacePlace,
    /// The folder below which applies write rendered configuration.
    pub outputs: PathBuf,
    /// `iss` of the assertions that are trusted.
    pub assertion_issuer: String,
    /// Ed25519 public keys of that issuer; two at a time allow rotation.
    pub assertion_keys: Vec<[u8; 32]>,
    /// Who shares the instance, until it is configured otherwise.
    pub deployment_mode: DeploymentMode,
    /// Most tenants, until it is configured otherwise.
    pub max_tenants: i32,
}

/// What lies outside of the stack service.
#[derive(Clone)]
pub struct StackPorts {
    /// CUE.
    pub engine: Arc<dyn SpecificationEngine>,
    /// OpenTofu.
    pub runner: Arc<dyn InfrastructureRunner>,
    /// The kits.
    pub kits: Arc<dyn KitRegistry>,
    /// The portal, for launch codes.
    pub redeemer: Arc<dyn LaunchRedeemer>,
    /// The portal, for API tokens.
    pub tokens: Arc<dyn TokenVerifier>,
    /// The audit log.
    pub audit: Arc<dyn AuditSink>,
}

/// The stack service of one instance.
#[derive(Clone)]
pub struct StackService {
    /// Who may enter a tenant.
    pub access: Access,
    /// Assertions for sessions.
    pub exchange: Exchange,
    /// The receiver's side of the launch.
    pub hand_over: HandOver,
    /// Kits.
    pub kits: Kits,
    /// Stacks.
    pub stacks: Stacks,
    /// Specifications.
    pub specifications: Specifications,
    /// Runs.
    pub runs: Runs,
    /// Nodes.
    pub nodes: Nodes,
    /// OpenTofu's http state backend.
    pub state: States,
    /// The tenants' namespaces.
    pub namespaces: Namespaces,
    core: Arc<Core>,
}

impl StackService {
    /// The service on an instance's migrated database with its queue in it.
    #[must_use]
    pub fn new(
        config: StackConfig,
        env: Env,
        vault: Vault,
        instance: Db,
        queue: Queue,
        ports: StackPorts,
    ) -> Self {
        let StackConfig {
            instance: name,
            public_url,
            portal_url,
            state_url,
            namespaces,
            outputs,
            assertion_issuer,
            assertion_keys,
            deployment_mode,
            max_tenants,
        } = config;
        let StackPorts {
            engine,
            runner,
            kits,
            redeemer,
            tokens,
            audit,
        } = ports;
        let namespaces = Namespaces::new(namespaces);
        let verifier =
            AssertionVerifier::new(assertion_issuer, &name, &assertion_keys, env.clone());
        let access = Access::new(
            instance.clone(),
            env.clone(),
            namespaces.clone(),
            verifier.clone(),
            tokens,
        );
        let exchange = Exchange::new(
            instance.clone(),
            env.clone(),
            namespaces.clone(),
            verifier,
            Capacity {
                mode: deployment_mode,
                max_tenants,
            },
        );
        let hand_over = HandOver::new(HandOverParts {
            exchange: exchange.clone(),
            redeemer,
            vault: vault.clone(),
            env: env.clone(),
            client: name,
            public_url,
            portal_url,
        });
        let core = Arc::new(Core {
            env,
            vault,
            namespaces: namespaces.clone(),
            engine,
            runner,
            kits,
            audit,
            queue,
            instance,
            changes: Changes::new(),
            state_url: state_url.trim_end_matches('/').to_owned(),
            outputs,
        });
        Self {
            runs: Runs {
                core: Arc::clone(&core),
                access: access.clone(),
            },
            state: States {
                core: Arc::clone(&core),
                access: access.clone(),
            },
            access,
            exchange,
            hand_over,
            kits: Kits(Arc::clone(&core)),
            stacks: Stacks(Arc::clone(&core)),
            specifications: Specifications(Arc::clone(&core)),
            nodes: Nodes(Arc::clone(&core)),
            namespaces,
            core,
        }
    }

    /// Adds the handlers of this service's jobs to a worker of the instance's queue. A
    /// schedule has to make a job of the kind [`RECONCILE`] every 30 s.
    #[must_use]
    pub fn work(&self, worker: Worker) -> Worker {
        let (plan, apply) = self.runs.handlers();
        worker
            .handler(plan)
            .handler(apply)
            .handler(ReconcileHandler(self.sweeper()))
    }

    /// What converges by itself.
    #[must_use]
    pub fn sweeper(&self) -> Sweeper {
        Sweeper {
            runs: self.runs.clone(),
            exchange: self.exchange.clone(),
        }
    }

    /// Where the applies of a tenant write what they render: a folder per stack, by its id.
    #[must_use]
    pub fn outputs(&self, slug: &str) -> PathBuf {
        self.core.outputs.join(slug)
    }

    /// The program that plans and applies.
    ///
    /// # Errors
    /// `tool_missing`.
    pub async fn infrastructure(&self) -> Result<ToolVersion> {
        self.core.runner.version().await
    }

    /// Sets the gauges of the instance database's connections.
    pub fn publish_connections(&self) {
        self.core.instance.publish_connections("instance");
    }

    /// Which content the databases have that a tenant's pages are read from.
    pub(crate) async fn version(&self, slug: &str) -> Result<(Version, Option<Version>)> {
        let instance = self.core.instance.version().await?;
        Ok((instance, self.namespaces.version(slug).await?))
    }

    /// Whether the instance's database answers.
    ///
    /// # Errors
    /// When it does not.
    pub async fn ping(&self) -> Result<()> {
        Ok(self.core.instance.ping().await?)
    }
}

/// What converges by itself: missing jobs, abandoned runs, expired sessions, old jobs.
#[derive(Clone)]
pub struct Sweeper {
    runs: Runs,
    exchange: Exchange,
}

impl Sweeper {
    /// One round.
    ///
    /// # Errors
    /// When a database fails; what was done stays done.
    pub async fn sweep(&self) -> Result<()> {
        // A tenant whose database is broken keeps nothing from being swept.
        let reconciled = self.runs.reconcile().await;
        let swept = self.exchange.sweep().await;
        let core = &self.runs.core;
        let before: Timestamp = core.env.now().plus_seconds(-KEEP_JOBS);
        let pruned = core
            .queue
            .prune(before)
            .await
            .map_err(|error| Error::internal("prune the job queue", error));
        reconciled.and(swept).and(pruned.map(|_| ()))
    }
}
