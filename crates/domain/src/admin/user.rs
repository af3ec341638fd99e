//! All users, for operators.

use std::collections::HashMap;

use entity::control::{membership, tenant, user};
use sea_orm::{EntityTrait, QueryOrder};
use types::{UserId, admin::UserAdminView, portal::Scope};

use crate::{Result, actor::Actor, db::Db};

/// All users, for operators.
#[derive(Clone)]
pub struct Users {
    db: Db,
}

impl Users {
    pub(crate) fn new(db: Db) -> Self {
        Self { db }
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
                    tenants: tenants.remove(&id).unwrap_or_default(),
                    last_seen_at,
                }
            })
            .collect())
    }
}
