//! Who looks and where: the viewer and the tenant that the address names.

use std::sync::Arc;

use leptos::prelude::*;
use leptos_router::hooks::use_location;
use types::{
    Problem,
    portal::{Role, TenantBrief, ViewerView},
};

#[cfg(feature = "ssr")]
use crate::request;

/// The signed-in person, or nobody.
///
/// # Errors
/// Whatever the portal answers, except that nobody is signed in.
#[server(prefix = "/ui", endpoint = "viewer", input = server_fn::codec::GetUrl)]
pub(crate) async fn read_viewer() -> Result<Option<ViewerView>, Problem> {
    match request::actor_if_any().await? {
        Some(actor) => request::services()
            .portal
            .viewer(&actor)
            .await
            .map(Some)
            .map_err(request::refused),
        None => Ok(None),
    }
}

/// The viewer, read once per page load and again when a tenant is new.
#[derive(Clone, Copy)]
pub(crate) struct Viewer {
    /// What was read.
    pub(crate) read: Resource<Result<Option<ViewerView>, Problem>>,
    /// Whether the page has changed since it was loaded, with which this came.
    moved: StoredValue<bool>,
    /// The last tenant that was in the list and not there.
    gone: StoredValue<String>,
}

impl Viewer {
    /// Puts the viewer into the context.
    pub(crate) fn provide() {
        let viewer = Resource::new(|| (), |()| read_viewer());
        let moved = StoredValue::new(false);
        provide_context(Self {
            read: viewer,
            moved,
            gone: StoredValue::new(String::new()),
        });
        // A tenant that was made or joined since is not in the list yet. What came with the
        // page is new, and a page whose code still loads has to find it as it came.
        let path = use_location().pathname;
        let asked = StoredValue::new(String::new());
        Effect::new(move |before: Option<()>| {
            let slug = slug_in(&path.get());
            if before.is_none() {
                return;
            }
            moved.set_value(true);
            let known = viewer.with_untracked(|it| match it {
                Some(Ok(Some(viewer))) => viewer.tenants.iter().any(|one| one.slug == slug),
                _ => true,
            });
            if !slug.is_empty() && !known && asked.get_value() != slug {
                asked.set_value(slug);
                viewer.refetch();
            }
        });
    }

    /// A tenant of the list is not theirs any more: the list is old. It is read again once
    /// the page is live, and only once for a tenant.
    pub(crate) fn has_lost(self, slug: &str) {
        let slug = slug.to_owned();
        Effect::new(move |_| {
            if self.gone.get_value() != slug {
                self.gone.set_value(slug.clone());
                self.read.refetch();
            }
        });
    }
}

/// The tenant's slug in a path, or nothing.
pub(crate) fn slug_in(path: &str) -> String {
    path.strip_prefix("/tenant/")
        .and_then(|rest| rest.split('/').next())
        .unwrap_or_default()
        .to_owned()
}

/// The tenant whose rooms are shown: the address names it in its path, or in its
/// query where the page itself belongs to the person.
pub(crate) fn use_shown_slug() -> Memo<String> {
    let location = use_location();
    Memo::new(move |_| {
        location
            .query
            .read()
            .get("tenant")
            .unwrap_or_else(|| slug_in(&location.pathname.read()))
    })
}

/// Who looks at a page and which tenant's it is.
#[derive(Clone)]
pub(crate) struct Here {
    /// The viewer, when somebody is signed in.
    pub(crate) viewer: Option<Arc<ViewerView>>,
    /// The tenant's slug; empty outside of tenants.
    pub(crate) slug: String,
}

impl Here {
    /// Waits for the viewer.
    pub(crate) async fn find(viewer: Viewer, slug: String) -> Self {
        let read = viewer.read.await.ok().flatten().map(Arc::new);
        let here = Self { viewer: read, slug };
        if here.is_launched() || !viewer.moved.get_value() {
            return here;
        }
        // Somebody else may have launched it since.
        match read_viewer().await {
            Ok(Some(now)) => Self {
                viewer: Some(Arc::new(now)),
                ..here
            },
            _ => here,
        }
    }

    /// The tenant as the switcher lists it.
    pub(crate) fn tenant(&self) -> Option<&TenantBrief> {
        self.viewer
            .as_ref()?
            .tenants
            .iter()
            .find(|one| one.slug == self.slug)
    }

    /// Whether there is a homelab to work in; yes while the tenant is not known.
    pub(crate) fn is_launched(&self) -> bool {
        self.tenant().is_none_or(|tenant| tenant.launched)
    }

    /// The tenant's name, or its slug while the name is not known.
    pub(crate) fn name(&self) -> String {
        self.tenant()
            .map_or_else(|| self.slug.clone(), |one| one.name.clone())
    }

    /// The viewer's role in the tenant: the least one when it is not known.
    pub(crate) fn role(&self) -> Role {
        self.tenant().map_or(Role::Viewer, |one| one.role)
    }

    /// May edit and plan.
    pub(crate) fn may_edit(&self) -> bool {
        self.role() != Role::Viewer
    }

    /// May approve, invite and destroy.
    pub(crate) fn may_decide(&self) -> bool {
        self.role() == Role::Admin
    }

    /// An address below the tenant's own.
    pub(crate) fn at(&self, path: &str) -> String {
        format!("/tenant/{}{path}", self.slug)
    }
}

/// The tenant's slug in the address of this page.
pub(crate) fn use_slug() -> Memo<String> {
    use_param("slug")
}

/// A part of the address of this page; empty when it is not there.
pub(crate) fn use_param(name: &'static str) -> Memo<String> {
    let params = leptos_router::hooks::use_params_map();
    Memo::new(move |_| params.read().get(name).unwrap_or_default())
}
