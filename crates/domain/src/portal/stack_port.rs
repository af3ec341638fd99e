//! What the portal answers a stack instance: who a token stands for, and the audit log.

use async_trait::async_trait;
use entity::control::user;
use sea_orm::EntityTrait;

use super::{Portal, audit::Entry, tenant::access};
use crate::{
    Error, Result,
    actor::Via,
    ports::{AuditRecord, AuditSink, TokenIdentity, TokenVerifier},
};

#[async_trait]
impl TokenVerifier for Portal {
    async fn verify(&self, token: &str, slug: &str) -> Result<TokenIdentity> {
        let actor = self.api_tokens.authenticate(token, "").await?;
        let access = access(&self.db, &actor, slug).await?;
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
        let actor = match self.sessions.authenticate(portal_session, "").await {
            Ok(actor) => actor,
            Err(Error::Refused(_)) => return Ok(false),
            Err(error) => return Err(error),
        };
        match access(&self.db, &actor, slug).await {
            Ok(_) => Ok(true),
            Err(Error::Refused(_)) => Ok(false),
            Err(error) => Err(error),
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
