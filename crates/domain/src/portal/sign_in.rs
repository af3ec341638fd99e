//! Sign-in by OpenID Connect: from the provider's word to a user with their places.

use std::{collections::BTreeMap, sync::Arc};

use entity::control::{membership, tenant, user};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, EntityTrait,
    IntoActiveModel, ModelTrait, QueryFilter, QueryOrder, QuerySelect, sea_query::OnConflict,
};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;
use types::{ErrorCode, Timestamp, UserId, portal::Role};

use super::{
    audit::{Audit, Entry},
    return_to::local_path,
    session::{NewSession, Sessions},
};
use crate::{
    Error, Result,
    db::Db,
    env::Env,
    ports::{IdentityProvider, SignInSecrets, VerifiedIdentity},
};

const TRANSACTION_SECONDS: i64 = 600;
/// So many characters of a provider's reason are shown.
const LONGEST_REASON: usize = 120;

/// Which of the issuer's roles make a platform operator.
#[derive(Clone, Debug, Default)]
pub struct OperatorRule {
    /// The role's name.
    pub role: String,
    /// The organisation in which it must be held; no organisation, no operators by role.
    pub organisation: Option<String>,
}

/// Sign-in by OpenID Connect.
#[derive(Clone)]
pub struct SignIn {
    db: Db,
    env: Env,
    audit: Audit,
    sessions: Sessions,
    provider: Arc<dyn IdentityProvider>,
    operators: OperatorRule,
    redirect_uri: String,
}

/// A sign-in on its way; kept in an encrypted cookie of the browser that started it.
#[derive(Clone, Serialize, Deserialize)]
pub struct Transaction {
    secrets: SignInSecrets,
    return_to: String,
    started_at: Timestamp,
}

/// A sign-in that has succeeded.
pub struct SignedIn {
    /// The new session's token, for the cookie.
    pub token: String,
    /// Where the browser goes on: a path of this site.
    pub return_to: String,
}

impl SignIn {
    pub(crate) fn new(
        db: Db,
        env: Env,
        audit: Audit,
        sessions: Sessions,
        provider: Arc<dyn IdentityProvider>,
        operators: OperatorRule,
        redirect_uri: String,
    ) -> Self {
        Self {
            db,
            env,
            audit,
            sessions,
            provider,
            operators,
            redirect_uri,
        }
    }

    /// Starts a sign-in: where the browser goes, and what its cookie has to keep.
    ///
    /// # Errors
    /// `upstream_failed` when the provider does not answer.
    pub async fn begin(&self, return_to: Option<&str>) -> Result<(String, Transaction)> {
        let start = self.provider.begin(&self.redirect_uri).await?;
        let transaction = Transaction {
            secrets: start.secrets,
            return_to: local_path(return_to),
            started_at: self.env.now(),
        };
        Ok((start.authorize_url, transaction))
    }

    /// Completes a sign-in.
    ///
    /// # Errors
    /// `hand_over_refused` without a transaction, with another state, or after ten
    /// minutes; `unauthenticated` when the provider's word does not verify;
    /// `forbidden` when the asked organisation is not the user's.
    pub async fn complete(
        &self,
        transaction: Option<Transaction>,
        state: &str,
        code: &str,
        brought: Option<&str>,
        request_id: &str,
    ) -> Result<SignedIn> {
        let Transaction {
            secrets,
            return_to,
            started_at: _,
        } = self.own(transaction, state)?;
        let identity = self
            .provider
            .redeem(code, &secrets, &self.redirect_uri)
            .await?;
        let organisation = match chosen_organisation(&identity) {
            Ok(organisation) => organisation,
            Err(refused) => {
                self.take_places(&identity).await?;
                return Err(refused);
            }
        };
        let user = self
            .admit(&identity, organisation.as_deref(), request_id)
            .await?;
        let operator_by_role = self
            .operators
            .organisation
            .as_ref()
            .is_some_and(|organisation| {
                identity
                    .roles
                    .get(&self.operators.role)
                    .is_some_and(|held| held.contains(organisation))
            });
        let new = NewSession {
            user: user.id,
            issuer: identity.issuer,
            sid: identity.sid,
            operator_by_role,
            tokens: identity.tokens,
        };
        let token = self.sessions.begin(new, brought).await?;
        Ok(SignedIn { token, return_to })
    }

    /// What a browser is told that comes back without a code: the provider's reason, if
    /// it is this browser's sign-in. Otherwise anybody could put words into our mouth.
    #[must_use]
    pub fn declined(&self, transaction: Option<Transaction>, state: &str, said: &str) -> Error {
        match self.own(transaction, state) {
            Ok(_) => {
                tracing::info!(oidc.error = said, "the provider declined a sign-in");
                let said: String = said.chars().take(LONGEST_REASON).collect();
                Error::refused(
                    ErrorCode::HandOver,
                    format!("The sign-in provider answered \"{said}\". Start again."),
                )
            }
            Err(error) => error,
        }
    }

    /// The transaction, if this browser began it not long ago.
    fn own(&self, transaction: Option<Transaction>, state: &str) -> Result<Transaction> {
        let same = |transaction: &Transaction| -> bool {
            let kept = transaction.secrets.state.as_bytes();
            kept.ct_eq(state.as_bytes()).into()
        };
        let now = self.env.now();
        transaction
            .filter(same)
            .filter(|begun| now.millis_since(begun.started_at) <= TRANSACTION_SECONDS * 1000)
            .ok_or_else(|| {
                Error::refused(
                    ErrorCode::HandOver,
                    "This sign-in was not started in this browser, was used before, or took longer than ten minutes. Start again.",
                )
            })
    }

