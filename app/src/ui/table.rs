//! Tables: rows of the same facts; on a narrow screen each row is a block of its own.

use leptos::prelude::*;

/// What stands over a column.
#[derive(Clone, Copy)]
pub(crate) enum Column {
    /// Its title.
    Titled(&'static str),
    /// Its title, at the right end of the table.
    Last(&'static str),
    /// What can be done with a row; its title is only heard.
    Actions,
}

/// A table of `<tr>`s below its columns.
pub(crate) fn table(columns: &[Column], rows: AnyView) -> AnyView {
    let heads: Vec<_> = columns.iter().copied().map(head).collect();
    view! {
        <div class="table-scroll">
            <table class="tbl">
                <thead>
                    <tr>{heads}</tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
    .into_any()
}

/// The ways below a table that is read page by page, back to the newest rows and on to older
/// ones, where these are not shown.
pub(crate) fn ways(
    label: &'static str,
    newest: Option<String>,
    older: Option<String>,
) -> Option<AnyView> {
    if newest.is_none() && older.is_none() {
        return None;
    }
    let way = |title: &'static str, href: String| {
        view! { <a class="btn btn-plain btn-slim" href=href>{title}</a> }
    };
    let back = newest.map(|href| way("Newest", href));
    let on = older.map(|href| way("Older", href));
    Some(
        view! {
            <nav class="card-foot flex gap-2.5" aria-label=label>{back} {on}</nav>
        }
        .into_any(),
    )
}

fn head(column: Column) -> AnyView {
    match column {
        Column::Titled(title) => view! { <th scope="col">{title}</th> }.into_any(),
        Column::Last(title) => view! { <th scope="col" class="right">{title}</th> }.into_any(),
        Column::Actions => {
            view! { <th scope="col"><span class="sr-only">"Actions"</span></th> }.into_any()
        }
    }
}
