//! Every address and the page behind it.

#[cfg(feature = "split")]
use leptos::lazy;
use leptos::prelude::*;
use leptos_router::{
    Lazy, LazyRoute, SsrMode,
    components::{ParentRoute, Route, Routes},
    path,
};

use crate::{
    here::Viewer,
    rooms::{admin, kits, portal, stack},
    ui::{
        frame::{account_frame, admin_frame, close_after_navigation, tenant_frame},
        keyboard,
        palette::palette,
        toast::toast_region,
    },
};

/// Pages that are visited together, each with a type of its own. In an optimised build
/// (feature `split`) the code of such a group is in modules of its own, which the browser
/// loads with the first of its pages; without it all code is in one module.
macro_rules! pages {
    ($($group:ident, $preload:ident, $page:ident: { $($name:ident => $view:path,)+ })+) => {$(
        #[derive(Clone, Copy)]
        enum $page {
            $($name,)+
        }

        #[cfg_attr(feature = "split", lazy)]
        fn $group(page: $page) -> AnyView {
            match page {
                $($page::$name => $view(),)+
            }
        }

        $(
            struct $name;

            impl $name {
                fn lazy() -> Lazy<Self> {
                    Lazy::new()
                }
            }

            impl LazyRoute for $name {
                fn data() -> Self {
                    Self
                }

                async fn view(_: Self) -> AnyView {
                    #[cfg(feature = "split")]
                    return $group($page::$name).await;
                    #[cfg(not(feature = "split"))]
                    $group($page::$name)
                }

                async fn preload() {
                    #[cfg(all(feature = "split", target_arch = "wasm32"))]
                    $preload().await;
                }
            }
        )+
    )+};
}

pages! {
    entrance, __preload_entrance, Entrance: {
        Welcome => portal::welcome::welcome_page,
        TenantNew => portal::tenant_new::tenant_new_page,
        Invitation => portal::invitation::invitation_page,
        Launch => portal::launch::launch_page,
        PublicKits => kits::list::public_kits_page,
        Problem => portal::problem::problem_page,
    }
    homelab, __preload_homelab, Homelab: {
        Overview => portal::overview::overview_page,
    }
    stacks, __preload_stacks, OfStacks: {
        Stacks => stack::stacks::stacks_page,
        StackNew => stack::stack_new::stack_new_page,
        Stack => stack::stack::stack_page,
        Specification => stack::specification::specification_page,
        Nodes => stack::nodes::nodes_page,
        Runs => stack::runs::runs_page,
        Run => stack::run::run_page,
        TenantKits => kits::list::kits_page,
        Kit => kits::kit::kit_page,
    }
    settings, __preload_settings, Settings: {
        Members => portal::members::members_page,
        Plan => portal::plan::plan_page,
        Audit => portal::audit::audit_page,
        Account => portal::account::account_page,
    }
    admin_centre, __preload_admin_centre, AdminCentre: {
        PlatformOverview => admin::overview::overview_page,
        Instances => admin::instances::instances_page,
        Instance => admin::instance::instance_page,
        Jobs => admin::jobs::jobs_page,
        Tenants => admin::tenants::tenants_page,
        Users => admin::users::users_page,
    }
}

/// The pages, with what needs the router around them.
pub(crate) fn pages() -> AnyView {
    Viewer::provide();
    close_after_navigation();
    keyboard::listen();
    let mode = || SsrMode::Async;
    view! {
        <a class="skip" href="#main" rel="external">"Skip to the content"</a>
        <Routes fallback=portal::problem::not_found>
            <Route path=path!("/") view=Welcome::lazy() ssr=mode() />
            <Route path=path!("/tenants/new") view=TenantNew::lazy() ssr=mode() />
            <Route path=path!("/invitations/:secret") view=Invitation::lazy() ssr=mode() />
            <Route path=path!("/launch/:id") view=Launch::lazy() ssr=mode() />
            <Route path=path!("/kits") view=PublicKits::lazy() ssr=mode() />
            <Route path=path!("/problems/:code") view=Problem::lazy() ssr=mode() />
            <ParentRoute path=path!("/account") view=account_frame ssr=mode()>
                <Route path=path!("tokens") view=Account::lazy() ssr=mode() />
            </ParentRoute>
            <ParentRoute path=path!("/tenant/:slug") view=tenant_frame ssr=mode()>
                <Route path=path!("") view=Overview::lazy() ssr=mode() />
                <Route path=path!("stacks") view=Stacks::lazy() ssr=mode() />
                <Route path=path!("stacks/new") view=StackNew::lazy() ssr=mode() />
                <Route path=path!("stacks/:id") view=Stack::lazy() ssr=mode() />
                <Route path=path!("stacks/:id/specification") view=Specification::lazy() ssr=mode() />
                <Route path=path!("nodes") view=Nodes::lazy() ssr=mode() />
                <Route path=path!("runs") view=Runs::lazy() ssr=mode() />
                <Route path=path!("runs/:number") view=Run::lazy() ssr=mode() />
                <Route path=path!("kits") view=TenantKits::lazy() ssr=mode() />
                <Route path=path!("kits/:name") view=Kit::lazy() ssr=mode() />
                <Route path=path!("members") view=Members::lazy() ssr=mode() />
                <Route path=path!("plan") view=Plan::lazy() ssr=mode() />
                <Route path=path!("audit") view=Audit::lazy() ssr=mode() />
            </ParentRoute>
            <ParentRoute path=path!("/admin") view=admin_frame ssr=mode()>
                <Route path=path!("") view=PlatformOverview::lazy() ssr=mode() />
                <Route path=path!("instances") view=Instances::lazy() ssr=mode() />
                <Route path=path!("instances/:id") view=Instance::lazy() ssr=mode() />
                <Route path=path!("jobs") view=Jobs::lazy() ssr=mode() />
                <Route path=path!("tenants") view=Tenants::lazy() ssr=mode() />
                <Route path=path!("users") view=Users::lazy() ssr=mode() />
            </ParentRoute>
        </Routes>
        {toast_region()}
        {palette()}
        {keyboard::overlay()}
    }
    .into_any()
}
