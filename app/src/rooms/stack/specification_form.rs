//! The form beside the YAML: domain, nodes and services of the same text. It is
//! live only, because the editor's module reads and writes the YAML.

use std::net::Ipv4Addr;

use leptos::prelude::*;
use serde::Deserialize;
use types::stack::{KitService, SpecificationProblem};

use crate::ui::{
    editor::{EditorHandle, edit_yaml, read_yaml},
    icon::{icon, lu},
};

/// Roles that the kits' nodes may have.
const ROLES: [&str; 5] = ["manager", "storage", "dns", "edge", "worker"];

/// What the form shows of the text.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
struct Model {
    domain: String,
    nodes: Vec<Node>,
    services: Vec<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
struct Node {
    name: String,
    address: String,
    role: String,
}

/// What the form needs to change the text.
#[derive(Clone, Copy)]
struct Form {
    text: RwSignal<String>,
    problems: Signal<Vec<SpecificationProblem>>,
    handle: EditorHandle,
    take: Callback<String>,
    may_edit: bool,
}

impl Form {
    /// Writes a value at a path; `None` takes it away. Answers whether the text took it:
    /// what is no YAML any more takes nothing.
    fn set(self, path: &serde_json::Value, value: Option<serde_json::Value>) -> bool {
        let path = path.to_string();
        let value = value.map(|value| value.to_string());
        // What the editor holds: it may not have handed on the last change yet.
        let now = self
            .handle
            .text()
            .unwrap_or_else(|| self.text.get_untracked());
        let edited = edit_yaml(&now, &path, value.as_deref());
        let took = edited.is_some();
        if let Some(text) = &edited {
            self.handle.replace(text);
        }
        self.take.run(edited.unwrap_or(now));
        took
    }

