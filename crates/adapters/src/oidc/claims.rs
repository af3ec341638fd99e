//! Who the claims speak of: OpenID Connect's standard claims and Zitadel's own
//! (zitadel.com/docs/apis/openidoauth/claims).

use std::{collections::BTreeMap, ops::Deref};

use openidconnect::{
    AdditionalClaims, IdTokenClaims, LocalizedClaim, UserInfoClaims, core::CoreGenderClaim,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

const HOME_ORGANISATION: &str = "urn:zitadel:iam:user:resourceowner:id";
const REQUESTED_ORGANISATION: &str = "urn:zitadel:iam:org:id";
const ROLES: &str = "urn:zitadel:iam:org:project:roles";

/// All claims that are not standard ones.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
pub(super) struct Extra {
    #[serde(flatten)]
    all: BTreeMap<String, Value>,
}

impl AdditionalClaims for Extra {}

impl Extra {
    fn text(&self, name: &str) -> Option<String> {
        self.all
            .get(name)?
            .as_str()
            .filter(|text| !text.is_empty())
            .map(str::to_owned)
    }

    /// `nbf`, in seconds since 1970.
    pub(super) fn not_before(&self) -> Option<f64> {
        self.all.get("nbf")?.as_f64()
    }

    /// Role name → organisations in which it is held, of the client's own project
    /// and no other: `{"admin": {"<organisation>": "<its domain>"}}`.
    fn roles(&self, project_id: Option<&str>) -> BTreeMap<String, Vec<String>> {
        let own = project_id.map(|id| format!("urn:zitadel:iam:org:project:{id}:roles"));
        let mut roles: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for name in own.as_deref().into_iter().chain([ROLES]) {
            let Some(held) = self.all.get(name).and_then(Value::as_object) else {
                continue;
            };
            for (role, organisations) in held {
                let Some(organisations) = organisations.as_object() else {
                    continue;
                };
                let known = roles.entry(role.clone()).or_default();
                for organisation in organisations.keys() {
                    if !known.contains(organisation) {
                        known.push(organisation.clone());
                    }
                }
            }
        }
        roles.retain(|_, organisations| !organisations.is_empty());
        roles
    }
}

/// Whom verified claims speak of.
pub(super) struct Person {
    pub(super) subject: String,
    pub(super) email: Option<String>,
    pub(super) name: Option<String>,
    pub(super) sid: Option<String>,
    pub(super) home_organisation: Option<String>,
    pub(super) requested_organisation: Option<String>,
    pub(super) roles: BTreeMap<String, Vec<String>>,
}

impl Person {
    /// The person of an ID token that was verified.
    pub(super) fn from_id_token(
        claims: &IdTokenClaims<Extra, CoreGenderClaim>,
        project_id: Option<&str>,
    ) -> Self {
        let extra = claims.additional_claims();
        Self {
            subject: claims.subject().to_string(),
            email: filled(claims.email()),
            name: in_any_language(claims.name())
                .or_else(|| filled(claims.preferred_username()))
                .or_else(|| in_any_language(claims.nickname())),
            sid: extra.text("sid"),
            home_organisation: extra.text(HOME_ORGANISATION),
            requested_organisation: extra.text(REQUESTED_ORGANISATION),
            roles: extra.roles(project_id),
        }
    }

    /// The same person with what userinfo says where the ID token said nothing.
    pub(super) fn completed_by_userinfo(
        self,
        claims: &UserInfoClaims<Extra, CoreGenderClaim>,
        project_id: Option<&str>,
    ) -> Self {
        let extra = claims.additional_claims();
        Self {
            email: self.email.or_else(|| filled(claims.email())),
            name: self
                .name
                .or_else(|| in_any_language(claims.name()))
                .or_else(|| filled(claims.preferred_username()))
                .or_else(|| in_any_language(claims.nickname())),
            home_organisation: self
                .home_organisation
                .or_else(|| extra.text(HOME_ORGANISATION)),
            requested_organisation: self
                .requested_organisation
                .or_else(|| extra.text(REQUESTED_ORGANISATION)),
            roles: if self.roles.is_empty() {
                extra.roles(project_id)
            } else {
                self.roles
            },
            subject: self.subject,
            sid: self.sid,
        }
    }
}

fn filled(text: Option<&impl Deref<Target = String>>) -> Option<String> {
    text.map(|text| text.trim())
        .filter(|text| !text.is_empty())
        .map(str::to_owned)
}

/// The text without a language, else the first in any.
fn in_any_language<T: Deref<Target = String>>(claim: Option<&LocalizedClaim<T>>) -> Option<String> {
    let claim = claim?;
    filled(
        claim
            .get(None)
            .or_else(|| claim.iter().next().map(|(_, text)| text)),
    )
}
