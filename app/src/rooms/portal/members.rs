//! Members of a tenant, and the way out for oneself.

use leptos::{html, prelude::*};
use server_fn::codec::GetUrl;
use types::{
    Problem, Timestamp, UserId,
    portal::{MemberView, MembersView, Role},
};

use super::invite::{CreateInvitation, INVITE, RevokeInvitation, invitations, invite_dialog};
#[cfg(feature = "ssr")]
use crate::request;
use crate::{
    here::{Here, use_slug},
    ui::{
        dialog::{answers, close_once_done, dialog_then, opener, row_dialog, say_when_late},
        error::loaded,
        field::{Refusal, form_problem, refusal},
        form::{action_form, done},
        icon::lu,
        page::{Crumb, page, page_head},
        pill,
        table::{
            Column::{self, Titled},
            table,
        },
        time::{ago, ago_or_never},
        toast::say_when_done,
        words::{count, initials, role},
    },
};

/// Members and invitations.
///
/// # Errors
/// `tenant_not_found` when there is no such tenant or no access to it.
#[server(prefix = "/ui", endpoint = "members", input = GetUrl)]
pub(crate) async fn read_members(slug: String) -> Result<MembersView, Problem> {
    let actor = request::actor().await?;
    request::services()
        .portal
        .members
        .list(&actor, &slug)
        .await
        .map_err(request::refused)
}

/// Changes a member's role.
///
/// # Errors
/// `forbidden` below admin, `conflict` for the last admin.
#[server(prefix = "/ui", endpoint = "member/role")]
pub(crate) async fn set_role(slug: String, user: UserId, role: Role) -> Result<(), Problem> {
    let actor = request::actor().await?;
    request::services()
        .portal
        .members
        .set_role(&actor, &slug, user, role)
        .await
        .map_err(request::refused)
}

/// Removes a member.
///
/// # Errors
/// `forbidden` below admin, `conflict` for the last admin.
#[server(prefix = "/ui", endpoint = "member/remove")]
pub(crate) async fn remove_member(slug: String, user: UserId) -> Result<(), Problem> {
    let actor = request::actor().await?;
    request::services()
        .portal
        .members
        .remove(&actor, &slug, user)
        .await
        .map_err(request::refused)
}

/// Leaves the homelab.
///
/// # Errors
/// `conflict` for the last admin.
#[server(prefix = "/ui", endpoint = "member/leave")]
pub(crate) async fn leave_homelab(slug: String) -> Result<(), Problem> {
    let actor = request::actor().await?;
    request::services()
        .portal
        .members
        .remove(&actor, &slug, actor.user)
        .await
        .map_err(request::refused)?;
    request::lead_on("/");
    Ok(())
}

const LEAVE: &str = "leave";

/// What can be done here; each changes what is shown.
#[derive(Clone, Copy)]
struct Actions {
    role: ServerAction<SetRole>,
    remove: ServerAction<RemoveMember>,
    invite: ServerAction<CreateInvitation>,
    /// Invitations that were made and seen: until then the link is shown in their dialog.
    invited: RwSignal<u32>,
    revoke: ServerAction<RevokeInvitation>,
}

/// The page.
pub(crate) fn members_page() -> AnyView {
    let slug = use_slug();
    let actions = Actions {
        role: ServerAction::new(),
        remove: ServerAction::new(),
        invite: ServerAction::new(),
        invited: RwSignal::new(0),
        revoke: ServerAction::new(),
    };
    let changes = [
        done(actions.role),
        done(actions.remove),
        done(actions.revoke),
    ];
    let members = Resource::new(
        move || {
            (
                slug.get(),
                actions.invited.get(),
                changes.map(|done| done.get()),
            )
        },
        |(slug, ..)| read_members(slug),
    );
    say(actions);
    loaded(members, move |here, members| {
        view_members(&here, &members, actions)
    })
}

