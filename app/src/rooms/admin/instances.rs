//! All instances, and registering another.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use server_fn::codec::GetUrl;
#[cfg(feature = "ssr")]
use types::admin::InstanceCreate;
use types::{
    Problem,
    admin::{DeploymentMode, InstanceStatus, InstanceView},
};

use super::{
    crumbs,
    instance_table::{attention, follow, sort},
};
#[cfg(feature = "ssr")]
use crate::request;
use crate::ui::{
    dialog::{answers, dialog_then, opener, say_when_late},
    error::loaded,
    field::{field, form_problem, is_wrong, refusal},
    form::action_form,
    icon::lu,
    page::{page, page_head},
    words,
};

/// All instances.
///
/// # Errors
/// `forbidden` for whoever is no operator.
#[server(prefix = "/ui", endpoint = "admin/instances", input = GetUrl)]
pub(crate) async fn read_instances() -> Result<Vec<InstanceView>, Problem> {
    let actor = request::actor().await?;
    request::services()
        .admin
        .instances
        .list(&actor)
        .await
        .map_err(request::refused)
}

/// Registers an instance that stands already, and shows it.
///
/// # Errors
/// `invalid` for a field that does not fit, `conflict` for a name that is taken.
#[server(prefix = "/ui", endpoint = "admin/instance/create")]
pub(crate) async fn create_instance(
    name: String,
    region: String,
    deployment_mode: DeploymentMode,
    #[server(default)] max_tenants: String,
    internal_endpoint: String,
    #[server(default)] public_endpoint: String,
) -> Result<InstanceView, Problem> {
    let actor = request::actor().await?;
    let max_tenants = match max_tenants.trim() {
        "" => None,
        text => Some(text.parse().map_err(|_| {
            request::refused(domain::Error::invalid(
                "max_tenants",
                "Write a whole number, or nothing.",
            ))
        })?),
    };
    let instance = InstanceCreate {
        name,
        region,
        deployment_mode,
        max_tenants,
        internal_endpoint,
        public_endpoint: Some(public_endpoint).filter(|it| !it.is_empty()),
    };
    let made = request::services()
        .admin
        .instances
        .create(&actor, instance)
        .await
        .map_err(request::refused)?;
    leptos_axum::redirect(&format!("/admin/instances/{}", made.id));
    Ok(made)
}

/// Which instances are shown.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Filter {
    All,
    Attention,
    Full,
    Inactive,
}

impl Filter {
    const ALL: [Self; 4] = [Self::All, Self::Attention, Self::Full, Self::Inactive];

    const fn word(self) -> &'static str {
        match self {
            Self::All => "",
            Self::Attention => "attention",
            Self::Full => "full",
            Self::Inactive => "inactive",
        }
    }

    const fn title(self) -> &'static str {
        match self {
            Self::All => "All",
            Self::Attention => "Need attention",
            Self::Full => "Full",
            Self::Inactive => "Not active",
        }
    }

    fn shows(self, one: &InstanceView) -> bool {
        match self {
            Self::All => true,
            Self::Attention => attention(one, one.health.now),
            Self::Full => one.current_tenants >= one.max_tenants,
            Self::Inactive => one.status != InstanceStatus::Active,
        }
    }

    fn of(word: &str) -> Self {
        Self::ALL
            .into_iter()
            .find(|one| one.word() == word)
            .unwrap_or(Self::All)
    }
}

