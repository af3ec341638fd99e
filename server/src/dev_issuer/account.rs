//! The four accounts.

use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};
use serde_json::{Value, json};

/// The organisation that all accounts belong to.
pub(super) const ORGANISATION: &str = "dev-org";

/// One account.
#[derive(Debug)]
pub(super) struct Account {
    pub(super) subject: &'static str,
    pub(super) name: &'static str,
    pub(super) email: &'static str,
    pub(super) role: &'static str,
    pub(super) about: &'static str,
}

pub(super) const ACCOUNTS: [Account; 4] = [
    Account {
        subject: "dev-owner",
        name: "Olga Owner",
        email: "owner@example.test",
        role: "admin",
        about: "Admin of the sample homelab: approves, invites, destroys.",
    },
    Account {
        subject: "dev-member",
        name: "Mika Member",
        email: "member@example.test",
        role: "member",
        about: "Edits specifications and makes plans; cannot approve.",
    },
    Account {
        subject: "dev-viewer",
        name: "Vera Viewer",
        email: "viewer@example.test",
        role: "viewer",
        about: "Reads, changes nothing.",
    },
    Account {
        subject: "dev-operator",
        name: "Otto Operator",
        email: "operator@example.test",
        role: "operator",
        about: "Runs the platform: instances, tenants, jobs.",
    },
];

/// The account with this short name (`owner`).
pub(super) fn find(key: &str) -> Option<&'static Account> {
    ACCOUNTS.iter().find(|account| account.key() == key)
}

/// Writes an account by its short name.
pub(super) fn write<S: Serializer>(
    account: &&'static Account,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(account.key())
}

/// Reads an account by its short name.
pub(super) fn read<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<&'static Account, D::Error> {
    let key = String::deserialize(deserializer)?;
    find(&key).ok_or_else(|| D::Error::custom("no such account"))
}

impl Account {
    /// Its short name: `owner`.
    pub(super) fn key(&self) -> &'static str {
        self.subject.strip_prefix("dev-").unwrap_or(self.subject)
    }

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
