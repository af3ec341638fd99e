//! The endpoints of the OpenAPI document.

use types::portal::Role::{Admin, Member, Viewer};

use super::{
    APPROVE, Door,
    Needs::{Assertion, Nothing, Operator, Owner, Person, Stack, Tenant},
    READ, Token, WRITE, door,
};

#[rustfmt::skip]
pub(super) const DOORS: &[Door] = &[
    // tenant
    door("GET", "/api/tenant", "", Person, READ),
    door("POST", "/api/tenant", r#"{"name":"Another lab"}"#, Person, WRITE),
    door("GET", "/api/tenant/$slug", "", Tenant(Viewer), READ),
    door("GET", "/api/tenant/$slug/audit", "", Tenant(Admin), READ),
    door("GET", "/api/tenant/$slug/instance/events", "", Tenant(Viewer), READ),
    // launch
    door("POST", "/api/tenant/launch", r#"{"tenant":"$slug"}"#, Tenant(Viewer), WRITE),
    door("GET", "/api/tenant/launch/$launch", "", Owner, READ),
    door("GET", "/api/tenant/launch/$launch/events", "", Owner, READ),
    // member
    door("GET", "/api/tenant/$slug/members", "", Tenant(Viewer), READ),
    door("PUT", "/api/tenant/$slug/members/$user", r#"{"role":"admin"}"#, Tenant(Admin), WRITE),
    door("DELETE", "/api/tenant/$slug/members/$user", "", Tenant(Admin), WRITE),
    door("POST", "/api/tenant/$slug/invitations", r#"{"role":"admin"}"#, Tenant(Admin), WRITE),
    door("DELETE", "/api/tenant/$slug/invitations/$invitation", "", Tenant(Admin), WRITE),
    // api_token
    door("GET", "/api/tokens", "", Person, READ),
    door("POST", "/api/tokens", r#"{"name":"x","scopes":["read"],"days":1}"#, Person, Token::Never),
    door("DELETE", "/api/tokens/$token", "", Owner, WRITE),
    // admin: instance, tenant
    door("GET", "/api/admin/instances", "", Operator, READ),
    door("POST", "/api/admin/instances", r#"{"name":"second","region":"north","deployment_mode":"SHARED","internal_endpoint":"http://127.0.0.1:1"}"#, Operator, WRITE),
    door("GET", "/api/admin/instances/$instance/health", "", Operator, READ),
    door("DELETE", "/api/admin/instances/$instance", "", Operator, WRITE),
    door("GET", "/api/admin/instances/events", "", Operator, READ),
    door("GET", "/api/admin/tenants", "", Operator, READ),
    door("PUT", "/api/admin/tenants/$tenant/instance", r#"{"instance":"$instance"}"#, Operator, WRITE),
    door("PUT", "/api/admin/tenants/$tenant/organisation", r#"{"organisation_id":"elsewhere"}"#, Operator, Token::Never),
    door("GET", "/api/admin/users", "", Operator, READ),
    door("PUT", "/api/admin/users/$user/operator", r#"{"operator":true}"#, Operator, Token::Never),
    door("GET", "/api/admin/jobs", "", Operator, READ),
    // kits
    door("GET", "/v1/stackkits", "", Nothing, Token::Any),
    door("GET", "/v1/stackkits/base-homelab", "", Nothing, Token::Any),
    // stacks
    door("GET", "/v1/stacks", "", Stack(Viewer), READ),
    door("POST", "/v1/stacks", r#"{"name":"another","kit":"base-homelab"}"#, Stack(Member), WRITE),
    door("GET", "/v1/stacks/$stack", "", Stack(Viewer), READ),
    door("DELETE", "/v1/stacks/$stack?confirm=core", "", Stack(Admin), APPROVE),
    door("POST", "/v1/stacks/$stack/check", r#"{"yaml":"kit: base-homelab@1.0.0"}"#, Stack(Member), READ),
    door("PUT", "/v1/stacks/$stack/specification", r#"{"yaml":"kit: base-homelab@1.0.0"}"#, Stack(Member), WRITE),
    // runs; the table's run is the admin's, so only an admin may cancel it
    door("POST", "/v1/stacks/$stack/runs", r#"{"kind":"apply"}"#, Stack(Member), WRITE),
    door("POST", "/v1/stacks/$stack/runs", r#"{"kind":"destroy","confirm":"core"}"#, Stack(Admin), APPROVE),
    door("GET", "/v1/runs", "", Stack(Viewer), READ),
    door("GET", "/v1/runs/$run", "", Stack(Viewer), READ),
    door("POST", "/v1/runs/$run/approve", r#"{"plan_digest":"none"}"#, Stack(Admin), APPROVE),
    door("POST", "/v1/runs/$run/discard", r#"{"comment":"no"}"#, Stack(Admin), APPROVE),
    door("POST", "/v1/runs/$run/cancel", r#"{"force":true}"#, Stack(Admin), APPROVE),
    door("GET", "/v1/runs/$run/log", "", Stack(Viewer), READ),
    door("GET", "/v1/runs/$run/log.txt", "", Stack(Viewer), READ),
    door("GET", "/v1/runs/$run/events", "", Stack(Viewer), READ),
    // nodes
    door("GET", "/v1/nodes", "", Stack(Viewer), READ),
    // sso
    door("POST", "/api/internal/sso/exchange", "", Assertion, Token::Any),
];
