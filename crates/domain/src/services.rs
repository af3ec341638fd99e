//! All services, built once from the settings and the ports.

use std::{ops::Deref, sync::Arc};

use jobs::Queue;

use crate::{
    Error, Result,
    actor::{Actor, Credentials},
    admin::{
        Admin, health::HealthWatch, instance::Instances, job::Jobs, overview::Overview,
        placement::Placement, tenant::AdminTenants, user::Users,
    },
    assertion::AssertionSigner,
    db::{Db, Version},
    env::Env,
    plans::Plans,
    portal::{
        Portal,
        api_token::ApiTokens,
        audit::Audit,
        invitation::Invitations,
        launch::Launches,
        launch_code::LaunchCodes,
        member::Members,
        session::Sessions,
        set_up::SetUp,
        sign_in::{OperatorRule, SignIn},
        tenant::Tenants,
    },
    ports::{IdentityProvider, InstanceProbe},
    stack::StackService,
    vault::Vault,
};

/// What server functions and REST handlers call; a clone is the same services.
#[derive(Clone)]
pub struct Services(Arc<All>);

/// All services by name.
pub struct All {
    /// Sign-in, people, tenants, launch.
    pub portal: Portal,
    /// Instances, tenants and users of all.
    pub admin: Admin,
    /// The stack service of the instance in this process.
    pub stack: Arc<StackService>,
    /// The health reconciler.
    pub health: HealthWatch,
    env: Env,
}

impl Deref for Services {
    type Target = All;

    fn deref(&self) -> &All {
        &self.0
    }
}

/// The databases behind a tenant's pages at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageVersion {
    control: Version,
    instance: Version,
    /// `None` while the namespace is closed.
    namespace: Option<Version>,
}

/// What the portal and the admin centre are built from.
pub struct PlatformParts {
    /// The control database, migrated.
    pub db: Db,
    /// Time and randomness.
    pub env: Env,
    /// Encryption at rest.
    pub vault: Vault,
    /// All plans.
    pub plans: Plans,
    /// Where browsers reach the portal, without a slash at the end.
    pub public_url: String,
    /// Which of the issuer's roles make an operator.
    pub operators: OperatorRule,
    /// Sign-in is by the embedded development issuer.
    pub development: bool,
    /// Signs assertions for stack instances.
    pub signer: AssertionSigner,
    /// The OpenID provider.
    pub provider: Arc<dyn IdentityProvider>,
    /// Looks at instances.
    pub probe: Arc<dyn InstanceProbe>,
    /// The control database's queue.
    pub queue: Queue,
    /// All queues that operators see.
    pub queues: Vec<Queue>,
}

impl Services {
    /// Puts the services together.
    #[must_use]
    pub fn new(platform: Platform, stack: Arc<StackService>, env: Env) -> Self {
        let Platform {
            portal,
            admin,
            health,
        } = platform;
        Self(Arc::new(All {
            portal,
            admin,
            stack,
            health,
            env,
        }))
    }

    pub(crate) fn env(&self) -> &Env {
        &self.env
    }

    /// The server's time, for pages that show how long ago something was.
    #[must_use]
    pub fn now(&self) -> types::Timestamp {
        self.env.now()
    }

    /// What everything is read from that a tenant's pages show. As long as two versions
    /// are equal, so are the pages, but for the time that they tell.
    ///
    /// # Errors
    /// When a database does not answer.
    pub async fn version(&self, slug: &str) -> Result<PageVersion> {
        let control = self.portal.version().await?;
        let (instance, namespace) = self.stack.version(slug).await?;
        Ok(PageVersion {
            control,
            instance,
            namespace,
        })
    }

    /// Who asks: by API token, else by the portal's session.
    ///
    /// # Errors
    /// `unauthenticated`.
    pub async fn authenticate(&self, credentials: &Credentials) -> Result<Actor> {
        if let Some(bearer) = &credentials.bearer {
            return self
                .portal
                .api_tokens
                .authenticate(bearer, &credentials.request_id)
                .await;
        }
        let session = credentials
            .portal_session
            .as_deref()
            .ok_or_else(Error::unauthenticated)?;
        self.portal
            .sessions
            .authenticate(session, &credentials.request_id, credentials.presence)
            .await
    }
}

/// The portal and the admin centre.
#[derive(Clone)]
pub struct Platform {
    /// Sign-in, people, tenants, launch.
    pub portal: Portal,
    /// Instances, tenants and users of all.
    pub admin: Admin,
    /// The health reconciler.
    pub health: HealthWatch,
}

impl Platform {
    /// Builds the portal and the admin centre.
    #[must_use]
    pub fn new(parts: PlatformParts) -> Self {
        let PlatformParts {
            db,
            env,
            vault,
            plans,
            public_url,
            operators,
            development,
            signer,
            provider,
            probe,
            queue,
            queues,
        } = parts;
        let audit = Audit::new(db.clone(), env.clone());
        let instances = Instances::new(db.clone(), env.clone(), audit.clone());
        let placement = Placement::new(db.clone(), env.clone());
        let jobs = Jobs::new(queues);
        let health = HealthWatch::new(db.clone(), env.clone(), Arc::clone(&probe));
        let sessions = Sessions::new(
            db.clone(),
            env.clone(),
            audit.clone(),
            vault,
            Arc::clone(&provider),
        );
        let redirect_uri = format!("{public_url}/auth/callback");
        let portal = Portal {
            api_tokens: ApiTokens::new(db.clone(), env.clone(), audit.clone()),
            invitations: Invitations::new(
                db.clone(),
                env.clone(),
                audit.clone(),
                public_url.clone(),
            ),
            launches: Launches::new(
                db.clone(),
                env.clone(),
                audit.clone(),
                queue,
                placement.clone(),
                probe,
            ),
            launch_codes: LaunchCodes::new(db.clone(), env.clone(), signer, public_url.clone()),
            members: Members::new(db.clone(), env.clone(), audit.clone()),
            set_up: SetUp::new(db.clone(), env.clone(), audit.clone(), public_url),
            sign_in: SignIn::new(
                db.clone(),
                env.clone(),
                audit.clone(),
                sessions.clone(),
                provider,
                operators,
                redirect_uri,
            ),
            tenants: Tenants::new(
                db.clone(),
                env.clone(),
                plans.clone(),
                audit.clone(),
                instances.clone(),
            ),
            sessions,
            db: db.clone(),
            plans,
            instances: instances.clone(),
            development,
            audit: audit.clone(),
        };
        let admin = Admin {
            overview: Overview::new(
                db.clone(),
                env.clone(),
                instances.clone(),
                jobs.clone(),
                audit.clone(),
            ),
            instances,
            jobs,
            tenants: AdminTenants::new(db.clone(), env, audit.clone(), placement.clone()),
            placement,
            users: Users::new(db, audit),
        };
        Self {
            portal,
            admin,
            health,
        }
    }
}
