//! The platform's own database.

use sea_orm_migration::prelude::*;

/// The control database's migrations.
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(Tables),
            Box::new(Jobs),
            Box::new(Installation),
            Box::new(LaunchCodeSession),
            Box::new(TenantLaunched),
            Box::new(TenantMaker),
            Box::new(crate::jobs::States),
        ]
    }
}

struct Tables;

impl MigrationName for Tables {
    fn name(&self) -> &'static str {
        "m20261124_000001_control_tables"
    }
}

struct Jobs;

impl MigrationName for Jobs {
    fn name(&self) -> &'static str {
        "m20261124_000002_jobs"
    }
}

struct Installation;

impl MigrationName for Installation {
    fn name(&self) -> &'static str {
        "m20261125_000001_installation"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Installation {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(installation()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::drop().table(Alias::new("installation")).to_owned();
        manager.drop_table(table).await
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Jobs {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        crate::jobs::up(manager).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        crate::jobs::down(manager).await
    }
}

struct LaunchCodeSession;

impl MigrationName for LaunchCodeSession {
    fn name(&self) -> &'static str {
        "m20261125_000003_launch_code_session"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for LaunchCodeSession {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        crate::tables::add_column(manager, "launch_code", column("session_id").uuid().null()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        crate::tables::drop_column(manager, "launch_code", "session_id").await
    }
}

struct TenantLaunched;

impl MigrationName for TenantLaunched {
    fn name(&self) -> &'static str {
        "m20261127_000001_tenant_launched"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for TenantLaunched {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        crate::tables::add_column(
            manager,
            "tenant",
            column("launched_at").big_integer().null(),
        )
        .await?;
        // Whatever was placed until now may have data there.
        let placed = Query::update()
            .table(Alias::new("tenant"))
            .value("launched_at", Expr::col(Alias::new("created_at")))
            .and_where(Expr::col(Alias::new("instance_id")).is_not_null())
            .to_owned();
        manager.exec_stmt(placed).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        crate::tables::drop_column(manager, "tenant", "launched_at").await
    }
}

struct TenantMaker;

impl MigrationName for TenantMaker {
    fn name(&self) -> &'static str {
        "m20261127_000002_tenant_maker"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for TenantMaker {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        crate::tables::add_column(manager, "tenant", column("created_by").uuid().null()).await?;
        for (name, table, column) in LATER_INDEXES {
            let index = Index::create()
                .name(*name)
                .table(Alias::new(*table))
                .col(Alias::new(*column))
                .to_owned();
            manager.create_index(index).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (name, table, _) in LATER_INDEXES {
            let index = Index::drop()
                .name(*name)
                .table(Alias::new(*table))
                .to_owned();
            manager.drop_index(index).await?;
        }
        crate::tables::drop_column(manager, "tenant", "created_by").await
    }
}

/// Name, table and column: whose tenants, and the last checks of all instances.
const LATER_INDEXES: &[(&str, &str, &str)] = &[
    ("index_tenant_created_by", "tenant", "created_by"),
    (
        "index_instance_health_check_timestamp",
        "instance_health_check",
        "timestamp",
    ),
];

/// In the order of their foreign keys.
const TABLES: &[fn() -> TableCreateStatement] = &[
    user,
    instance,
    tenant,
    membership,
    invitation,
    session,
    launch,
    launch_code,
    instance_health_check,
    api_token,
    audit_event,
    set_up_link,
    logout_notice,
];

#[async_trait::async_trait]
impl MigrationTrait for Tables {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in TABLES {
            manager.create_table(table()).await?;
        }
        for (name, table, columns) in INDEXES {
            let mut index = Index::create();
            index.name(*name).table(Alias::new(*table));
            for column in *columns {
                index.col(Alias::new(*column));
            }
            if name.starts_with("unique_") {
                index.unique();
            }
            manager.create_index(index.to_owned()).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in TABLES.iter().rev() {
            let name = table()
                .get_table_name()
                .cloned()
                .expect("each table has a name");
            manager
                .drop_table(Table::drop().table(name).to_owned())
                .await?;
        }
        Ok(())
    }
}
/// Name (those that begin with `unique_` are), table, columns.
const INDEXES: &[(&str, &str, &[&str])] = &[
    ("unique_user_issuer_subject", "user", &["issuer", "subject"]),
    ("unique_instance_name", "instance", &["name"]),
    ("unique_tenant_slug", "tenant", &["slug"]),
    (
        "unique_tenant_organisation_id",
        "tenant",
        &["organisation_id"],
    ),
    ("index_tenant_instance_id", "tenant", &["instance_id"]),
    (
        "unique_membership_user_id_tenant_id",
        "membership",
        &["user_id", "tenant_id"],
    ),
    ("index_membership_tenant_id", "membership", &["tenant_id"]),
    (
        "unique_invitation_secret_hash",
        "invitation",
        &["secret_hash"],
    ),
    ("index_invitation_tenant_id", "invitation", &["tenant_id"]),
    ("unique_session_token_hash", "session", &["token_hash"]),
    ("index_session_user_id", "session", &["user_id"]),
    (
        "index_launch_tenant_id_created_at",
        "launch",
        &["tenant_id", "created_at"],
    ),
    (
        "index_instance_health_check_instance_id_timestamp",
        "instance_health_check",
        &["instance_id", "timestamp"],
    ),
    (
        "unique_api_token_secret_hash",
        "api_token",
        &["secret_hash"],
    ),
    ("index_api_token_user_id", "api_token", &["user_id"]),
    (
        "index_audit_event_tenant_slug_at",
        "audit_event",
        &["tenant_slug", "at"],
    ),
];

fn column(name: &str) -> ColumnDef {
    ColumnDef::new(Alias::new(name))
}

fn reference(column: &str, to: &str) -> ForeignKeyCreateStatement {
    ForeignKey::create()
        .from_col(Alias::new(column))
        .to(Alias::new(to), Alias::new("id"))
        .on_delete(if to == "instance" && column == "instance_id" {
            ForeignKeyAction::Restrict
        } else {
            ForeignKeyAction::Cascade
        })
        .to_owned()
}

fn user() -> TableCreateStatement {
    Table::create()
        .table(Alias::new("user"))
        .col(column("id").uuid().not_null().primary_key())
        .col(column("issuer").text().not_null())
        .col(column("subject").text().not_null())
        .col(column("email").text().not_null())
        .col(column("name").text().not_null())
        .col(column("operator").boolean().not_null())
        .col(column("created_at").big_integer().not_null())
        .col(column("last_seen_at").big_integer().null())
        .to_owned()
}

fn instance() -> TableCreateStatement {
    Table::create()
        .table(Alias::new("instance"))
        .col(column("id").uuid().not_null().primary_key())
        .col(column("name").text().not_null())
        .col(column("region").text().not_null())
        .col(column("provisioner").string_len(32).not_null())
        .col(column("status").string_len(32).not_null())
        .col(column("max_tenants").integer().not_null())
        .col(column("current_tenants").integer().not_null())
        .col(column("deployment_mode").string_len(32).not_null())
        .col(column("internal_endpoint").text().not_null())
        .col(column("public_endpoint").text().null())
        .col(column("next_check_at").big_integer().not_null())
        .col(column("created_at").big_integer().not_null())
        .col(column("updated_at").big_integer().not_null())
        .to_owned()
}

fn tenant() -> TableCreateStatement {
    Table::create()
        .table(Alias::new("tenant"))
        .col(column("id").uuid().not_null().primary_key())
        .col(column("slug").text().not_null())
        .col(column("name").text().not_null())
        .col(column("organisation_id").text().null())
        .col(column("instance_id").uuid().null())
        .col(column("plan").string_len(32).not_null())
        .col(column("subscription_status").string_len(32).not_null())
        .col(column("max_users").integer().not_null())
        .col(column("max_nodes").integer().not_null())
        .col(column("sample").boolean().not_null())
        .col(column("created_at").big_integer().not_null())
        .col(column("updated_at").big_integer().not_null())
        .foreign_key(&mut reference("instance_id", "instance"))
        .to_owned()
}

fn membership() -> TableCreateStatement {
    Table::create()
        .table(Alias::new("membership"))
        .col(column("id").uuid().not_null().primary_key())
        .col(column("user_id").uuid().not_null())
        .col(column("tenant_id").uuid().not_null())
        .col(column("role").string_len(32).not_null())
        .col(column("by_organisation").boolean().not_null())
        .col(column("created_at").big_integer().not_null())
        .foreign_key(&mut reference("user_id", "user"))
        .foreign_key(&mut reference("tenant_id", "tenant"))
        .to_owned()
}

fn invitation() -> TableCreateStatement {
    Table::create()
        .table(Alias::new("invitation"))
        .col(column("id").uuid().not_null().primary_key())
        .col(column("tenant_id").uuid().not_null())
        .col(column("secret_hash").text().not_null())
        .col(column("note").text().not_null())
        .col(column("role").string_len(32).not_null())
        .col(column("invited_by").uuid().not_null())
        .col(column("created_at").big_integer().not_null())
        .col(column("expires_at").big_integer().not_null())
        .col(column("ended_at").big_integer().null())
        .col(column("accepted_by").uuid().null())
        .foreign_key(&mut reference("tenant_id", "tenant"))
        .to_owned()
}

fn session() -> TableCreateStatement {
    Table::create()
        .table(Alias::new("session"))
        .col(column("id").uuid().not_null().primary_key())
        .col(column("token_hash").text().not_null())
        .col(column("user_id").uuid().not_null())
        .col(column("issuer").text().not_null())
        .col(column("oidc_sid").text().null())
        .col(column("operator_by_role").boolean().not_null())
        .col(column("provider_tokens").binary().null())
        .col(column("tokens_expire_at").big_integer().null())
        .col(column("refresh_lease_until").big_integer().null())
        .col(column("created_at").big_integer().not_null())
        .col(column("last_seen_at").big_integer().not_null())
        .foreign_key(&mut reference("user_id", "user"))
        .to_owned()
}

fn launch() -> TableCreateStatement {
    Table::create()
        .table(Alias::new("launch"))
        .col(column("id").uuid().not_null().primary_key())
        .col(column("tenant_id").uuid().not_null())
        .col(column("user_id").uuid().not_null())
        .col(column("steps").json().not_null())
        .col(column("ended").boolean().not_null())
        .col(column("redirect").text().null())
        .col(column("failure").text().null())
        .col(column("created_at").big_integer().not_null())
        .col(column("updated_at").big_integer().not_null())
        .foreign_key(&mut reference("tenant_id", "tenant"))
        .to_owned()
}

fn launch_code() -> TableCreateStatement {
    Table::create()
        .table(Alias::new("launch_code"))
        .col(column("code_hash").text().not_null().primary_key())
        .col(column("user_id").uuid().not_null())
        .col(column("tenant_id").uuid().not_null())
        .col(column("instance_id").uuid().not_null())
        .col(column("redirect_uri").text().not_null())
        .col(column("challenge").text().not_null())
        .col(column("expires_at").big_integer().not_null())
        .col(column("used_at").big_integer().null())
        .foreign_key(&mut reference("user_id", "user"))
        .foreign_key(&mut reference("tenant_id", "tenant"))
        .to_owned()
}

fn instance_health_check() -> TableCreateStatement {
    Table::create()
        .table(Alias::new("instance_health_check"))
        .col(column("id").uuid().not_null().primary_key())
        .col(column("instance_id").uuid().not_null())
        .col(column("timestamp").big_integer().not_null())
        .col(column("status").string_len(32).not_null())
        .col(column("database").string_len(32).not_null())
        .col(column("api").string_len(32).not_null())
        .col(column("agents").string_len(32).not_null())
        .col(column("database_ms").double().null())
        .col(column("api_ms").double().null())
        .col(column("cpu_percent").double().null())
        .col(column("memory_percent").double().null())
        .col(column("storage_percent").double().null())
        .col(column("detail").text().not_null())
        .foreign_key(&mut reference("instance_id", "instance"))
        .to_owned()
}

fn api_token() -> TableCreateStatement {
    Table::create()
        .table(Alias::new("api_token"))
        .col(column("id").uuid().not_null().primary_key())
        .col(column("user_id").uuid().not_null())
        .col(column("name").text().not_null())
        .col(column("prefix").text().not_null())
        .col(column("secret_hash").text().not_null())
        .col(column("scopes").text().not_null())
        .col(column("created_at").big_integer().not_null())
        .col(column("expires_at").big_integer().not_null())
        .col(column("last_used_at").big_integer().null())
        .col(column("revoked_at").big_integer().null())
        .foreign_key(&mut reference("user_id", "user"))
        .to_owned()
}

fn audit_event() -> TableCreateStatement {
    Table::create()
        .table(Alias::new("audit_event"))
        .col(column("id").uuid().not_null().primary_key())
        .col(column("at").big_integer().not_null())
        .col(column("tenant_slug").text().null())
        .col(column("actor").text().not_null())
        .col(column("actor_id").uuid().null())
        .col(column("action").text().not_null())
        .col(column("subject").text().not_null())
        .col(column("detail").text().not_null())
        .col(column("request_id").text().null())
        .to_owned()
}

fn set_up_link() -> TableCreateStatement {
    Table::create()
        .table(Alias::new("set_up_link"))
        .col(column("secret_hash").text().not_null().primary_key())
        .col(column("created_at").big_integer().not_null())
        .col(column("expires_at").big_integer().not_null())
        .to_owned()
}

fn installation() -> TableCreateStatement {
    Table::create()
        .table(Alias::new("installation"))
        .col(column("id").integer().not_null().primary_key())
        .col(column("key_check").text().not_null())
        .col(column("created_at").big_integer().not_null())
        .to_owned()
}

fn logout_notice() -> TableCreateStatement {
    Table::create()
        .table(Alias::new("logout_notice"))
        .col(column("id").text().not_null().primary_key())
        .col(column("at").big_integer().not_null())
        .to_owned()
}
