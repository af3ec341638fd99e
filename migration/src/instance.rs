//! A stack instance's own database.

use sea_orm_migration::prelude::*;

/// The migrations of an instance's database.
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(Tables),
            Box::new(Jobs),
            Box::new(StackSessionOrigin),
            Box::new(crate::jobs::States),
        ]
    }
}

struct Tables;

impl MigrationName for Tables {
    fn name(&self) -> &'static str {
        "m20261124_000001_instance_tables"
    }
}

struct Jobs;

impl MigrationName for Jobs {
    fn name(&self) -> &'static str {
        "m20261124_000002_jobs"
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

struct StackSessionOrigin;

impl MigrationName for StackSessionOrigin {
    fn name(&self) -> &'static str {
        "m20261125_000003_stack_session_origin"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for StackSessionOrigin {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        crate::tables::add_column(
            manager,
            "stack_session",
            column("portal_session").uuid().null(),
        )
        .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        crate::tables::drop_column(manager, "stack_session", "portal_session").await
    }
}

/// In the order of their foreign keys.
const TABLES: &[fn() -> TableCreateStatement] = &[
    instance_config,
    tenant,
    sso_mapping,
    stack_session,
    consumed_assertion,
];

/// Name (those that begin with `unique_` are), table, columns.
const INDEXES: &[(&str, &str, &[&str])] = &[
    ("unique_tenant_slug", "tenant", &["slug"]),
    (
        "unique_tenant_organisation_id",
        "tenant",
        &["organisation_id"],
    ),
    (
        "unique_sso_mapping_issuer_subject_tenant_id",
        "sso_mapping",
        &["issuer", "subject", "tenant_id"],
    ),
    (
        "unique_stack_session_token_hash",
        "stack_session",
        &["token_hash"],
    ),
    (
        "index_stack_session_expires_at",
        "stack_session",
        &["expires_at"],
    ),
    (
        "index_consumed_assertion_expires_at",
        "consumed_assertion",
        &["expires_at"],
    ),
];

#[async_trait::async_trait]
impl MigrationTrait for Tables {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        crate::tables::create(manager, TABLES, INDEXES).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        crate::tables::drop(manager, TABLES).await
    }
}

fn column(name: &str) -> ColumnDef {
    ColumnDef::new(Alias::new(name))
}

fn of_tenant() -> ForeignKeyCreateStatement {
    ForeignKey::create()
        .from_col(Alias::new("tenant_id"))
        .to(Alias::new("tenant"), Alias::new("id"))
        .on_delete(ForeignKeyAction::Cascade)
        .to_owned()
}

fn instance_config() -> TableCreateStatement {
    Table::create()
        .table(Alias::new("instance_config"))
        .col(column("id").integer().not_null().primary_key())
        .col(column("deployment_mode").string_len(32).not_null())
        .col(column("max_tenants").integer().not_null())
        .col(column("features").json().not_null())
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
        .col(column("plan").string_len(32).not_null())
        .col(column("max_users").integer().not_null())
        .col(column("max_nodes").integer().not_null())
        .col(column("status").string_len(32).not_null())
        .col(column("created_at").big_integer().not_null())
        .col(column("updated_at").big_integer().not_null())
        .to_owned()
}

fn sso_mapping() -> TableCreateStatement {
    Table::create()
        .table(Alias::new("sso_mapping"))
        .col(column("id").uuid().not_null().primary_key())
        .col(column("tenant_id").uuid().not_null())
        .col(column("issuer").text().not_null())
        .col(column("subject").text().not_null())
        .col(column("member_id").uuid().not_null())
        .col(column("is_admin").boolean().not_null())
        .col(column("last_login_at").big_integer().not_null())
        .foreign_key(&mut of_tenant())
        .to_owned()
}

fn stack_session() -> TableCreateStatement {
    Table::create()
        .table(Alias::new("stack_session"))
        .col(column("id").uuid().not_null().primary_key())
        .col(column("token_hash").text().not_null())
        .col(column("tenant_id").uuid().not_null())
        .col(column("member_id").uuid().not_null())
        .col(column("issuer").text().not_null())
        .col(column("subject").text().not_null())
        .col(column("name").text().not_null())
        .col(column("email").text().not_null())
        .col(column("role").string_len(32).not_null())
        .col(column("created_at").big_integer().not_null())
        .col(column("expires_at").big_integer().not_null())
        .foreign_key(&mut of_tenant())
        .to_owned()
}

fn consumed_assertion() -> TableCreateStatement {
    Table::create()
        .table(Alias::new("consumed_assertion"))
        .col(column("id").text().not_null().primary_key())
        .col(column("expires_at").big_integer().not_null())
        .to_owned()
}
