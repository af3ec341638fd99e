//! The outside, as narrow traits. Each has one real implementation in `adapters`
//! (or in the server) and is asked only for what the services need.

mod portal;

use std::{collections::BTreeMap, path::PathBuf, pin::Pin, sync::Arc};

use async_trait::async_trait;
use tokio::sync::watch;
use types::{
    Timestamp,
    admin::{ComponentStatus, HealthStatus},
    stack::{ChangeSummary, KitView, NodeType, ResourceChange, SpecificationCheck},
};

pub use self::portal::{PlaceQuestion, TokenIdentity, TokenVerifier};
use crate::Result;

// ---------------------------------------------------------------- identity

/// An OpenID provider, asked as a relying party.
#[async_trait]
pub trait IdentityProvider: Send + Sync {
    /// Starts a sign-in: where the browser goes and what has to be remembered.
    ///
    /// # Errors
    /// `upstream_failed` when the provider cannot be discovered.
    async fn begin(&self, redirect_uri: &str) -> Result<SignInStart>;

    /// Redeems the code and verifies the ID token: signature by a known key and an
    /// asymmetric algorithm, issuer, audience (others than the client only with
    /// `azp` = client), expiry with no more than 30 s leeway, issue time, nonce.
    ///
    /// # Errors
    /// `unauthenticated` when anything of this does not hold.
    async fn redeem(
        &self,
        code: &str,
        start: &SignInSecrets,
        redirect_uri: &str,
    ) -> Result<VerifiedIdentity>;

    /// Trades a refresh token for new tokens.
    ///
    /// # Errors
    /// `unauthenticated` when the provider refuses it: the session ends.
    async fn refresh(&self, refresh_token: &str) -> Result<ProviderTokens>;

    /// Verifies a back-channel `logout_token` (OpenID Connect Back-Channel Logout 1.0).
    ///
    /// # Errors
    /// `invalid` when it is not a valid logout token.
    async fn verify_logout(&self, logout_token: &str) -> Result<LogoutNotice>;

    /// Where the browser signs out at the provider, when it has `end_session`.
    async fn end_session_url(&self, id_token: Option<&str>, return_to: &str) -> Option<String>;
}

/// A sign-in that was started.
pub struct SignInStart {
    /// Where the browser goes.
    pub authorize_url: String,
    /// What has to be remembered until it comes back.
    pub secrets: SignInSecrets,
}

/// What ties the callback to the browser that started.
#[derive(Clone, serde::Serialize, serde::Deserialize)]
pub struct SignInSecrets {
    /// `state`.
    pub state: String,
    /// `nonce`.
    pub nonce: String,
    /// PKCE verifier.
    pub verifier: String,
}

/// Who the provider says has signed in; every claim verified.
#[derive(Clone, Debug)]
pub struct VerifiedIdentity {
    /// `iss`.
    pub issuer: String,
    /// `sub`.
    pub subject: String,
    /// `email`, only for display: never to find an account by.
    pub email: Option<String>,
    /// `name`, or what stands for it.
    pub name: Option<String>,
    /// The session at the provider.
    pub sid: Option<String>,
    /// The organisation that the user belongs to (`urn:zitadel:iam:user:resourceowner:id`).
    pub home_organisation: Option<String>,
    /// `urn:zitadel:iam:org:id`: editable by the user, proves nothing by itself.
    pub requested_organisation: Option<String>,
    /// Role name → organisations in which it is held.
    pub roles: BTreeMap<String, Vec<String>>,
    /// Whether the provider was heard to its end: where it was not, roles that are missing
    /// may be held all the same.
    pub heard: bool,
    /// What the provider gave for later.
    pub tokens: ProviderTokens,
}

/// The provider's tokens; they never leave the server and are encrypted at rest.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct ProviderTokens {
    /// For `id_token_hint`.
    pub id_token: Option<String>,
    /// Access token.
    pub access_token: String,
    /// Refresh token.
    pub refresh_token: Option<String>,
    /// When the access token stops to work.
    pub expires_at: Timestamp,
}

/// A back-channel logout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogoutNotice {
    /// `iss`.
    pub issuer: String,
    /// `jti`: a notice is taken once.
    pub id: String,
    /// `sub`: all sessions of this user, unless `sid` names one.
    pub subject: Option<String>,
    /// `sid`.
    pub sid: Option<String>,
}

/// Redeems a launch code at the portal, on behalf of a stack instance.
#[async_trait]
pub trait LaunchRedeemer: Send + Sync {
    /// The signed assertion of who launches which tenant.
    ///
    /// # Errors
    /// `hand_over_refused` when the portal refuses the code.
    async fn redeem(&self, code: &str, verifier: &str, redirect_uri: &str) -> Result<String>;
}

// -------------------------------------------------------------------- audit

