//! One-use codes of the launch hand-over, bound to user, tenant, instance, redirect
//! address and PKCE challenge. A code is burned before anything else is checked.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use entity::control::{instance, launch_code, membership, session, tenant, user};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, sea_query::Expr};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use types::{ErrorCode, InstanceId, SessionId, portal::Role};

use super::{
    session::alive,
    tenant::{access, require_subscription},
};
use crate::{
    Error, Result,
    actor::Actor,
    assertion::{AssertedTenant, Assertion, AssertionSigner, BoundRequest},
    db::Db,
    env::Env,
    vault::fingerprint,
};

const LIFETIME_SECONDS: i64 = 60;
/// The path that a stack instance may be called back at.
const CALLBACK_PATH: &str = "/sso/callback";

/// One-use codes.
#[derive(Clone)]
pub struct LaunchCodes {
    db: Db,
    env: Env,
    signer: AssertionSigner,
    public_url: String,
}

/// What a stack instance asks the portal for, through the browser.
#[derive(Clone, Debug)]
pub struct CodeRequest {
    /// The instance's name.
    pub client: String,
    /// The tenant's slug.
    pub tenant: String,
    /// Where the code goes.
    pub redirect_uri: String,
    /// PKCE challenge, S256.
    pub challenge: String,
}

/// What a stack instance redeems a code with, over the back channel.
#[derive(Clone, Debug)]
pub struct CodeRedeem {
    /// The code.
    pub code: String,
    /// PKCE verifier.
    pub verifier: String,
    /// The same address as in the request.
    pub redirect_uri: String,
    /// The instance's name.
    pub client: String,
}

impl LaunchCodes {
    pub(crate) fn new(db: Db, env: Env, signer: AssertionSigner, public_url: String) -> Self {
        Self {
            db,
            env,
            signer,
            public_url,
        }
    }

    /// Makes a code for somebody who belongs to the tenant, for the instance that
    /// holds it and an address of that instance only.
    ///
    /// # Errors
    /// `tenant_not_found`; `hand_over_refused` for another instance or address.
    pub async fn issue(&self, actor: &Actor, wanted: &CodeRequest) -> Result<String> {
        let session = actor.require_browser()?;
        let access = access(&self.db, actor, &wanted.tenant).await?;
        require_subscription(&access.tenant)?;
        let placed = match access.tenant.instance_id {
            Some(id) => instance::Entity::find_by_id(id).one(self.db.read()).await?,
            None => None,
        };
        let Some(instance) = placed.filter(|instance| instance.name == wanted.client) else {
            return Err(refused(
                "The homelab is not on this instance. Launch it from the overview.",
            ));
        };
        let base = instance
            .public_endpoint
            .as_deref()
            .unwrap_or(&self.public_url);
        if wanted.redirect_uri != format!("{base}{CALLBACK_PATH}") {
            return Err(refused(
                "The instance asks for an answer at an address that is not its own. An operator has to enter its address as it is; then launch again.",
            ));
        }
        if wanted.challenge.len() != 43 {
            return Err(refused(
                "The instance sent no S256 challenge. Launch again; if it stays, its version does not fit this portal's.",
            ));
        }
        let code = self.env.secret();
        launch_code::Entity::insert(launch_code::ActiveModel {
            code_hash: Set(fingerprint(&code)),
            user_id: Set(actor.user),
            session_id: Set(Some(session)),
            tenant_id: Set(access.id()),
            instance_id: Set(instance.id),
            redirect_uri: Set(wanted.redirect_uri.clone()),
            challenge: Set(wanted.challenge.clone()),
            expires_at: Set(self.env.now().plus_seconds(LIFETIME_SECONDS)),
            used_at: Set(None),
        })
        .exec_without_returning(self.db.write())
        .await?;
        Ok(code)
    }

