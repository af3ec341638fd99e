//! Members of a tenant and the invitations that wait.

use leptos::{html, prelude::*};
use server_fn::codec::GetUrl;
#[cfg(feature = "ssr")]
use types::portal::InvitationCreate;
use types::{
    InvitationId, Problem, Timestamp, UserId,
    portal::{InvitationLink, InvitationView, MemberView, MembersView, Role},
};

#[cfg(feature = "ssr")]
use crate::request;
use crate::{
    here::{Here, use_slug},
    ui::{
        dialog::{self, closer, dialog, opener},
        error::{copy, loaded},
        field::{Refusal, form_problem, refusal},
        form::action_form,
        icon::{icon, lu},
        page::{Crumb, page, page_head},
        pill::{self, Tone},
        table::{
            Column::{self, Titled},
            table,
        },
        time::{ago, ago_or_never},
        toast::toasts,
        words::{initials, role, role_meaning},
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

/// Makes an invitation; its link is in the answer and nowhere else.
///
/// # Errors
/// `forbidden` below admin, `plan_limit`.
#[server(prefix = "/ui", endpoint = "invitation/create")]
pub(crate) async fn create_invitation(
    slug: String,
    role: Role,
    #[server(default)] note: String,
) -> Result<InvitationLink, Problem> {
    let actor = request::actor().await?;
    request::services()
        .portal
        .invitations
        .create(&actor, &slug, InvitationCreate { note, role })
        .await
        .map_err(request::refused)
}

/// Takes an invitation back.
///
/// # Errors
/// `forbidden` below admin, `not_found`.
#[server(prefix = "/ui", endpoint = "invitation/revoke")]
pub(crate) async fn revoke_invitation(slug: String, id: InvitationId) -> Result<(), Problem> {
    let actor = request::actor().await?;
    request::services()
        .portal
        .invitations
        .revoke(&actor, &slug, id)
        .await
        .map_err(request::refused)
}

const INVITE: &str = "invite";

/// What can be done here; each changes what is shown.
#[derive(Clone, Copy)]
struct Actions {
    role: ServerAction<SetRole>,
    remove: ServerAction<RemoveMember>,
    invite: ServerAction<CreateInvitation>,
    revoke: ServerAction<RevokeInvitation>,
}

/// The page.
pub(crate) fn members_page() -> AnyView {
    let slug = use_slug();
    let actions = Actions {
        role: ServerAction::new(),
        remove: ServerAction::new(),
        invite: ServerAction::new(),
        revoke: ServerAction::new(),
    };
    let versions = move || {
        (
            slug.get(),
            actions.role.version().get(),
            actions.remove.version().get(),
            actions.invite.version().get(),
            actions.revoke.version().get(),
        )
    };
    let members = Resource::new(versions, |(slug, ..)| read_members(slug));
    say(actions);
    loaded(members, move |here, members| {
        view_members(&here, &members, actions)
    })
}

fn say(actions: Actions) {
    dialog::close_once_answered(actions.remove);
    let toasts = toasts();
    let (role, remove, revoke) = (
        actions.role.value(),
        actions.remove.value(),
        actions.revoke.value(),
    );
    Effect::new(move |_| {
        if let Some(Ok(())) = role.get() {
            toasts.say(Tone::Good, "The role was changed.");
        }
    });
    Effect::new(move |_| {
        if let Some(Ok(())) = remove.get() {
            toasts.say(Tone::Good, "The member was removed.");
        }
    });
    Effect::new(move |_| {
        if let Some(Ok(())) = revoke.get() {
            toasts.say(
                Tone::Good,
                "The invitation was revoked; its link no longer works.",
            );
        }
    });
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
    let dialogs: Vec<_> = members
        .members
        .iter()
        .filter(|one| may && !one.is_viewer)
        .map(|one| remove_dialog(here, one, actions.remove))
        .collect();
    let usage = format!(
        "{} of {} in your plan.",
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
            {invitations(here, members, may, actions)}
            {dialogs}
            {may.then(|| invite_dialog(here, actions.invite))}
        }
        .into_any(),
    )
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

fn role_options(chosen: Role) -> Vec<impl IntoView> {
    Role::ALL
        .iter()
        .map(|one| {
            view! { <option value=one.word() selected=*one == chosen>{role(*one)}</option> }
        })
        .collect()
}

fn role_form(here: &Here, member: &MemberView, action: ServerAction<SetRole>) -> AnyView {
    let button = NodeRef::<html::Button>::new();
    let label = format!("Role of {}", member.name);
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
    dialog(
        id.clone(),
        format!("Remove {}", member.name),
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
                <div class="dialog-actions">
                    {closer(id, "Cancel")}
                    <button type="submit" class="btn btn-danger" disabled=move || action.pending().get()>
                        {icon(lu::LuUserMinus)} "Remove"
                    </button>
                </div>
            }.into_any())}
        }
        .into_any(),
    )
}

