//! One kit: its README, its services, an example.

use leptos::prelude::*;
use server_fn::codec::GetUrl;
use types::{Problem, stack::KitView};

#[cfg(feature = "ssr")]
use crate::request;
use crate::{
    here::{Here, use_param, use_slug},
    ui::{
        error::loaded,
        icon::{icon, lu},
        markdown::markdown,
        page::{Crumb, page, page_head},
    },
};

/// One kit by its name.
///
/// # Errors
/// `not_found` when the registry has none of that name.
#[server(prefix = "/ui", endpoint = "kit", input = GetUrl)]
pub(crate) async fn read_kit(name: String) -> Result<KitView, Problem> {
    request::services()
        .stack
        .kits
        .get(&name)
        .await
        .map_err(request::refused)
}

/// The page.
pub(crate) fn kit_page() -> AnyView {
    let (slug, name) = (use_slug(), use_param("name"));
    // The same kit in another homelab is another page.
    let kit = Resource::new(move || (slug.get(), name.get()), |(_, name)| read_kit(name));
    loaded(kit, |here, kit| view_kit(&here, &kit))
}

fn view_kit(here: &Here, kit: &KitView) -> AnyView {
    let actions = here.may_edit().then(|| {
        view! {
            <div class="actions">
                <a class="btn btn-primary" href=here.at(&format!("/stacks/new?kit={}", kit.name))>
                    {icon(lu::LuPlus)} "Start a stack with it"
                </a>
            </div>
        }
    });
    // The page has this heading already.
    let readme = kit.readme.trim_start();
    let readme = readme
        .strip_prefix(&format!("# {}\n", kit.name))
        .unwrap_or(readme);
    let services: Vec<_> = kit
        .services
        .iter()
        .map(|service| {
            view! {
                <div class="border-t border-line py-2">
                    <dt class="font-medium">
                        {service.title.clone()} " " <code class="text-muted">{service.key.clone()}</code>
                    </dt>
                    <dd class="text-muted">{service.summary.clone()}</dd>
                </div>
            }
        })
        .collect();
    page(
        &kit.name,
        vec![
            Crumb::to(here.name(), here.at("")),
            Crumb::to("Kits", here.at("/kits")),
            Crumb::here(kit.name.clone()),
        ],
        view! {
            {page_head(
                &kit.name,
                format!("Version {}. {}", kit.version, kit.summary).into_any(),
                actions.into_any(),
            )}
            <div class="grid items-start gap-3.5 lg:grid-cols-[3fr_2fr]">
                <section class="card card-pad" aria-label="README">{markdown(readme)}</section>
                <div class="grid gap-3.5">
                    <section class="card card-pad" aria-labelledby="services-title">
                        <h2 id="services-title" class="mb-1 text-sm font-medium">"Services"</h2>
                        <dl>{services}</dl>
                    </section>
                    <section class="card card-pad" aria-labelledby="example-title">
                        <h2 id="example-title" class="mb-2 text-sm font-medium">"Example"</h2>
                        <pre class="code" tabindex="0" aria-labelledby="example-title">{kit.example.clone()}</pre>
                    </section>
                </div>
            </div>
        }
        .into_any(),
    )
}