    /// Redeems a code for a signed assertion of who launches what.
    ///
    /// # Errors
    /// `hand_over_refused` when it was used, is older than 60 s, or verifier,
    /// instance or address are not the ones that it was made for; it is burned then.
    pub async fn redeem(&self, wanted: &CodeRedeem) -> Result<String> {
        let now = self.env.now();
        let wrong = || {
            refused(
                "The code was used before, is older than 60 s, or was made for something else. Launch again.",
            )
        };
        let hash = fingerprint(&wanted.code);
        let burned = launch_code::Entity::update_many()
            .set(launch_code::ActiveModel {
                used_at: Set(Some(now)),
                ..Default::default()
            })
            .filter(launch_code::Column::CodeHash.eq(hash.as_str()))
            .filter(launch_code::Column::UsedAt.is_null())
            .exec(self.db.write())
            .await?;
        if burned.rows_affected == 0 {
            return Err(wrong());
        }
        let code = launch_code::Entity::find_by_id(hash)
            .one(self.db.write())
            .await?
            .ok_or_else(wrong)?;
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(wanted.verifier.as_bytes()));
        let same_challenge: bool = challenge.as_bytes().ct_eq(code.challenge.as_bytes()).into();
        let instance = instance::Entity::find_by_id(code.instance_id)
            .one(self.db.write())
            .await?
            .ok_or_else(wrong)?;
        if code.expires_at < now
            || !same_challenge
            || code.redirect_uri != wanted.redirect_uri
            || instance.name != wanted.client
        {
            return Err(wrong());
        }
        // Session and place are read again: they may be gone within the 60 s.
        let session = match code.session_id {
            Some(id) => session::Entity::find_by_id(id).one(self.db.write()).await?,
            None => None,
        };
        let session = session
            .filter(|session| alive(session, now))
            .ok_or_else(wrong)?;
        let place = membership::Entity::find()
            .filter(membership::Column::UserId.eq(code.user_id))
            .filter(membership::Column::TenantId.eq(code.tenant_id))
            .find_also_related(tenant::Entity)
            .one(self.db.write())
            .await?;
        let user = user::Entity::find_by_id(code.user_id)
            .one(self.db.write())
            .await?;
        let (Some((place, Some(tenant))), Some(user)) = (place, user) else {
            return Err(wrong());
        };
        require_subscription(&tenant)?;
        self.assert(&instance, user, tenant, place.role, Some(session.id))
            .await
    }

    /// The signed assertion of somebody's place in a tenant, for the instance that holds
    /// it, and of the portal session that they come from. From then on it stays there.
    ///
    /// # Errors
    /// `hand_over_refused` when another instance holds the tenant by now.
    pub(crate) async fn assert(
        &self,
        instance: &instance::Model,
        user: user::Model,
        tenant: tenant::Model,
        role: Role,
        session: Option<SessionId>,
    ) -> Result<String> {
        self.mark_launched(&tenant, instance.id).await?;
        let assertion = Assertion {
            audience: instance.name.clone(),
            identity_provider: user.issuer,
            subject: user.subject,
            organisation: tenant.organisation_id,
            email: user.email,
            name: user.name,
            role,
            session,
            plan: tenant.plan,
            tenant: AssertedTenant {
                id: tenant.id,
                slug: tenant.slug,
                name: tenant.name,
                max_users: tenant.max_users,
                max_nodes: tenant.max_nodes,
            },
        };
        self.signer.sign(assertion, &BoundRequest::EXCHANGE)
    }

    async fn mark_launched(&self, tenant: &tenant::Model, on: InstanceId) -> Result<()> {
        if tenant.launched_at.is_some() && tenant.instance_id == Some(on) {
            return Ok(());
        }
        let now = self.env.now();
        let marked = tenant::Entity::update_many()
            .col_expr(tenant::Column::LaunchedAt, Expr::value(Some(now)))
            .col_expr(tenant::Column::UpdatedAt, Expr::value(now))
            .filter(tenant::Column::Id.eq(tenant.id))
            .filter(tenant::Column::InstanceId.eq(on))
            .exec(self.db.write())
            .await?;
        if marked.rows_affected == 0 {
            return Err(refused(
                "The homelab was placed on another instance in between. Launch again.",
            ));
        }
        Ok(())
    }

    /// Removes codes that are long over; called now and then.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn sweep(&self) -> Result<u64> {
        let swept = launch_code::Entity::delete_many()
            .filter(launch_code::Column::ExpiresAt.lt(self.env.now().plus_seconds(-3600)))
            .exec(self.db.write())
            .await?;
        Ok(swept.rows_affected)
    }
}

fn refused(detail: &str) -> Error {
    Error::refused(ErrorCode::HandOver, detail)
}