fn invitations(here: &Here, members: &MembersView, may: bool, actions: Actions) -> AnyView {
    if members.invitations.is_empty() {
        return ().into_any();
    }
    let rows: Vec<_> = members
        .invitations
        .iter()
        .map(|one| invitation_row(here, one, members.now, may, actions.revoke))
        .collect();
    view! {
        <section class="card card-pad mt-3.5 pb-2" aria-labelledby="invitations-title">
            <h2 id="invitations-title" class="mb-1 text-sm font-medium">"Pending invitations"</h2>
            <ul>{rows}</ul>
        </section>
    }
    .into_any()
}

fn invitation_row(
    here: &Here,
    one: &InvitationView,
    now: Timestamp,
    may: bool,
    action: ServerAction<RevokeInvitation>,
) -> AnyView {
    let whom = if one.note.is_empty() {
        "Somebody".to_owned()
    } else {
        one.note.clone()
    };
    view! {
        <li class="row">
            <span class="min-w-0 flex-1">
                {whom} <span class="text-muted">{format!(" as {}, by {}", role(one.role), one.invited_by)}</span>
            </span>
            <span class="label">"expires " {ago(one.expires_at, now)}</span>
            {may.then(|| view! {
                {action_form(action, "", view! {
                    <input type="hidden" name="slug" value=here.slug.clone() />
                    <input type="hidden" name="id" value=one.id.to_string() />
                    <button type="submit" class="btn btn-plain btn-slim">"Revoke"</button>
                }.into_any())}
            })}
        </li>
    }
    .into_any()
}

fn invite_dialog(here: &Here, action: ServerAction<CreateInvitation>) -> AnyView {
    // `members#invite` opens it, e.g. from the palette.
    let hash = leptos_router::hooks::use_location().hash;
    Effect::new(move |_| {
        if hash.get() == "#invite" {
            dialog::open(INVITE);
        }
    });
    let value = action.value();
    let link = move || {
        value
            .get()
            .and_then(Result::ok)
            .map(|link| shown_once(link.url))
    };
    let choices: Vec<_> = Role::ALL
        .iter()
        .map(|one| {
            view! {
                <label class="choice">
                    <input
                        type="radio" name="role" value=one.word() checked=*one == Role::Member
                        class="mt-0.75 accent-primary"
                    />
                    <span>
                        {role(*one)}
                        <span class="label block">{role_meaning(*one)}</span>
                    </span>
                </label>
            }
        })
        .collect();
    dialog(
        INVITE,
        format!("Invite to {}", here.name()),
        view! {
            {action_form(action, "", view! {
                <input type="hidden" name="slug" value=here.slug.clone() />
                <div class="mt-3 grid gap-3">
                    <div class="grid gap-1">
                        <label class="font-medium" for="invite-note">"For whom"</label>
                        <input id="invite-note" name="note" class="input" maxlength="120" autocomplete="off" />
                        <p class="label">"A name to recognise it by. Nothing is sent: you pass the link on yourself."</p>
                    </div>
                    <fieldset class="grid gap-2">
                        <legend class="mb-1 font-medium">"Role"</legend>
                        {choices}
                    </fieldset>
                    {form_problem(refusal(action))}
                    {link}
                </div>
                <div class="dialog-actions">
                    {closer(INVITE, "Cancel")}
                    <button type="submit" class="btn btn-primary" disabled=move || action.pending().get()>
                        {icon(lu::LuLink)} "Create link"
                    </button>
                </div>
            }.into_any())}
        }
        .into_any(),
    )
}

/// A secret that is shown this one time, with a button to copy it.
pub(crate) fn shown_once(secret: String) -> AnyView {
    let copied = RwSignal::new(false);
    let text = secret.clone();
    view! {
        <div class="grid gap-1.5" role="status">
            <p class="font-medium">"Copy it now: it is shown only this once."</p>
            <code class="secret" data-secret="">{secret}</code>
            <div>
                <button type="button" class="btn btn-plain btn-slim" on:click=move |_| copy(&text, copied)>
                    {icon(lu::LuCopy)}
                    {move || if copied.get() { "Copied" } else { "Copy" }}
                </button>
            </div>
        </div>
    }
    .into_any()
}