fn say(actions: Actions) {
    close_once_done(actions.remove);
    say_when_done(actions.role, |()| "The role was changed.");
    say_when_done(actions.remove, |()| "The member was removed.");
    say_when_done(
        actions.revoke,
        |()| "The invitation was revoked; its link no longer works.",
    );
}

fn view_members(here: &Here, members: &MembersView, actions: Actions) -> AnyView {
    let may = here.may_decide();
    let now = members.now;
    let rows: Vec<_> = members
        .members
        .iter()
        .map(|one| member_row(here, one, now, may, actions))
        .collect();
    let mut columns = vec![
        Titled("Name"),
        Titled("E-mail"),
        Titled("Joined"),
        Titled("Last seen"),
        Titled("Role"),
    ];
    if may {
        columns.push(Column::Actions);
    }
    let removable: Vec<_> = members
        .members
        .iter()
        .filter(|one| may && !one.is_viewer)
        .cloned()
        .collect();
    let place = here.clone();
    let open = match members.invitations.len() {
        0 => String::new(),
        many => format!(", and {} open", count(many, "invitation")),
    };
    let usage = format!(
        "{} of {} in your plan{open}.",
        members.usage.used, members.usage.limit
    );
    let invite = may.then(|| {
        view! {
            <div class="actions">
                {opener(INVITE, "btn btn-primary", lu::LuUserPlus, "Invite")}
            </div>
        }
    });
    page(
        "Members",
        vec![Crumb::to(here.name(), here.at("")), Crumb::here("Members")],
        view! {
            {page_head("Members", usage.into_any(), invite.into_any())}
            {problem(refusal(actions.role))}
            {problem(refusal(actions.remove))}
            {problem(refusal(actions.revoke))}
            <section class="card" aria-label="Members">
                {table(&columns, rows.into_any())}
            </section>
            {invitations(here, members, may, actions.revoke)}
            <For
                each=move || removable.clone()
                key=|one| one.user
                children=move |one| remove_dialog(&place, &one, actions.remove)
            />
            {may.then(|| invite_dialog(here, actions.invite, actions.invited))}
            {leave(here)}
        }
        .into_any(),
    )
}

/// The way out of the homelab, for oneself.
fn leave(here: &Here) -> AnyView {
    let action = ServerAction::<LeaveHomelab>::new();
    say_when_late(LEAVE, action);
    let value = action.value();
    // A whole new page in place of this one: nothing of the homelab is theirs any more.
    Effect::new(move |_| {
        if value.with(|it| matches!(it, Some(Ok(())))) {
            drop(window().location().replace("/"));
        }
    });
    let dialog = dialog_then(
        LEAVE,
        format!("Leave {}", here.name()),
        view! {
            {action_form(action, "", view! {
                <input type="hidden" name="slug" value=here.slug.clone() />
                <dl class="facts mt-2">
                    <dt>"Deleted"</dt>
                    <dd>{format!("Your access to {}, at once.", here.name())}</dd>
                    <dt>"Kept"</dt>
                    <dd>"What you did, in runs and in the audit log. An admin can invite you again."</dd>
                </dl>
                <div class="mt-3">{form_problem(refusal(action))}</div>
                {answers(LEAVE, "Stay", action, "btn btn-danger", lu::LuLogOut, "Leave")}
            }.into_any())}
        }
        .into_any(),
        move || action.clear(),
    );
    view! {
        <section class="card mt-3.5 flex flex-wrap items-center gap-3 p-3.5" aria-labelledby="leave-title">
            <div class="min-w-0 flex-1">
                <h2 id="leave-title" class="text-sm font-medium">"Leave this homelab"</h2>
                <p class="text-muted">"You lose your access to it. Its last admin cannot leave."</p>
            </div>
            {opener(LEAVE, "btn btn-plain", lu::LuLogOut, "Leave")}
        </section>
        {dialog}
    }
    .into_any()
}