    /// Finds or makes the user by issuer and subject (never by e-mail, which anybody
    /// may claim elsewhere) and brings the places that the organisation gives up to date.
    async fn admit(
        &self,
        identity: &VerifiedIdentity,
        organisation: Option<&str>,
        request_id: &str,
    ) -> Result<user::Model> {
        let now = self.env.now();
        let name = identity
            .name
            .clone()
            .or_else(|| identity.email.clone())
            .unwrap_or_else(|| identity.subject.clone());
        let email = identity.email.clone().unwrap_or_default();
        let transaction = self.db.begin().await?;
        let user = user::Entity::insert(user::ActiveModel {
            id: Set(self.env.id()),
            issuer: Set(identity.issuer.clone()),
            subject: Set(identity.subject.clone()),
            email: Set(email),
            name: Set(name),
            operator: Set(false),
            created_at: Set(now),
            last_seen_at: Set(Some(now)),
        })
        .on_conflict(
            OnConflict::columns([user::Column::Issuer, user::Column::Subject])
                .update_columns([
                    user::Column::Email,
                    user::Column::Name,
                    user::Column::LastSeenAt,
                ])
                .to_owned(),
        )
        .exec_with_returning(&transaction)
        .await?;
        self.follow_roles(&transaction, user.id, organisation, identity)
            .await?;
        let entry = Entry {
            actor: user.name.clone(),
            actor_id: Some(user.id),
            action: "session.started",
            subject: user.name.clone(),
            request_id: Some(request_id.to_owned()),
            ..Entry::default()
        };
        self.audit.record(&transaction, entry).await?;
        transaction.commit().await?;
        Ok(user)
    }

    /// Somebody who is refused may have had places by organisations: what the provider
    /// does not confirm any more goes all the same.
    async fn take_places(&self, identity: &VerifiedIdentity) -> Result<()> {
        let transaction = self.db.begin().await?;
        let known = user::Entity::find()
            .filter(user::Column::Issuer.eq(&identity.issuer))
            .filter(user::Column::Subject.eq(&identity.subject))
            .one(&transaction)
            .await?;
        if let Some(user) = known {
            self.follow_roles(&transaction, user.id, None, identity)
                .await?;
        }
        Ok(transaction.commit().await?)
    }

    /// Brings the places that organisations give up to date with the provider's roles:
    /// the chosen one may give a place, and every one changes or takes what it gave. Where
    /// the provider was not heard, all stays as it is.
    async fn follow_roles(
        &self,
        on: &impl ConnectionTrait,
        user: UserId,
        chosen: Option<&str>,
        identity: &VerifiedIdentity,
    ) -> Result<()> {
        if !identity.heard {
            return Ok(());
        }
        let given = membership::Entity::find()
            .filter(membership::Column::UserId.eq(user))
            .filter(membership::Column::ByOrganisation.eq(true))
            .all(on)
            .await?;
        let mut concerned = Condition::any()
            .add(tenant::Column::Id.is_in(given.iter().map(|place| place.tenant_id)));
        if let Some(chosen) = chosen {
            concerned = concerned.add(tenant::Column::OrganisationId.eq(chosen));
        }
        // Locked, so that an operator who unbinds one meanwhile takes this place away too.
        let bound = tenant::Entity::find()
            .filter(concerned)
            .order_by_asc(tenant::Column::Id)
            .lock_shared()
            .all(on)
            .await?;
        for tenant in bound {
            if let Some(organisation) = &tenant.organisation_id {
                self.follow_role(on, user, &tenant, role_in(organisation, &identity.roles))
                    .await?;
            }
        }
        Ok(())
    }

    async fn follow_role(
        &self,
        on: &impl ConnectionTrait,
        user: UserId,
        tenant: &tenant::Model,
        held: Option<Role>,
    ) -> Result<()> {
        let place = membership::Entity::find()
            .filter(membership::Column::UserId.eq(user))
            .filter(membership::Column::TenantId.eq(tenant.id))
            .one(on)
            .await?;
        match (place, held) {
            (None, Some(role)) => {
                membership::Entity::insert(membership::ActiveModel {
                    id: Set(self.env.id()),
                    user_id: Set(user),
                    tenant_id: Set(tenant.id),
                    role: Set(role),
                    by_organisation: Set(true),
                    created_at: Set(self.env.now()),
                })
                .exec_without_returning(on)
                .await?;
            }
            (Some(place), Some(role)) if place.by_organisation && place.role != role => {
                let mut place = place.into_active_model();
                place.role = Set(role);
                place.update(on).await?;
            }
            (Some(place), None) if place.by_organisation => {
                place.delete(on).await?;
            }
            _ => {}
        }
        Ok(())
    }
}

/// The greatest role that somebody holds in an organisation.
fn role_in(organisation: &str, roles: &BTreeMap<String, Vec<String>>) -> Option<Role> {
    let holds = |role: &&Role| {
        roles
            .get(role.word())
            .is_some_and(|held| held.iter().any(|at| at == organisation))
    };
    Role::ALL.iter().rev().find(holds).copied()
}

/// The organisation that the user acts for. `urn:zitadel:iam:org:id` only echoes a
/// scope that the user can edit, so it counts only when it is the user's own
/// organisation or one in which they hold a role.
fn chosen_organisation(identity: &VerifiedIdentity) -> Result<Option<String>> {
    match &identity.requested_organisation {
        None => Ok(identity.home_organisation.clone()),
        Some(requested) => {
            let home = identity.home_organisation.as_ref() == Some(requested);
            let held = identity
                .roles
                .values()
                .flatten()
                .any(|organisation| organisation == requested);
            if home || held {
                Ok(Some(requested.clone()))
            } else {
                Err(Error::refused(
                    ErrorCode::Forbidden,
                    "You do not belong to the organisation that this sign-in asks for. Sign in with your own organisation, or ask its admin for a role.",
                ))
            }
        }
    }
}
