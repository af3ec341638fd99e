//! Three processes on one PostgreSQL, each with its own folder, as on three machines.

use std::sync::Arc;

use super::{
    browser::{Browser, Routes},
    place::Place,
    server::{Options, Server},
};

/// One process for portal and admin centre, one for the stack service, one worker.
pub(crate) struct Fleet {
    pub(crate) portal: Server,
    pub(crate) stack: Server,
    pub(crate) worker: Server,
}

impl Fleet {
    pub(crate) async fn start(place: &Place) -> Self {
        let options = |name: &str| Options::on(place).folder(place.path().join(name));
        let portal = options("portal").roles("portal,admin");
        // What browsers see is one address: docs/operations.md says which path goes where.
        let public = portal.address();
        let stack = options("stack")
            .roles("stack")
            .set("SERVER__PUBLIC_URL", &public);
        let worker = options("worker")
            .roles("worker")
            .set("SERVER__PUBLIC_URL", &public);
        // At the same time, as on three machines.
        let (portal, stack, worker) = tokio::join!(portal.start(), stack.start(), worker.start());
        Self {
            portal,
            stack,
            worker,
        }
    }

    /// A browser behind a reverse proxy.
    pub(crate) fn browser(&self) -> Browser {
        let (portal, stack) = (self.portal.address(), self.stack.address());
        let routes: Routes = Arc::new(move |path: &str| {
            let of_stack = path.starts_with("/v1/")
                || path.starts_with("/sso/")
                || path.starts_with("/api/internal/sso/")
                || (path.starts_with("/tenant/") && path.contains("/v1/"));
            if of_stack {
                stack.clone()
            } else {
                portal.clone()
            }
        });
        Browser::new(routes)
    }
}
