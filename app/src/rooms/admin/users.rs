//! Everybody who signed in at least once.

use leptos::prelude::*;
use server_fn::codec::GetUrl;
#[cfg(feature = "ssr")]
use types::admin::OperatorChange;
use types::{Problem, Timestamp, UserId, admin::UserAdminView};

use super::crumbs;
#[cfg(feature = "ssr")]
use crate::request;
use crate::{
    dated::Dated,
    ui::{
        dialog::{close_once_done, closer, opener, row_dialog},
        error::loaded,
        field::{form_problem, refusal},
        form::{action_form, done},
        icon::lu,
        page::{page, page_head},
        pill,
        table::{
            Column::{Actions, Titled},
            table,
        },
        time::ago_or_never,
        toast::say_when_done,
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

/// Makes a user an operator, or takes it from them.
///
/// # Errors
/// `conflict` for oneself.
#[server(prefix = "/ui", endpoint = "admin/user/operator")]
pub(crate) async fn set_operator(user: UserId, operator: bool) -> Result<(), Problem> {
    let actor = request::actor().await?;
    request::services()
        .admin
        .users
        .set_operator(&actor, user, OperatorChange { operator })
        .await
        .map_err(request::refused)
}

/// The page.
pub(crate) fn users_page() -> AnyView {
    let change = ServerAction::<SetOperator>::new();
    let changed = done(change);
    let users = Resource::new(move || changed.get(), |_| read_users());
    close_once_done(change);
    say_when_done(change, |()| "The operators were changed.");
    loaded(users, move |_, users| {
        let others: Vec<_> = users
            .value
            .iter()
            .filter(|user| !user.is_viewer)
            .cloned()
            .collect();
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
                <div class="mb-3 empty:hidden">{form_problem(refusal(change))}</div>
                <section class="card" aria-label="Users">
                    {table(&[Titled("Name"), Titled("E-mail"), Titled("Tenants"), Titled("Last seen"),
            Actions], rows.into_any())}
                </section>
                <For
                    each=move || others.clone()
                    key=|user| user.id
                    children=move |user| operator_dialog(&user, change)
                />
            }
            .into_any(),
        )
    })
}

fn dialog_id(user: &UserAdminView) -> String {
    format!("operator-{}", user.id)
}

fn operator_dialog(user: &UserAdminView, change: ServerAction<SetOperator>) -> AnyView {
    let id = dialog_id(user);
    let (title, effect, class, button) = if user.operator {
        (
            format!("{} is no operator any more", user.name),
            "They lose the admin centre with their next request, unless a role at the OpenID provider gives it to them.",
            "btn btn-danger",
            "Take it from them",
        )
    } else {
        (
            format!("Make {} an operator", user.name),
            "They see every tenant's name and place, who its members are, its jobs and what was done in it lately, and may register instances, place tenants, bind them to organisations and make operators. Specifications, plans and states only the members of a homelab see; whoever signs in with a role in the organisation that it is bound to becomes one.",
            "btn btn-primary",
            "Make operator",
        )
    };
    row_dialog(id.clone(), title, change, |refused| {
        view! {
            {action_form(change, "", view! {
                <input type="hidden" name="user" value=user.id.to_string() />
                <input type="hidden" name="operator" value=(!user.operator).to_string() />
                <p class="mt-2">{effect}</p>
                <div class="mt-3 empty:hidden">{form_problem(refused)}</div>
                <div class="dialog-actions">
                    {closer(id, "Cancel")}
                    <button type="submit" class=class disabled=move || change.pending().get()>{button}</button>
                </div>
            }.into_any())}
        }
        .into_any()
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
            <td class="fact text-muted whitespace-nowrap" data-label="seen">{ago_or_never(user.last_seen_at, now)}</td>
            <td class="lead-out right">
                {(!user.is_viewer).then(|| opener(
                    dialog_id(user),
                    "btn btn-plain btn-slim",
                    lu::LuShield,
                    if user.operator { "Take operator" } else { "Make operator" },
                ))}
            </td>
        </tr>
    }
    .into_any()
}
