//! The audit log: who did what, to what, when.

use entity::control::audit_event;
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, ExprTrait, QueryFilter, QueryOrder,
    QuerySelect,
    sea_query::{BinOper, Expr, Func, IntoCondition},
};
use types::{
    AuditEventId, UserId,
    portal::{AuditEventView, AuditPage, Role},
};

use crate::{Error, Result, actor::Actor, db::Db, env::Env, portal::tenant::access};

/// The audit log.
#[derive(Clone)]
pub struct Audit {
    db: Db,
    env: Env,
}

/// Something that was done.
#[derive(Clone, Debug, Default)]
pub struct Entry {
    /// The tenant that it concerns.
    pub tenant: Option<String>,
    /// Who did it, by name.
    pub actor: String,
    /// Who did it.
    pub actor_id: Option<UserId>,
    /// What was done, e.g. `tenant.created`.
    pub action: &'static str,
    /// To what, as a person names it.
    pub subject: String,
    /// More, in words.
    pub detail: String,
    /// The request that did it.
    pub request_id: Option<String>,
}

impl Entry {
    /// Something that an actor did.
    #[must_use]
    pub fn by(actor: &Actor, action: &'static str, subject: impl Into<String>) -> Self {
        Self {
            actor: actor.name.clone(),
            actor_id: Some(actor.user),
            action,
            subject: subject.into(),
            request_id: Some(actor.request_id.clone()),
            ..Self::default()
        }
    }

    /// The same, in a tenant.
    #[must_use]
    pub fn in_tenant(mut self, slug: &str) -> Self {
        self.tenant = Some(slug.to_owned());
        self
    }

    /// The same, with more words.
    #[must_use]
    pub fn with_detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = detail.into();
        self
    }
}

/// Most lines that one page shows.
const PAGE: u64 = 100;
/// Most words that are searched for; more do not count.
const WORDS: usize = 10;
/// The longest word that is searched for, in bytes; a longer one finds nothing. SQLite
/// refuses patterns of more than 50 000.
const LONGEST_WORD: usize = 10_000;
/// What stands before a sign of a pattern that means only itself.
const ESCAPE: char = '\\';

impl Audit {
    pub(crate) fn new(db: Db, env: Env) -> Self {
        Self { db, env }
    }

    /// Writes an entry, in the transaction that does the thing.
    ///
    /// # Errors
    /// When the database fails; then the thing must not be done either.
    pub async fn record(&self, on: &impl ConnectionTrait, entry: Entry) -> Result<()> {
        let Entry {
            tenant,
            actor,
            actor_id,
            action,
            subject,
            detail,
            request_id,
        } = entry;
        audit_event::Entity::insert(audit_event::ActiveModel {
            id: Set(self.env.id()),
            at: Set(self.env.now()),
            tenant_slug: Set(tenant),
            actor: Set(actor),
            actor_id: Set(actor_id),
            action: Set(action.to_owned()),
            subject: Set(subject),
            detail: Set(detail),
            request_id: Set(request_id),
        })
        .exec_without_returning(on)
        .await?;
        Ok(())
    }

    /// Writes an entry by itself.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn record_alone(&self, entry: Entry) -> Result<()> {
        self.record(self.db.write(), entry).await
    }

    /// A page of a tenant's log, for its admins: the newest lines that hold each of these
    /// words, in whatever case, and that are older than `before`.
    ///
    /// # Errors
    /// `tenant_not_found`, `forbidden`; `not_found` when `before` is no line of this log.
    pub async fn list(
        &self,
        actor: &Actor,
        slug: &str,
        words: &str,
        before: Option<AuditEventId>,
    ) -> Result<AuditPage> {
        access(&self.db, actor, slug).await?.require(Role::Admin)?;
        let mut which = Condition::all().add(audit_event::Column::TenantSlug.eq(slug));
        if let Some(id) = before {
            which = which.add(self.older_than(slug, id).await?);
        }
        let longest = words.split_whitespace().map(str::len).max();
        // PostgreSQL keeps no text with a NUL, and SQLite searches up to it only.
        if words.contains('\0') || longest > Some(LONGEST_WORD) {
            return Ok(AuditPage::default());
        }
        for word in words.split_whitespace().take(WORDS) {
            which = which.add(holds(word));
        }
        let mut events = self.read(which, PAGE + 1).await?;
        let mut older = None;
        if events.len() as u64 > PAGE {
            events.pop();
            older = events.last().map(|event| event.id);
        }
        Ok(AuditPage { events, older })
    }

    /// What comes after a line of the tenant's log, newest first.
    async fn older_than(&self, slug: &str, id: AuditEventId) -> Result<Condition> {
        let line = audit_event::Entity::find_by_id(id)
            .filter(audit_event::Column::TenantSlug.eq(slug))
            .one(self.db.read())
            .await?
            .ok_or_else(|| Error::not_found("event"))?;
        let before = Condition::any()
            .add(audit_event::Column::At.lt(line.at))
            .add(audit_event::Column::Id.lt(line.id));
        // The time has a bound of its own, so that the index finds where to begin.
        Ok(Condition::all()
            .add(audit_event::Column::At.lte(line.at))
            .add(before))
    }

    /// What was last done in all tenants and on the platform, for operators. Signing in
    /// and out changes nothing and is left out.
    pub(crate) async fn newest(&self, limit: u64) -> Result<Vec<AuditEventView>> {
        self.read(audit_event::Column::Action.not_like("session.%"), limit)
            .await
    }

    async fn read(&self, which: impl IntoCondition, limit: u64) -> Result<Vec<AuditEventView>> {
        let events = audit_event::Entity::find()
            .filter(which)
            .order_by_desc(audit_event::Column::At)
            .order_by_desc(audit_event::Column::Id)
            .limit(limit)
            .all(self.db.read())
            .await?;
        Ok(events.into_iter().map(view).collect())
    }
}

/// The lines that hold a word. The database lowers both sides, because each has its own
/// notion of it: SQLite's knows the letters of ASCII only.
fn holds(word: &str) -> Condition {
    let mut pattern = String::from("%");
    for sign in word.chars() {
        if matches!(sign, '%' | '_' | ESCAPE) {
            pattern.push(ESCAPE);
        }
        pattern.push(sign);
    }
    pattern.push('%');
    [
        audit_event::Column::Actor,
        audit_event::Column::Action,
        audit_event::Column::Subject,
        audit_event::Column::Detail,
    ]
    .into_iter()
    .fold(Condition::any(), |any, column| {
        let pattern =
            Func::lower(pattern.as_str()).binary(BinOper::Escape, Expr::Constant(ESCAPE.into()));
        any.add(Func::lower(Expr::col(column)).binary(BinOper::Like, pattern))
    })
}

fn view(event: audit_event::Model) -> AuditEventView {
    let audit_event::Model {
        id,
        at,
        tenant_slug: tenant,
        actor,
        actor_id: _,
        action,
        subject,
        detail,
        request_id,
    } = event;
    AuditEventView {
        id,
        at,
        actor,
        action,
        subject,
        detail,
        tenant,
        request_id,
    }
}