fn problem(refused: Refusal) -> AnyView {
    view! { <div class="mb-3 empty:hidden">{form_problem(refused)}</div> }.into_any()
}

fn dialog_id(member: &MemberView) -> String {
    format!("remove-{}", member.user)
}

fn member_row(
    here: &Here,
    member: &MemberView,
    now: Timestamp,
    may: bool,
    actions: Actions,
) -> AnyView {
    let removal = may.then(|| {
        let button = (!member.is_viewer).then(|| {
            opener(
                dialog_id(member),
                "btn btn-plain btn-slim",
                lu::LuUserMinus,
                "Remove",
            )
        });
        view! { <td class="lead-out right">{button}</td> }
    });
    let role = if may && !member.is_viewer {
        role_form(here, member, actions.role)
    } else {
        role(member.role).into_any()
    };
    view! {
        <tr>
            <td>
                <span class="flex items-center gap-2.5">
                    <span class="avatar" aria-hidden="true">{initials(&member.name)}</span>
                    <span class="font-medium">{member.name.clone()}</span>
                    {member.is_viewer.then(|| pill::tag("you"))}
                </span>
            </td>
            <td class="fact text-muted">{member.email.clone()}</td>
            <td class="wide-only text-muted">{ago(member.joined_at, now)}</td>
            <td class="wide-only text-muted">{ago_or_never(member.last_seen_at, now)}</td>
            <td class="fact">{role}</td>
            {removal}
        </tr>
    }
    .into_any()
}

/// As properties too: once somebody chose, a browser no longer looks at the attributes, and
/// the row of a member who goes becomes the next one's.
fn role_options(chosen: Role) -> Vec<impl IntoView> {
    Role::ALL
        .iter()
        .map(|one| {
            let chosen = *one == chosen;
            view! {
                <option value=one.word() selected=chosen prop:selected=chosen>{role(*one)}</option>
            }
        })
        .collect()
}

fn role_form(here: &Here, member: &MemberView, action: ServerAction<SetRole>) -> AnyView {
    let button = NodeRef::<html::Button>::new();
    let label = format!("Role of {}", member.name);
    // What was refused is not so: the list shows again what is.
    let refused = refusal(action);
    Effect::new(move |_| {
        if refused.with(Option::is_some)
            && let Some(form) = button.get_untracked().and_then(|button| button.form())
        {
            form.reset();
        }
    });
    view! {
        {action_form(action, "", view! {
            <input type="hidden" name="slug" value=here.slug.clone() />
            <input type="hidden" name="user" value=member.user.to_string() />
            <span class="flex gap-2">
                <select
                    name="role" class="select h-7 w-28" aria-label=label
                    on:change=move |_| if let Some(button) = button.get_untracked() { button.click() }
                >
                    {role_options(member.role)}
                </select>
                <button type="submit" class="btn btn-plain btn-slim no-script-only" node_ref=button>"Change"</button>
            </span>
        }.into_any())}
    }
    .into_any()
}

fn remove_dialog(here: &Here, member: &MemberView, action: ServerAction<RemoveMember>) -> AnyView {
    let id = dialog_id(member);
    row_dialog(
        id.clone(),
        format!("Remove {}", member.name),
        action,
        |refused| {
            view! {
                {action_form(action, "", view! {
                    <input type="hidden" name="slug" value=here.slug.clone() />
                    <input type="hidden" name="user" value=member.user.to_string() />
                    <dl class="facts mt-2">
                        <dt>"Deleted"</dt>
                        <dd>{format!("{}'s access to {}.", member.name, here.name())}</dd>
                        <dt>"Kept"</dt>
                        <dd>"What they did, in runs and in the audit log."</dd>
                    </dl>
                    <div class="mt-3 empty:hidden">{form_problem(refused)}</div>
                    {answers(id, "Cancel", action, "btn btn-danger", lu::LuUserMinus, "Remove")}
                }.into_any())}
            }
            .into_any()
        },
    )
}
