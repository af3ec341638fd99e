//! The server functions of the interface.

use types::portal::Role::{Admin, Member, Viewer};

use super::{
    APPROVE, Door,
    Needs::{Link, Nothing, Operator, Owner, Person, Stack, Tenant},
    READ, Token, WRITE, door,
};

#[rustfmt::skip]
pub(super) const DOORS: &[Door] = &[
    // what anybody sees
    door("GET", "/ui/viewer", "", Nothing, Token::Any),
    door("GET", "/ui/welcome", "", Nothing, Token::Any),
    door("GET", "/ui/kits", "", Nothing, Token::Any),
    door("GET", "/ui/kit?name=base-homelab", "", Nothing, Token::Any),
    door("POST", "/ui/theme", "theme=kombify-dark", Nothing, Token::Any),
    // tenants and their members
    door("POST", "/ui/tenant/create", "name=Third+lab", Person, WRITE),
    door("GET", "/ui/tenant/overview?slug=$slug", "", Tenant(Viewer), READ),
    door("GET", "/ui/audit?slug=$slug", "", Tenant(Admin), READ),
    door("GET", "/ui/members?slug=$slug", "", Tenant(Viewer), READ),
    door("POST", "/ui/member/role", "slug=$slug&user=$user&role=admin", Tenant(Admin), WRITE),
    door("POST", "/ui/member/remove", "slug=$slug&user=$user", Tenant(Admin), WRITE),
    door("POST", "/ui/invitation/create", "slug=$slug&role=admin&note=", Tenant(Admin), WRITE),
    door("POST", "/ui/invitation/revoke", "slug=$slug&id=$invitation", Tenant(Admin), WRITE),
    door("GET", "/ui/invitation?secret=none", "", Link, Token::Any),
    door("POST", "/ui/invitation/accept", "secret=none", Owner, Token::Never),
    door("POST", "/ui/launch/start", "slug=$slug", Tenant(Viewer), WRITE),
    door("GET", "/ui/launch?id=$launch", "", Owner, READ),
    // the account
    door("GET", "/ui/tokens", "", Person, READ),
    door("POST", "/ui/token/create", "name=x&days=1&read=true", Person, Token::Never),
    door("POST", "/ui/token/revoke", "id=$token", Owner, WRITE),
    door("GET", "/ui/sessions", "", Person, Token::Never),
    door("POST", "/ui/session/end", "id=$session", Owner, Token::Never),
    // the homelab
    door("GET", "/ui/stack/overview?slug=$slug", "", Stack(Viewer), READ),
    door("GET", "/ui/stacks?slug=$slug", "", Stack(Viewer), READ),
    door("GET", "/ui/stack?slug=$slug&id=$stack", "", Stack(Viewer), READ),
    door("POST", "/ui/stack/create", "slug=$slug&name=third&kit=base-homelab", Stack(Member), WRITE),
    door("POST", "/ui/stack/remove", "slug=$slug&id=$stack&confirm=core", Stack(Admin), APPROVE),
    door("POST", "/ui/specification/check", r#"{"slug":"$slug","id":"$stack","yaml":"a: b"}"#, Stack(Member), READ),
    door("POST", "/ui/specification/save", "slug=$slug&id=$stack&base_revision=1&yaml=a", Stack(Member), WRITE),
    door("GET", "/ui/runs?slug=$slug", "", Stack(Viewer), READ),
    door("GET", "/ui/run?slug=$slug&number=$run", "", Stack(Viewer), READ),
    door("GET", "/ui/run/log?slug=$slug&number=$run&after=0", "", Stack(Viewer), READ),
    door("POST", "/ui/run/create", "slug=$slug&stack=$stack", Stack(Member), WRITE),
    door("POST", "/ui/run/destroy", "slug=$slug&stack=$stack&confirm=core", Stack(Admin), APPROVE),
    door("POST", "/ui/run/approve", "slug=$slug&number=$run&plan_digest=none", Stack(Admin), APPROVE),
    door("POST", "/ui/run/discard", "slug=$slug&number=$run", Stack(Admin), APPROVE),
    door("POST", "/ui/run/cancel", "slug=$slug&number=$run&force=true", Stack(Admin), APPROVE),
    door("GET", "/ui/nodes?slug=$slug", "", Stack(Viewer), READ),
    // the admin centre
    door("GET", "/ui/admin/overview", "", Operator, READ),
    door("GET", "/ui/admin/instances", "", Operator, READ),
    door("GET", "/ui/admin/instance?id=$instance", "", Operator, READ),
    door("POST", "/ui/admin/instance/create", "name=third&region=north&deployment_mode=SHARED&internal_endpoint=http://127.0.0.1:1", Operator, WRITE),
    door("POST", "/ui/admin/instance/remove", "id=$instance", Operator, WRITE),
    door("GET", "/ui/admin/tenants", "", Operator, READ),
    door("POST", "/ui/admin/tenant/assign", "tenant=$tenant&instance=$instance", Operator, WRITE),
    door("POST", "/ui/admin/tenant/bind", "tenant=$tenant&organisation_id=elsewhere", Operator, Token::Never),
    door("GET", "/ui/admin/users", "", Operator, READ),
    door("POST", "/ui/admin/user/operator", "user=$user&operator=true", Operator, Token::Never),
    door("GET", "/ui/admin/jobs", "", Operator, READ),
    // the last one: whoever goes through it is out
    door("POST", "/ui/member/leave", "slug=$slug", Tenant(Viewer), WRITE),
];
