//! What the portal answers a stack instance: who a token stands for, and the audit log.

use async_trait::async_trait;
use entity::control::{membership, tenant, user};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use types::{ErrorCode, portal::Role};

use super::{
    Portal,
    audit::Entry,
    tenant::{access, require_subscription},
};
use crate::{
    Error, Result,
    actor::{Presence, Via},
    ports::{AuditRecord, AuditSink, PlaceQuestion, TokenIdentity, TokenVerifier},
};

#[async_trait]
impl TokenVerifier for Portal {
    async fn verify(&self, token: &str, slug: &str) -> Result<TokenIdentity> {
        let actor = self.api_tokens.authenticate(token, "").await?;
        let access = access(&self.db, &actor, slug).await?;
        require_subscription(&access.tenant)?;
        let user = user::Entity::find_by_id(actor.user)
            .one(self.db.read())
            .await?
            .ok_or_else(Error::unauthenticated)?;
        let Via::Token { scopes, .. } = actor.via else {
            return Err(Error::unauthenticated());
        };
        Ok(TokenIdentity {
            issuer: user.issuer,
            subject: user.subject,
            name: actor.name,
            email: actor.email,
            tenant: access.id(),
            role: access.role(),
            scopes,
        })
    }

    async fn may_launch(&self, portal_session: &str, slug: &str) -> Result<bool> {
        let actor = self
            .sessions
            .authenticate(portal_session, "", Presence::Attended)
            .await?;
        match access(&self.db, &actor, slug).await {
            Ok(_) => Ok(true),
            Err(Error::Refused(_)) => Ok(false),
            Err(error) => Err(error),
        }
    }

    async fn place(&self, question: &PlaceQuestion<'_>) -> Result<Option<Role>> {
        let PlaceQuestion {
            issuer,
            subject,
            tenant,
            session,
            presence,
        } = *question;
        if let Some(session) = session {
            match self.sessions.resume(session, presence).await {
                Ok(_) => {}
                Err(error) if error.code() == ErrorCode::Unauthenticated => return Ok(None),
                Err(error) => return Err(error),
            }
        }
        let place = membership::Entity::find()
            .filter(membership::Column::TenantId.eq(tenant))
            .find_also_related(user::Entity)
            .filter(user::Column::Issuer.eq(issuer))
            .filter(user::Column::Subject.eq(subject))
            .one(self.db.read())
            .await?;
        let tenant = tenant::Entity::find_by_id(tenant)
            .one(self.db.read())
            .await?;
        match (place, tenant) {
            (Some((place, _)), Some(tenant)) => {
                require_subscription(&tenant)?;
                Ok(Some(place.role))
            }
            _ => Ok(None),
        }
    }
}

#[async_trait]
impl AuditSink for Portal {
    async fn record(&self, record: AuditRecord) -> Result<()> {
        let AuditRecord {
            tenant,
            actor,
            action,
            subject,
            detail,
            request_id,
        } = record;
        self.audit
            .record_alone(Entry {
                tenant: Some(tenant),
                actor,
                actor_id: None,
                action,
                subject,
                detail,
                request_id: Some(request_id),
            })
            .await
    }
}
