//! Who signs in at the fake issuer, and what goes wrong with their ID token.

use serde_json::{Map, Value, json};

use super::keys::Signing;

/// One sign-in: the person, and how the issuer misbehaves about them.
#[derive(Clone, Debug, Default)]
pub struct Account {
    pub(super) subject: String,
    pub(super) sid: String,
    pub(super) claims: Map<String, Value>,
    pub(super) userinfo: Map<String, Value>,
    pub(super) faults: Vec<Fault>,
}

/// What is wrong with an ID token.
#[derive(Clone, Debug, PartialEq)]
pub enum Fault {
    /// The nonce of another sign-in.
    WrongNonce,
    /// No nonce.
    NoNonce,
    /// Signed in another way than it should be.
    Signed(Signing),
    /// `iss` is another issuer.
    ForeignIssuer,
    /// `aud` is another client.
    ForeignAudience,
    /// `aud` is this client and another one, `azp` the other one.
    ForeignAuthorizedParty,
    /// `aud` is this client and others; without an `azp`.
    Audiences(Vec<String>),
    /// `aud` is this client and a project, `azp` this client: what Zitadel does, and
    /// right.
    ProjectAudience(String),
    /// `exp` lies so many seconds from now.
    ExpiresIn(i64),
    /// `iat` lies so many seconds from now.
    IssuedIn(i64),
    /// `nbf` lies so many seconds from now.
    NotBeforeIn(i64),
    /// `at_hash` of another access token.
    WrongAccessTokenHash,
    /// The token endpoint answers without an ID token.
    NoIdToken,
    /// Userinfo speaks of somebody else.
    ForeignUserinfo,
    /// Userinfo does not answer.
    SilentUserinfo,
    /// The access token cannot be sent in a header.
    UnsendableAccessToken,
}

impl Account {
    /// A person with this `sub` and a `sid` of the same name; neither name nor e-mail.
    #[must_use]
    pub fn new(subject: &str) -> Self {
        Self {
            subject: subject.to_owned(),
            sid: format!("session-of-{subject}"),
            ..Self::default()
        }
    }

    /// A person with name and e-mail address made from the `sub`, at home in the
    /// organisation `home`.
    #[must_use]
    pub fn complete(subject: &str) -> Self {
        Self::new(subject)
            .email(&format!("{subject}@example.test"))
            .name(&format!("{subject} Example"))
            .home("home")
    }

    /// With this e-mail address.
    #[must_use]
    pub fn email(self, email: &str) -> Self {
        self.claim("email", email).claim("email_verified", true)
    }

    /// With this name.
    #[must_use]
    pub fn name(self, name: &str) -> Self {
        self.claim("name", name)
    }

    /// In this session at the issuer.
    #[must_use]
    pub fn sid(mut self, sid: &str) -> Self {
        sid.clone_into(&mut self.sid);
        self
    }

    /// Belongs to this organisation (`urn:zitadel:iam:user:resourceowner:id`).
    #[must_use]
    pub fn home(self, organisation: &str) -> Self {
        self.claim("urn:zitadel:iam:user:resourceowner:id", organisation)
    }

    /// Has put this organisation into the scope (`urn:zitadel:iam:org:id`).
    #[must_use]
    pub fn requested(self, organisation: &str) -> Self {
        self.claim("urn:zitadel:iam:org:id", organisation)
    }

    /// Holds a role in an organisation, in the client's project.
    #[must_use]
    pub fn role(self, role: &str, organisation: &str) -> Self {
        self.role_claim("urn:zitadel:iam:org:project:roles", role, organisation)
    }

    /// Holds a role in an organisation, in a project that is named.
    #[must_use]
    pub fn role_in_project(self, project: &str, role: &str, organisation: &str) -> Self {
        let claim = format!("urn:zitadel:iam:org:project:{project}:roles");
        self.role_claim(&claim, role, organisation)
    }

    fn role_claim(mut self, claim: &str, role: &str, organisation: &str) -> Self {
        let roles = self.claims.entry(claim).or_insert_with(|| json!({}));
        roles[role][organisation] = json!(format!("{organisation}.example.test"));
        self
    }

    /// With any claim in the ID token.
    #[must_use]
    pub fn claim(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.claims.insert(name.to_owned(), value.into());
        self
    }

    /// With a claim that only userinfo gives; the ID token's are there as well.
    #[must_use]
    pub fn userinfo_claim(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.userinfo.insert(name.to_owned(), value.into());
        self
    }

    /// With a fault.
    #[must_use]
    pub fn fault(mut self, fault: Fault) -> Self {
        self.faults.push(fault);
        self
    }

    pub(super) fn has(&self, fault: &Fault) -> bool {
        self.faults.contains(fault)
    }
}
