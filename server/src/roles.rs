//! Which role serves which path. A process answers for its own roles; for the paths of
//! the others it says so, instead of answering as if there were nothing.

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use types::{ErrorCode, Problem};

use crate::{config::Role, error::problem, state::AppState};

/// How paths begin and which roles serve them; the first that fits counts.
const PLACES: &[(&str, &[Role])] = &[
    ("/health", &Role::ALL),
    ("/metrics", &Role::ALL),
    ("/api/openapi.json", &Role::ALL),
    ("/internal/state/", &[Role::Worker]),
    ("/v1/", &[Role::Stack]),
    ("/sso/", &[Role::Stack]),
    ("/api/internal/sso/", &[Role::Stack]),
    ("/api/admin/", &[Role::Admin]),
    ("/api/tenant", &[Role::Portal]),
    ("/api/tokens", &[Role::Portal]),
    ("/api/internal/launch/", &[Role::Portal]),
    ("/auth/", &[Role::Portal]),
    ("/setup/", &[Role::Portal]),
    ("/launch/authorize", &[Role::Portal]),
    ("/dev/issuer/", &[Role::Portal]),
];
/// The interface and its files.
const PAGES: &[Role] = &[Role::Portal, Role::Admin];

fn serving(path: &str) -> &'static [Role] {
    if is_tenant_api(path) {
        return &[Role::Stack];
    }
    PLACES
        .iter()
        .find(|(place, _)| path.starts_with(place))
        .map_or(PAGES, |(_, roles)| roles)
}

/// `/tenant/{slug}/v1/…`: the stack service's API by its other address.
fn is_tenant_api(path: &str) -> bool {
    let mut parts = path.split('/').skip(1);
    parts.next() == Some("tenant") && parts.next().is_some() && parts.next() == Some("v1")
}

/// Refuses what another process has to answer.
pub(crate) async fn layer(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let serving = serving(path);
    if serving.iter().any(|role| state.site.roles.contains(role)) {
        return next.run(request).await;
    }
    let words = |roles: &[Role], between: &str| {
        let words: Vec<&str> = roles.iter().copied().map(Role::word).collect();
        words.join(between)
    };
    problem(Problem::new(
        ErrorCode::Misdirected,
        format!(
            "This process has the roles {} and does not serve {path}. Send it to a process with the role {}: the table in docs/operations.md says which path goes where.",
            words(&state.site.roles, ", "),
            words(serving, " or "),
        ),
    ))
}

#[cfg(test)]
mod tests {
    use super::{PAGES, serving};
    use crate::config::Role;

    #[test]
    fn each_path_has_its_role() {
        let cases: [(&str, &[Role]); 12] = [
            ("/", PAGES),
            ("/tenant/nordhaus", PAGES),
            ("/tenant/nordhaus/stacks", PAGES),
            ("/pkg/kombify.wasm", PAGES),
            ("/tenant/nordhaus/v1/stacks", &[Role::Stack]),
            ("/v1/runs/3/events", &[Role::Stack]),
            ("/api/tenant/launch", &[Role::Portal]),
            ("/api/internal/launch/redeem", &[Role::Portal]),
            ("/api/internal/sso/exchange", &[Role::Stack]),
            ("/api/admin/instances", &[Role::Admin]),
            ("/internal/state/a/b", &[Role::Worker]),
            ("/health", &Role::ALL),
        ];
        for (path, roles) in cases {
            assert_eq!(serving(path), roles, "{path}");
        }
    }
}