    /// The problem at a field, and at what lies below it.
    fn problem(self, field: String) -> Memo<Option<String>> {
        let problems = self.problems;
        Memo::new(move |_| {
            problems.with(|problems| {
                problems
                    .iter()
                    .find(|one| one.field == field)
                    .map(|one| one.message.clone())
            })
        })
    }
}

/// The form; a line of explanation until the editor's module is here.
pub(super) fn form(
    text: RwSignal<String>,
    problems: Signal<Vec<SpecificationProblem>>,
    services: Vec<KitService>,
    may_edit: bool,
    handle: EditorHandle,
    take: Callback<String>,
) -> AnyView {
    let form = Form {
        text,
        problems,
        handle,
        take,
        may_edit,
    };
    let read = Memo::new(move |_| {
        let ready = handle.ready().get();
        ready
            .then(|| text.with(|text| read_yaml(text)))
            .flatten()
            .and_then(|json| serde_json::from_str::<Model>(&json).ok())
    });
    // A text that is no YAML keeps what the form showed before.
    let model = Memo::new(move |before: Option<&Model>| {
        read.get().or_else(|| before.cloned()).unwrap_or_default()
    });
    let unreadable = Memo::new(move |_| read.with(Option::is_none));
    let domain = Memo::new(move |_| model.with(|it| it.domain.clone()));
    let count = Memo::new(move |_| model.with(|it| it.nodes.len()));
    let nodes = move || {
        (0..count.get())
            .map(|at| node(form, model, at))
            .collect::<Vec<_>>()
    };
    let live = move || {
        view! {
            <p class="mb-3 text-muted empty:hidden" role="status">
                {move || unreadable.get().then_some("The form is back once the YAML can be read.")}
            </p>
            <fieldset class="grid min-w-0 gap-5" disabled=move || unreadable.get()>
                <div class="grid gap-1">
                    <label class="font-medium" for="form-domain">"Domain"</label>
                    {input(form, "form-domain".to_owned(), "domain".to_owned(), serde_json::json!(["domain"]), domain.into(), false)}
                    <p class="label">"Names of services end in this."</p>
                </div>
                <fieldset class="grid gap-2.5">
                    <legend class="contents">
                        <span class="flex items-center justify-between">
                            <span class="font-medium">"Nodes"</span>
                        </span>
                    </legend>
                    {nodes}
                    {may_edit.then(|| add_node(form, model))}
                </fieldset>
                {services_of(form, model, &services)}
            </fieldset>
        }
    };
    view! {
        <Show
            when=move || handle.ready().get()
            fallback=|| view! {
                <p class="needs-script text-muted">"The form appears beside the YAML as soon as the page is live."</p>
                <p class="no-script-only text-muted">"The form needs scripts, which are switched off. All that it does can be written in the YAML."</p>
            }
        >
            {live()}
        </Show>
    }
    .into_any()
}

/// A text field that writes into the YAML when it is left or Enter is pressed.
fn input(
    form: Form,
    id: String,
    field: String,
    path: serde_json::Value,
    value: Signal<String>,
    mono: bool,
) -> AnyView {
    let problem = form.problem(field);
    let problem_id = format!("{id}-problem");
    let class = if mono { "input mono" } else { "input" };
    view! {
        <input
            id=id
            class=class
            autocomplete="off"
            spellcheck="false"
            readonly=!form.may_edit
            prop:value=value
            aria-invalid=move || problem.get().map(|_| "true")
            aria-describedby=problem_id.clone()
            on:change:target=move |event| {
                let field = event.target();
                if !form.set(&path, Some(field.value().into())) {
                    field.set_value(&value.get_untracked());
                }
            }
        />
        <p class="text-ink-bad empty:hidden" id=problem_id>{problem}</p>
    }
    .into_any()
}

fn node(form: Form, model: Memo<Model>, at: usize) -> AnyView {
    let part = move |get: fn(&Node) -> &String| {
        Signal::derive(move || {
            model.with(|it| it.nodes.get(at).map(get).cloned().unwrap_or_default())
        })
    };
    let id = |name: &str| format!("node-{at}-{name}");
    let field = |name: &str| format!("nodes[{at}].{name}");
    let path = |name: &str| serde_json::json!(["nodes", at, name]);
    let role = part(|it| &it.role);
    let role_path = path("role");
    let role_problem = form.problem(field("role"));
    let roles = move || {
        let now = role.get();
        let other = (!ROLES.contains(&now.as_str())).then(|| now.clone());
        ROLES
            .iter()
            .map(|one| (*one).to_owned())
            .chain(other)
            .map(|one| view! { <option selected=one == now value=one.clone()>{one.clone()}</option> })
            .collect::<Vec<_>>()
    };
    let name = part(|it| &it.name);
    view! {
        <div class="grid grid-cols-2 items-start gap-2 rounded-md border border-line p-2.5 sm:grid-cols-[1fr_1.2fr_1fr_auto]">
            <div>
                <label class="label" for=id("name")>"Name"</label>
                {input(form, id("name"), field("name"), path("name"), name, false)}
            </div>
            <div>
                <label class="label" for=id("address")>"Address"</label>
                {input(form, id("address"), field("address"), path("address"), part(|it| &it.address), true)}
            </div>
            <div>
                <label class="label" for=id("role")>"Role"</label>
                <select
                    id=id("role") class="select" disabled=!form.may_edit
                    on:change:target=move |event| {
                        let field = event.target();
                        if !form.set(&role_path, Some(field.value().into())) {
                            field.set_value(&role.get_untracked());
                        }
                    }
                >
                    {roles}
                </select>
                <p class="text-ink-bad empty:hidden">{role_problem}</p>
            </div>
            {form.may_edit.then(|| view! {
                <button
                    type="button" class="btn btn-bare mt-4 justify-self-end text-muted"
                    aria-label=move || format!("Take node {} away", name.get())
                    title="Take it away"
                    on:click=move |_| {
                        form.set(&serde_json::json!(["nodes", at]), None);
                    }
                >
                    {icon(lu::LuX)}
                </button>
            })}
        </div>
    }
    .into_any()
}

fn add_node(form: Form, model: Memo<Model>) -> AnyView {
    let add = move |_| {
        let (at, name, address) = model.with_untracked(|it| {
            (
                it.nodes.len(),
                free_name(&it.nodes),
                free_address(&it.nodes),
            )
        });
        let node = serde_json::json!({ "name": name, "address": address, "role": "worker" });
        form.set(&serde_json::json!(["nodes", at]), Some(node));
    };
    view! {
        <div>
            <button type="button" class="btn btn-plain btn-slim" on:click=add>{icon(lu::LuPlus)} "Add node"</button>
        </div>
    }
    .into_any()
}

/// The first name that no node has.
fn free_name(nodes: &[Node]) -> String {
    (1..)
        .map(|number| format!("node-{number}"))
        .find(|name| nodes.iter().all(|node| node.name != *name))
        .unwrap_or_default()
}

/// An address that no node has, in the network of the first one that has an address;
/// empty when that network is full.
fn free_address(nodes: &[Node]) -> String {
    let used: Vec<Ipv4Addr> = nodes
        .iter()
        .filter_map(|node| node.address.trim().parse().ok())
        .collect();
    let [a, b, c, _] = used
        .first()
        .map_or([10, 20, 0, 0], |address| address.octets());
    // The first ones are mostly those of routers and the like.
    (11..=254)
        .chain(2..=10)
        .map(|last| Ipv4Addr::new(a, b, c, last))
        .find(|address| !used.contains(address))
        .map(|address| address.to_string())
        .unwrap_or_default()
}

fn services_of(form: Form, model: Memo<Model>, services: &[KitService]) -> AnyView {
    let boxes: Vec<_> = services
        .iter()
        .map(|service| {
            let key = service.key.clone();
            let mine = key.clone();
            let on = Memo::new(move |_| model.with(|it| it.services.contains(&mine)));
            let problem = form.problem(format!("services.{key}"));
            let path = serde_json::json!(["services", key]);
            view! {
                <label class="choice items-center" title=service.summary.clone()>
                    <input
                        type="checkbox" class="checkbox checkbox-primary checkbox-sm" disabled=!form.may_edit prop:checked=on
                        on:change:target=move |event| {
                            let field = event.target();
                            let value = field.checked().then(|| serde_json::json!({}));
                            if !form.set(&path, value) {
                                field.set_checked(on.get_untracked());
                            }
                        }
                    />
                    <span class="min-w-0">
                        {service.title.clone()}
                        <span class="block text-ink-bad empty:hidden">{problem}</span>
                    </span>
                </label>
            }
        })
        .collect();
    if boxes.is_empty() {
        return ().into_any();
    }
    view! {
        <fieldset>
            <legend class="mb-2 font-medium">"Services"</legend>
            <div class="grid gap-2 sm:grid-cols-2">{boxes}</div>
        </fieldset>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::{Node, free_address, free_name};

    fn nodes(all: &[(&str, &str)]) -> Vec<Node> {
        all.iter()
            .map(|&(name, address)| Node {
                name: name.to_owned(),
                address: address.to_owned(),
                role: "worker".to_owned(),
            })
            .collect()
    }

    #[test]
    fn a_new_node_has_a_name_and_an_address_of_its_own() {
        let first = nodes(&[]);
        assert_eq!(free_name(&first), "node-1");
        assert_eq!(free_address(&first), "10.20.0.11");
        let one_went = nodes(&[
            ("nuc-2", "10.20.0.12"),
            ("node-1", "10.20.0.11"),
            ("node-3", "10.20.0.14"),
        ]);
        assert_eq!(free_name(&one_went), "node-2");
        assert_eq!(free_address(&one_went), "10.20.0.13");
    }

    #[test]
    fn a_new_node_is_in_the_network_of_the_others() {
        let at_home = nodes(&[("nas", ""), ("nuc", "192.168.7.11")]);
        assert_eq!(free_address(&at_home), "192.168.7.12");
        let full: Vec<_> = (2..=254).map(|last| format!("10.0.0.{last}")).collect();
        let full: Vec<_> = full
            .iter()
            .map(|address| ("nuc", address.as_str()))
            .collect();
        assert_eq!(free_address(&nodes(&full)), "");
    }
}
