//! Creating and dropping a list of tables with its indexes, and a column of a table.

use sea_orm_migration::prelude::*;

/// Creates tables in their order, then indexes; an index whose name begins with
/// `unique_` is unique.
pub(crate) async fn create(
    manager: &SchemaManager<'_>,
    tables: &[fn() -> TableCreateStatement],
    indexes: &[(&str, &str, &[&str])],
) -> Result<(), DbErr> {
    for table in tables {
        manager.create_table(table()).await?;
    }
    for (name, table, columns) in indexes {
        let mut index = Index::create();
        index.name(*name).table(Alias::new(*table));
        for column in *columns {
            index.col(Alias::new(*column));
        }
        if name.starts_with("unique_") {
            index.unique();
        }
        manager.create_index(index).await?;
    }
    Ok(())
}

/// Drops tables in the reverse of their order.
pub(crate) async fn drop(
    manager: &SchemaManager<'_>,
    tables: &[fn() -> TableCreateStatement],
) -> Result<(), DbErr> {
    for table in tables.iter().rev() {
        let table = table();
        let name = table.get_table_name().expect("each table has a name");
        manager
            .drop_table(Table::drop().table(name.clone()).to_owned())
            .await?;
    }
    Ok(())
}

/// Adds a column to a table.
pub(crate) async fn add_column(
    manager: &SchemaManager<'_>,
    table: &str,
    column: &mut ColumnDef,
) -> Result<(), DbErr> {
    let mut change = Table::alter();
    change.table(Alias::new(table)).add_column(column);
    manager.alter_table(change).await
}

/// Drops a column of a table.
pub(crate) async fn drop_column(
    manager: &SchemaManager<'_>,
    table: &str,
    column: &str,
) -> Result<(), DbErr> {
    let mut change = Table::alter();
    change
        .table(Alias::new(table))
        .drop_column(Alias::new(column));
    manager.alter_table(change).await
}
