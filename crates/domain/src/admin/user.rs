//! All users, for operators.

use std::collections::HashMap;

use entity::control::{membership, session, tenant, user};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, DatabaseTransaction, EntityTrait,
    IntoActiveModel, QueryFilter, QueryOrder, QuerySelect,
};
use types::{
    UserId,
    admin::{OperatorChange, UserAdminView},
    portal::Scope,
};

use crate::{
    Error, Result,
    actor::{Actor, Via},
    db::Db,
    portal::audit::{Audit, Entry},
};

/// All users, for operators.
#[derive(Clone)]
pub struct Users {
    db: Db,
    audit: Audit,
}

impl Users {
    pub(crate) fn new(db: Db, audit: Audit) -> Self {
        Self { db, audit }
    }

    /// Every user, by name.
    ///
    /// # Errors
    /// `forbidden` unless operator.
    pub async fn list(&self, actor: &Actor) -> Result<Vec<UserAdminView>> {
        actor.require_operator(Scope::Read)?;
        let users = user::Entity::find()
            .order_by_asc(user::Column::Name)
            .all(self.db.read())
            .await?;
        let mut tenants: HashMap<UserId, Vec<String>> = HashMap::new();
        let places = membership::Entity::find()
            .find_also_related(tenant::Entity)
            .all(self.db.read())
            .await?;
        for (place, tenant) in places {
            tenants
                .entry(place.user_id)
                .or_default()
                .extend(tenant.map(|tenant| tenant.name));
        }
        Ok(users
            .into_iter()
            .map(|user| {
                let user::Model {
                    id,
                    issuer: _,
                    subject: _,
                    email,
                    name,
                    operator,
                    created_at: _,
                    last_seen_at,
                } = user;
                UserAdminView {
                    id,
                    name,
                    email,
                    operator,
                    is_viewer: id == actor.user,
                    tenants: tenants.remove(&id).unwrap_or_default(),
                    last_seen_at,
                }
            })
            .collect())
    }

    /// Makes a user an operator, or takes it from them; who is one by a role at the
    /// provider stays one until that role is taken away there.
    ///
    /// # Errors
    /// `forbidden` unless operator in a browser, `not_found`, `conflict` for oneself.
    pub async fn set_operator(
        &self,
        actor: &Actor,
        id: UserId,
        wanted: OperatorChange,
    ) -> Result<()> {
        actor.require_operator(Scope::Write)?;
        actor.require_browser()?;
        let OperatorChange { operator } = wanted;
        if id == actor.user {
            return Err(Error::conflict(
                "You cannot change this of yourself. Ask another operator.",
            ));
        }
        let transaction = self.db.begin().await?;
        let user = two(&transaction, actor, id).await?;
        if user.operator != operator {
            let action = if operator {
                "operator.made"
            } else {
                "operator.removed"
            };
            let entry = Entry::by(actor, action, &user.name);
            let mut user = user.into_active_model();
            user.operator = Set(operator);
            user.update(&transaction).await?;
            self.audit.record(&transaction, entry).await?;
        }
        Ok(transaction.commit().await?)
    }
}

/// The user whose right is changed. Both rows are taken until the transaction ends: of two
/// operators who take it from each other at once, the second one is none any more.
async fn two(on: &DatabaseTransaction, actor: &Actor, changed: UserId) -> Result<user::Model> {
    let held = user::Entity::find()
        .filter(user::Column::Id.is_in([actor.user, changed]))
        .order_by_asc(user::Column::Id)
        .lock_exclusive()
        .all(on)
        .await?;
    still_operator(on, actor).await?;
    held.into_iter()
        .find(|user| user.id == changed)
        .ok_or_else(|| Error::not_found("user"))
}

/// Whether somebody who asks as an operator still is one. Nobody takes it from them until
/// the transaction ends.
pub(super) async fn still_operator(on: &DatabaseTransaction, actor: &Actor) -> Result<()> {
    // Shared: a row of theirs elsewhere, such as a place in a tenant, does not wait for it.
    let user = user::Entity::find_by_id(actor.user)
        .lock_shared()
        .one(on)
        .await?;
    let by_role = match actor.via {
        Via::Session(id) => session::Entity::find_by_id(id)
            .filter(session::Column::OperatorByRole.eq(true))
            .one(on)
            .await?
            .is_some(),
        Via::Token { .. } => false,
    };
    if by_role || user.is_some_and(|user| user.operator) {
        Ok(())
    } else {
        Err(Error::forbidden("a platform operator"))
    }
}
