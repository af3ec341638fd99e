//! All kits, for members and for everybody.

use leptos::prelude::*;
use server_fn::codec::GetUrl;
use types::{Problem, stack::KitView};

#[cfg(feature = "ssr")]
use crate::request;
use crate::{
    here::{Here, use_slug},
    ui::{
        empty::empty_quiet,
        error::loaded,
        icon::{icon, lu},
        page::{Crumb, page, page_head},
        pill,
        plain::plain,
        words::count,
    },
};

/// The kits of the registry; everybody may see them.
#[server(prefix = "/ui", endpoint = "kits", input = GetUrl)]
pub(crate) async fn read_kits() -> Result<Vec<KitView>, Problem> {
    request::services()
        .stack
        .kits
        .list()
        .await
        .map_err(request::refused)
}

const LEDE: &str = "Blueprints to start from. Open one to see what it needs and what it sets up.";

/// The page inside a tenant.
pub(crate) fn kits_page() -> AnyView {
    let slug = use_slug();
    // In another homelab it is another page, though of the same kits.
    let kits = Resource::new(move || slug.get(), |_| read_kits());
    loaded(kits, |here, kits| {
        page(
            "Kits",
            vec![Crumb::to(here.name(), here.at("")), Crumb::here("Kits")],
            view! {
                {page_head("Kits", LEDE.into_any(), ().into_any())}
                {cards(&kits, Some(&here))}
            }
            .into_any(),
        )
    })
}

/// The page for everybody.
pub(crate) fn public_kits_page() -> AnyView {
    let kits = Resource::new(|| (), |()| read_kits());
    loaded(kits, |here, kits| {
        let sign_in = here.viewer.is_none().then(|| {
            view! {
                <div class="actions">
                    <a class="btn btn-primary" rel="external" href="/auth/sign-in?return_to=/">
                        {icon(lu::LuLogIn)} "Sign in"
                    </a>
                </div>
            }
        });
        plain(
            "Kits",
            true,
            view! {
                {page_head("Kits", LEDE.into_any(), sign_in.into_any())}
                {cards(&kits, None)}
            }
            .into_any(),
        )
    })
}

fn cards(kits: &[KitView], here: Option<&Here>) -> AnyView {
    if kits.is_empty() {
        return view! {
            <section class="card">
                {empty_quiet(lu::LuBox, "No kit yet", "Kits lie in the folder that the setting kits.dir names.")}
            </section>
        }
        .into_any();
    }
    let cards: Vec<_> = kits.iter().map(|kit| card(kit, here)).collect();
    view! { <ul class="grid gap-3.5 md:grid-cols-2 xl:grid-cols-3">{cards}</ul> }.into_any()
}

fn card(kit: &KitView, here: Option<&Here>) -> AnyView {
    let name = match here {
        Some(here) => view! {
            <a class="hover:underline" href=here.at(&format!("/kits/{}", kit.name)) data-row="">
                {kit.name.clone()}
            </a>
        }
        .into_any(),
        None => kit.name.clone().into_any(),
    };
    let services: Vec<_> = kit
        .services
        .iter()
        .map(|service| pill::tag(service.title.clone()))
        .collect();
    view! {
        <li class="card card-pad flex flex-col gap-2.5">
            <div class="card-head">
                <span class="avatar tile" aria-hidden="true">{icon(lu::LuBox)}</span>
                <h2>{name}</h2>
                <span class="label">{kit.version.clone()}</span>
            </div>
            <p class="text-muted">{kit.summary.clone()}</p>
            <p class="label">{count(kit.services.len(), "service")}</p>
            <div class="mt-auto flex flex-wrap gap-1.5">{services}</div>
        </li>
    }
    .into_any()
}
