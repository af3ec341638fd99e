//! A tenant's namespace.

use sea_orm_migration::prelude::*;

/// The migrations of a namespace.
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![Box::new(Tables), Box::new(FailureCode)]
    }
}

struct Tables;

impl MigrationName for Tables {
    fn name(&self) -> &'static str {
        "m20261124_000001_namespace_tables"
    }
}

/// In the order of their foreign keys.
const TABLES: &[fn() -> TableCreateStatement] = &[
    member,
    stack,
    stack_revision,
    node,
    run,
    run_log,
    tofu_state,
    state_lock,
    secret,
    counter,
];

/// Name (those that begin with `unique_` are), table, columns.
const INDEXES: &[(&str, &str, &[&str])] = &[
    (
        "unique_member_issuer_subject",
        "member",
        &["issuer", "subject"],
    ),
    ("unique_stack_name", "stack", &["name"]),
    (
        "unique_stack_revision_stack_id_number",
        "stack_revision",
        &["stack_id", "number"],
    ),
    ("unique_node_stack_id_name", "node", &["stack_id", "name"]),
    ("unique_run_number", "run", &["number"]),
    ("index_run_stack_id_number", "run", &["stack_id", "number"]),
    ("index_run_state", "run", &["state"]),
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

/// Which kind of problem a run failed with.
struct FailureCode;

impl MigrationName for FailureCode {
    fn name(&self) -> &'static str {
        "m20261126_000002_run_failure_code"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for FailureCode {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        crate::tables::add_column(manager, "run", column("failure_code").string_len(32).null())
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        crate::tables::drop_column(manager, "run", "failure_code").await
    }
}

fn column(name: &str) -> ColumnDef {
    ColumnDef::new(Alias::new(name))
}

fn of(column: &str, table: &str) -> ForeignKeyCreateStatement {
    ForeignKey::create()
        .from_col(Alias::new(column))
        .to(Alias::new(table), Alias::new("id"))
        .on_delete(ForeignKeyAction::Cascade)
        .to_owned()
}

fn key(columns: [&str; 2]) -> IndexCreateStatement {
    let mut key = Index::create();
    for column in columns {
        key.col(Alias::new(column));
    }
    key.primary().to_owned()
}

fn member() -> TableCreateStatement {
    Table::create()
        .table(Alias::new("member"))
        .col(column("id").uuid().not_null().primary_key())
        .col(column("issuer").text().not_null())
        .col(column("subject").text().not_null())
        .col(column("email").text().not_null())
        .col(column("name").text().not_null())
        .col(column("role").string_len(32).not_null())
        .col(column("created_at").big_integer().not_null())
        .col(column("last_seen_at").big_integer().not_null())
        .to_owned()
}

fn stack() -> TableCreateStatement {
    Table::create()
        .table(Alias::new("stack"))
        .col(column("id").uuid().not_null().primary_key())
        .col(column("name").text().not_null())
        .col(column("owner").uuid().not_null())
        .col(column("kit").text().not_null())
        .col(column("kit_version").text().not_null())
        .col(column("status").string_len(32).not_null())
        .col(column("revision").integer().not_null())
        .col(column("applied_revision").integer().null())
        .col(column("applied_at").big_integer().null())
        .col(column("sample").boolean().not_null())
        .col(column("created_at").big_integer().not_null())
        .col(column("updated_at").big_integer().not_null())
        .to_owned()
}

fn stack_revision() -> TableCreateStatement {
    Table::create()
        .table(Alias::new("stack_revision"))
        .col(column("id").uuid().not_null().primary_key())
        .col(column("stack_id").uuid().not_null())
        .col(column("number").integer().not_null())
        .col(column("yaml").text().not_null())
        .col(column("kit_version").text().not_null())
        .col(column("valid").boolean().not_null())
        .col(column("check").json().not_null())
        .col(column("author").text().not_null())
        .col(column("created_at").big_integer().not_null())
        .foreign_key(&mut of("stack_id", "stack"))
        .to_owned()
}

fn node() -> TableCreateStatement {
    Table::create()
        .table(Alias::new("node"))
        .col(column("id").uuid().not_null().primary_key())
        .col(column("stack_id").uuid().not_null())
        .col(column("name").text().not_null())
        .col(column("address").text().not_null())
        .col(column("role").text().not_null())
        .col(column("kind").string_len(32).not_null())
        .col(column("cpu").integer().not_null())
        .col(column("memory_mib").integer().not_null())
        .col(column("status").string_len(32).not_null())
        .col(column("last_seen").big_integer().null())
        .col(column("configured_at").big_integer().null())
        .foreign_key(&mut of("stack_id", "stack"))
        .to_owned()
}

fn run() -> TableCreateStatement {
    Table::create()
        .table(Alias::new("run"))
        .col(column("id").uuid().not_null().primary_key())
        .col(column("number").integer().not_null())
        .col(column("stack_id").uuid().not_null())
        .col(column("kind").string_len(32).not_null())
        .col(column("state").string_len(32).not_null())
        .col(column("revision").integer().not_null())
        .col(column("requested_by").text().not_null())
        .col(column("requested_by_id").uuid().not_null())
        .col(column("decided_by").text().null())
        .col(column("decided_at").big_integer().null())
        .col(column("comment").text().null())
        .col(column("plan_digest").text().null())
        .col(column("state_serial").big_integer().null())
        .col(column("steps").json().not_null())
        .col(column("resources").json().not_null())
        .col(column("summary").json().not_null())
        .col(column("failure").text().null())
        .col(column("cancel").integer().not_null())
        .col(column("cancelled_by").text().null())
        .col(column("token_hash").text().null())
        .col(column("apply_locked_at").big_integer().null())
        .col(column("change").big_integer().not_null())
        .col(column("log_lines").big_integer().not_null())
        .col(column("created_at").big_integer().not_null())
        .col(column("finished_at").big_integer().null())
        .foreign_key(&mut of("stack_id", "stack"))
        .to_owned()
}

fn run_log() -> TableCreateStatement {
    Table::create()
        .table(Alias::new("run_log"))
        .col(column("run_id").uuid().not_null())
        .col(column("number").big_integer().not_null())
        .col(column("at").big_integer().not_null())
        .col(column("level").text().not_null())
        .col(column("source").text().not_null())
        .col(column("line").text().not_null())
        .primary_key(&mut key(["run_id", "number"]))
        .foreign_key(&mut of("run_id", "run"))
        .to_owned()
}

fn tofu_state() -> TableCreateStatement {
    Table::create()
        .table(Alias::new("tofu_state"))
        .col(column("stack_id").uuid().not_null())
        .col(column("version").integer().not_null())
        .col(column("serial").big_integer().not_null())
        .col(column("lineage").text().not_null())
        .col(column("digest").text().not_null())
        .col(column("resources").integer().not_null())
        .col(column("sealed").binary().not_null())
        .col(column("run_id").uuid().not_null())
        .col(column("created_at").big_integer().not_null())
        .primary_key(&mut key(["stack_id", "version"]))
        .foreign_key(&mut of("stack_id", "stack"))
        .to_owned()
}

fn state_lock() -> TableCreateStatement {
    Table::create()
        .table(Alias::new("state_lock"))
        .col(column("stack_id").uuid().not_null().primary_key())
        .col(column("lock_id").text().not_null())
        .col(column("run_id").uuid().not_null())
        .col(column("info").json().not_null())
        .col(column("created_at").big_integer().not_null())
        .foreign_key(&mut of("stack_id", "stack"))
        .to_owned()
}

fn secret() -> TableCreateStatement {
    Table::create()
        .table(Alias::new("secret"))
        .col(column("name").text().not_null().primary_key())
        .col(column("sealed").binary().not_null())
        .col(column("created_at").big_integer().not_null())
        .to_owned()
}

fn counter() -> TableCreateStatement {
    Table::create()
        .table(Alias::new("counter"))
        .col(column("name").text().not_null().primary_key())
        .col(column("value").integer().not_null())
        .to_owned()
}