/// Takes what people did, for the audit log.
#[async_trait]
pub trait AuditSink: Send + Sync {
    /// Keeps one record.
    ///
    /// # Errors
    /// When it cannot be kept.
    async fn record(&self, record: AuditRecord) -> Result<()>;
}

/// Something that somebody did in a tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditRecord {
    /// The tenant's slug.
    pub tenant: String,
    /// Who did it, by name.
    pub actor: String,
    /// What was done, e.g. `run.approved`.
    pub action: &'static str,
    /// To what, as a person names it, e.g. `run 41 of core-services`.
    pub subject: String,
    /// More, in words; may be empty.
    pub detail: String,
    /// The request that did it.
    pub request_id: String,
}

// --------------------------------------------------------------- instances

/// Looks at an instance from outside.
#[async_trait]
pub trait InstanceProbe: Send + Sync {
    /// One observation of the instance with this name; one that does not answer, or
    /// that answers under another name, is an observation too.
    async fn probe(&self, name: &str, internal_endpoint: &str) -> Observation;
}

/// What was observed of an instance.
#[derive(Clone, Debug)]
pub struct Observation {
    /// The instance as a whole.
    pub status: HealthStatus,
    /// Its database.
    pub database: ComponentStatus,
    /// Its API.
    pub api: ComponentStatus,
    /// Its agents.
    pub agents: ComponentStatus,
    /// How long its database took to answer, in milliseconds.
    pub database_ms: Option<f64>,
    /// How long its API took to answer, in milliseconds.
    pub api_ms: Option<f64>,
    /// Processor use, 0 to 100.
    pub cpu_percent: Option<f64>,
    /// Memory use, 0 to 100.
    pub memory_percent: Option<f64>,
    /// Storage use, 0 to 100.
    pub storage_percent: Option<f64>,
    /// What is wrong, in words; empty when nothing is.
    pub detail: String,
}

// ------------------------------------------------------------- stack: kits

/// A kit on disk.
#[derive(Clone, Debug)]
pub struct Kit {
    /// Its name, e.g. `base-homelab`.
    pub name: String,
    /// Its version (semver).
    pub version: String,
    /// The folder of the CUE module that it belongs to (holds `cue.mod/`).
    pub module: PathBuf,
    /// Its own folder, `kits/<name>`, below the module.
    pub folder: PathBuf,
    /// Hexadecimal SHA-256 of what is in its folder `tofu/`.
    pub digest: String,
}

/// The kits that this process can work with, read once at start.
pub trait KitRegistry: Send + Sync {
    /// Every kit with what is shown of it, by name.
    fn list(&self) -> Vec<(Kit, KitView)>;

    /// The kit of this name, without a version.
    fn get(&self, name: &str) -> Option<(Kit, KitView)>;
}

/// A specification after its check.
#[derive(Clone, Debug)]
pub struct CheckedSpecification {
    /// What the person is told.
    pub check: SpecificationCheck,
    /// What the kit made of it; `None` unless valid.
    pub unified: Option<UnifiedSpecification>,
}

/// A valid specification as the kit completed it.
#[derive(Clone, Debug, PartialEq)]
pub struct UnifiedSpecification {
    /// The document with its defaults filled.
    pub document: serde_json::Value,
    /// Variables of the kit's OpenTofu module, ready for `InfrastructureWork`.
    pub variables: serde_json::Value,
    /// Its nodes, in the order of the document.
    pub nodes: Vec<SpecifiedNode>,
}

/// A node as specified, defaults filled.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct SpecifiedNode {
    /// Its name, unique in the stack.
    pub name: String,
    /// Its IPv4 address, unique in the stack.
    pub address: String,
    /// Its role in the stack, one of the kit's.
    pub role: String,
    /// What it is.
    pub kind: NodeType,
    /// Processors.
    pub cpu: u32,
    /// Memory in MiB.
    pub memory_mib: u32,
}

/// The Unifier's engine: CUE.
#[async_trait]
pub trait SpecificationEngine: Send + Sync {
    /// Checks a specification against its kit and fills its defaults. A wrong
    /// specification is an answer, not an error. Fails closed: without an engine
    /// nothing is ever valid.
    ///
    /// # Errors
    /// `tool_missing` when cue is not there or too old; `kit_invalid` when the kit
    /// itself does not pass; `disk_full`.
    async fn check(&self, kit: &Kit, yaml: &str) -> Result<CheckedSpecification>;

    /// The engine's version, as observed now.
    ///
    /// # Errors
    /// `tool_missing`.
    async fn version(&self) -> Result<ToolVersion>;
}

/// A program that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolVersion {
    /// `cue`, `tofu` or `terraform`.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Where it was found.
    pub path: PathBuf,
}

// ------------------------------------------------------------- stack: runs

