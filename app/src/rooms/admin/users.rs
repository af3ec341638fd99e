//! Everybody who signed in at least once.

use leptos::prelude::*;
use server_fn::codec::GetUrl;
use types::{Problem, Timestamp, admin::UserAdminView};

use super::crumbs;
#[cfg(feature = "ssr")]
use crate::request;
use crate::{
    dated::Dated,
    ui::{
        error::loaded,
        page::{page, page_head},
        pill,
        time::ago_or_never,
        words::{count, initials},
    },
};

/// All users.
///
/// # Errors
/// `forbidden` for whoever is no operator.
#[server(prefix = "/ui", endpoint = "admin/users", input = GetUrl)]
pub(crate) async fn read_users() -> Result<Dated<Vec<UserAdminView>>, Problem> {
    let actor = request::actor().await?;
    request::services()
        .admin
        .users
        .list(&actor)
        .await
        .map(Dated::now)
        .map_err(request::refused)
}

/// The page.
pub(crate) fn users_page() -> AnyView {
    let users = Resource::new(|| (), |()| read_users());
    loaded(users, |_, users| {
        let rows: Vec<_> = users
            .value
            .iter()
            .map(|user| row(user, users.now))
            .collect();
        page(
            "Users",
            crumbs("Users"),
            view! {
                {page_head("Users", count(rows.len(), "user").into_any(), ().into_any())}
                <section class="card" aria-label="Users">
                    <div class="table-scroll">
                        <table class="tbl">
                            <thead>
                                <tr>
                                    <th scope="col">"Name"</th>
                                    <th scope="col">"E-mail"</th>
                                    <th scope="col">"Tenants"</th>
                                    <th scope="col" class="right">"Last seen"</th>
                                </tr>
                            </thead>
                            <tbody>{rows}</tbody>
                        </table>
                    </div>
                </section>
            }
            .into_any(),
        )
    })
}

fn row(user: &UserAdminView, now: Timestamp) -> AnyView {
    view! {
        <tr>
            <td>
                <span class="flex items-center gap-2.5">
                    <span class="avatar" aria-hidden="true">{initials(&user.name)}</span>
                    <span class="font-medium">{user.name.clone()}</span>
                    {user.operator.then(|| pill::tag("Operator"))}
                </span>
            </td>
            <td class="fact text-muted">{user.email.clone()}</td>
            <td class="fact break-before">{user.tenants.join(", ")}</td>
            <td class="lead-out right text-muted" data-label="seen">{ago_or_never(user.last_seen_at, now)}</td>
        </tr>
    }
    .into_any()
}