/// The page; `?state=` keeps the filter.
pub(crate) fn instances_page() -> AnyView {
    let query = use_query_map();
    let filter = Memo::new(move |_| Filter::of(&query.read().get("state").unwrap_or_default()));
    let instances = Resource::new(|| (), |()| read_instances());
    loaded(instances, move |_, mut instances| {
        sort(&mut instances);
        let many = words::count(instances.len(), "instance");
        let instances = follow(instances);
        let tabs = move || {
            Filter::ALL
                .into_iter()
                .map(|one| {
                    let href = match one.word() {
                        "" => "/admin/instances".to_owned(),
                        word => format!("/admin/instances?state={word}"),
                    };
                    let current = (one == filter.get()).then_some("true");
                    view! { <a class="tab" href=href aria-current=current>{one.title()}</a> }
                })
                .collect::<Vec<_>>()
        };
        page(
            "Instances",
            crumbs("Instances"),
            view! {
                {page_head(
                    "Instances",
                    view! { {many} ". Each serves tenants up to its limit, every one with a database of its own. " {instances.broken()} }.into_any(),
                    view! { <div class="actions">{provision()}</div> }.into_any(),
                )}
                <nav class="tabs mb-3" aria-label="Filter by state">{tabs}</nav>
                <section class="card" aria-label="Instances">{instances.table(move |one| filter.get().shows(one))}</section>
            }
            .into_any(),
        )
    })
}

const REGISTER: &str = "register-instance";

/// The button that opens the form for another instance, with the form.
pub(super) fn provision() -> AnyView {
    let create = ServerAction::<CreateInstance>::new();
    let refused = refusal(create);
    let wrong = move |id: &'static str| move || is_wrong(refused, id).get().then_some("true");
    let modes: Vec<_> = DeploymentMode::ALL
        .iter()
        .map(|mode| {
            let most = mode.default_max_tenants();
            view! {
                <option value=mode.word()>{format!("{}, {most} tenants if no limit is set", words::mode(*mode))}</option>
            }
        })
        .collect();
    let body = view! {
        {action_form(create, "", view! {
            <div class="mt-3 grid gap-3.5">
                {field("name", "Name", "Lower-case letters, digits and dashes, e.g. eu-central-2.", refused, view! {
                    <input
                        id="name" name="name" class="input" required pattern="[a-z][a-z0-9\\-]{1,38}[a-z0-9]"
                        autocomplete="off" autocapitalize="off" spellcheck="false"
                        aria-describedby="name-hint name-problem" aria-invalid=wrong("name")
                    />
                }.into_any())}
                {field("region", "Region", "Shown to people, e.g. Frankfurt.", refused, view! {
                    <input
                        id="region" name="region" class="input" required autocomplete="off"
                        aria-describedby="region-hint region-problem" aria-invalid=wrong("region")
                    />
                }.into_any())}
                {field("deployment_mode", "Mode", "", refused, view! {
                    <select id="deployment_mode" name="deployment_mode" class="select">{modes}</select>
                }.into_any())}
                {field("max_tenants", "Tenant limit (optional)", "If empty, the mode's limit applies.", refused, view! {
                    <input
                        id="max_tenants" name="max_tenants" class="input w-28" inputmode="numeric" autocomplete="off"
                        aria-describedby="max_tenants-hint max_tenants-problem" aria-invalid=wrong("max_tenants")
                    />
                }.into_any())}
                {field("internal_endpoint", "Internal address", "Where its stack service answers, e.g. https://stack-2.internal:4000.", refused, view! {
                    <input
                        id="internal_endpoint" name="internal_endpoint" type="url" class="input mono" required
                        autocomplete="off" aria-describedby="internal_endpoint-hint internal_endpoint-problem"
                        aria-invalid=wrong("internal_endpoint")
                    />
                }.into_any())}
                {field("public_endpoint", "Public address (optional)", "If browsers need another one.", refused, view! {
                    <input
                        id="public_endpoint" name="public_endpoint" type="url" class="input mono" autocomplete="off"
                        aria-describedby="public_endpoint-hint public_endpoint-problem" aria-invalid=wrong("public_endpoint")
                    />
                }.into_any())}
                {form_problem(refused)}
            </div>
            {answers(REGISTER, "Cancel", create, "btn btn-primary", lu::LuPlus, "Register")}
        }.into_any())}
    };
    say_when_late(REGISTER, create);
    view! {
        {opener(REGISTER, "btn btn-primary", lu::LuPlus, "Register an instance")}
        {dialog_then(REGISTER, "Register an instance".to_owned(), body.into_any(), move || create.clear())}
    }
    .into_any()
}