/// Plans and applies by OpenTofu (or terraform).
#[async_trait]
pub trait InfrastructureRunner: Send + Sync {
    /// Initialises and plans in a private folder; the plan is for exactly this
    /// configuration and the state that the backend holds.
    ///
    /// # Errors
    /// `tool_missing`, `state_locked`, `disk_full`, or `upstream_failed` with
    /// OpenTofu's own diagnostics in one sentence.
    async fn plan(
        &self,
        work: &InfrastructureWork,
        watch: &RunWatch,
    ) -> Result<PlanResult, RunError>;

    /// Applies exactly this plan.
    ///
    /// # Errors
    /// As for [`Self::plan`], and `plan_stale` when the state has moved on.
    async fn apply(
        &self,
        work: &InfrastructureWork,
        plan: &[u8],
        watch: &RunWatch,
    ) -> Result<ApplyResult, RunError>;

    /// The program's version, as observed now.
    ///
    /// # Errors
    /// `tool_missing`.
    async fn version(&self) -> Result<ToolVersion>;
}

/// What OpenTofu works on.
#[derive(Clone, Debug)]
pub struct InfrastructureWork {
    /// The kit's OpenTofu module.
    pub module: PathBuf,
    /// Variables, as `terraform.tfvars.json` takes them.
    pub variables: serde_json::Value,
    /// The folder that an apply writes rendered configuration to; made when it is
    /// not there. Provisioners find it as `KOMBIFY_OUTPUT_DIR`, so that neither plan
    /// nor state holds a path of this machine.
    pub output: PathBuf,
    /// Plan the removal of everything.
    pub destroy: bool,
    /// Set when it is not known what stands, with the addresses of what the state holds: a
    /// plan replaces all of it, and an apply empties the output folder first.
    pub anew: Option<Vec<String>>,
    /// Our http state backend.
    pub backend: StateBackend,
}

/// Address and credentials of the state of one stack, valid for one run.
#[derive(Clone)]
pub struct StateBackend {
    /// The state's URL; LOCK and UNLOCK go there too.
    pub address: String,
    /// Basic auth user: the run's id.
    pub username: String,
    /// Basic auth password: the run's token.
    pub password: String,
}

impl std::fmt::Debug for StateBackend {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StateBackend")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

/// How much a person wants a run to stop.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stop {
    /// Go on.
    #[default]
    No,
    /// Interrupt: OpenTofu saves its state, releases its lock and ends.
    Graceful,
    /// Kill the whole process group at once.
    Force,
}

/// Where a run reports to, and what tells it to stop.
#[derive(Clone)]
pub struct RunWatch {
    /// Takes what happens, in order.
    pub events: Arc<dyn Fn(RunProgress) + Send + Sync>,
    /// Tells to stop.
    pub stop: watch::Receiver<Stop>,
    /// Asked before anything is changed that the state's lock does not guard; `false` when
    /// the run is another's by now.
    pub touch: Touch,
}

/// Writes down that a run changes something from now on.
pub type Touch = Arc<dyn Fn() -> Pin<Box<dyn Future<Output = Result<bool>> + Send>> + Send + Sync>;

/// Something that happened in a run.
#[derive(Clone, Debug, PartialEq)]
pub enum RunProgress {
    /// A line for the log.
    Log {
        /// `info`, `warn` or `error`.
        level: &'static str,
        /// The resource or node that it is about; may be empty.
        source: String,
        /// The text, secrets masked.
        line: String,
    },
    /// `init` ended well; the plan itself begins.
    Initialised {
        /// How long it took, in milliseconds.
        duration_ms: i64,
    },
    /// The apply of a resource began.
    ResourceStarted {
        /// Its address.
        address: String,
    },
    /// The apply of a resource ended.
    ResourceEnded {
        /// Its address.
        address: String,
        /// It was observed to be complete.
        ok: bool,
        /// How long it took, in milliseconds.
        duration_ms: i64,
    },
}

/// A plan.
#[derive(Clone, Debug)]
pub struct PlanResult {
    /// The plan file: may hold secrets in plain text.
    pub plan: Vec<u8>,
    /// What it changes, for people; secrets masked.
    pub changes: Vec<ResourceChange>,
    /// How much it changes.
    pub summary: ChangeSummary,
}

/// An apply that was observed to be complete.
#[derive(Clone, Debug)]
pub struct ApplyResult {
    /// What OpenTofu says it did.
    pub summary: ChangeSummary,
}

/// How a run ended when it did not end well.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// It was told to stop and did, in order: the state is saved.
    #[error("stopped")]
    Stopped,
    /// It was killed: what stands is not known until the next plan.
    #[error("killed")]
    Killed,
    /// It failed.
    #[error(transparent)]
    Failed(#[from] crate::Error),
}
