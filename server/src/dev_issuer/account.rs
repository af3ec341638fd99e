//! The four accounts.

use serde_json::{Value, json};

/// The organisation that all accounts belong to.
pub(crate) const ORGANISATION: &str = "dev-org";

/// One account.
pub(super) struct Account {
    pub(super) subject: &'static str,
    pub(super) name: &'static str,
    pub(super) email: &'static str,
    pub(super) role: &'static str,
    pub(super) about: &'static str,
}

pub(super) const ACCOUNTS: [Account; 4] = [
    Account { subject: "dev-owner", name: "Olga Owner", email: "owner@example.test", role: "admin", about: "Admin of the sample homelab: approves, invites, destroys." },
    Account { subject: "dev-member", name: "Mika Member", email: "member@example.test", role: "member", about: "Edits specifications and plans; cannot approve." },
    Account { subject: "dev-viewer", name: "Vera Viewer", email: "viewer@example.test", role: "viewer", about: "Reads, changes nothing." },
    Account { subject: "dev-operator", name: "Otto Operator", email: "operator@example.test", role: "operator", about: "Runs the platform: instances, tenants, jobs." },
];

/// The account with this short name (`owner`) or subject (`dev-owner`).
pub(super) fn find(name: &str) -> Option<&'static Account> {
    ACCOUNTS.iter().find(|account| account.subject == name || account.subject.strip_prefix("dev-") == Some(name))
}

impl Account {
    /// What ID token and userinfo say of it, in Zitadel's words.
    pub(super) fn claims(&self) -> Value {
        json!({
            "sub": self.subject,
            "name": self.name,
            "email": self.email,
            "email_verified": true,
            "urn:zitadel:iam:user:resourceowner:id": ORGANISATION,
            "urn:zitadel:iam:org:project:roles": { self.role: { ORGANISATION: "dev.example.test" } },
        })
    }
}
