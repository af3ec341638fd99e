//! Every address and the page behind it.

use leptos::prelude::*;
use leptos_router::{
    SsrMode,
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

/// The pages, with what needs the router around them.
pub(crate) fn pages() -> AnyView {
    Viewer::provide();
    close_after_navigation();
    keyboard::listen();
    let mode = || SsrMode::Async;
    view! {
        <a class="skip" href="#main" rel="external">"Skip to the content"</a>
        <Routes fallback=portal::problem::not_found>
            <Route path=path!("/") view=portal::welcome::welcome_page ssr=mode() />
            <Route path=path!("/tenants/new") view=portal::tenant_new::tenant_new_page ssr=mode() />
            <Route path=path!("/invitations/:secret") view=portal::invitation::invitation_page ssr=mode() />
            <Route path=path!("/launch/:id") view=portal::launch::launch_page ssr=mode() />
            <Route path=path!("/kits") view=kits::list::public_kits_page ssr=mode() />
            <Route path=path!("/problems/:code") view=portal::problem::problem_page ssr=mode() />
            <ParentRoute path=path!("/account") view=account_frame ssr=mode()>
                <Route path=path!("tokens") view=portal::account::account_page ssr=mode() />
            </ParentRoute>
            <ParentRoute path=path!("/tenant/:slug") view=tenant_frame ssr=mode()>
                <Route path=path!("") view=portal::overview::overview_page ssr=mode() />
                <Route path=path!("stacks") view=stack::stacks::stacks_page ssr=mode() />
                <Route path=path!("stacks/new") view=stack::stack_new::stack_new_page ssr=mode() />
                <Route path=path!("stacks/:id") view=stack::stack::stack_page ssr=mode() />
                <Route path=path!("stacks/:id/specification") view=stack::specification::specification_page ssr=mode() />
                <Route path=path!("nodes") view=stack::nodes::nodes_page ssr=mode() />
                <Route path=path!("runs") view=stack::runs::runs_page ssr=mode() />
                <Route path=path!("runs/:number") view=stack::run::run_page ssr=mode() />
                <Route path=path!("kits") view=kits::list::kits_page ssr=mode() />
                <Route path=path!("kits/:name") view=kits::kit::kit_page ssr=mode() />
                <Route path=path!("members") view=portal::members::members_page ssr=mode() />
                <Route path=path!("plan") view=portal::plan::plan_page ssr=mode() />
                <Route path=path!("audit") view=portal::audit::audit_page ssr=mode() />
            </ParentRoute>
            <ParentRoute path=path!("/admin") view=admin_frame ssr=mode()>
                <Route path=path!("") view=admin::overview::overview_page ssr=mode() />
                <Route path=path!("instances") view=admin::instances::instances_page ssr=mode() />
                <Route path=path!("instances/:id") view=admin::instance::instance_page ssr=mode() />
                <Route path=path!("jobs") view=admin::jobs::jobs_page ssr=mode() />
                <Route path=path!("tenants") view=admin::tenants::tenants_page ssr=mode() />
                <Route path=path!("users") view=admin::users::users_page ssr=mode() />
            </ParentRoute>
        </Routes>
        {toast_region()}
        {palette()}
        {keyboard::overlay()}
    }
    .into_any()
}
