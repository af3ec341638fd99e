// Who can sign in at the test issuer, in Zitadel's words: one organisation, one
// project, a role each. Subjects and ids look like Zitadel's (numbers as text).

export const ORGANISATION = "310000000000000001";
export const PROJECT = "330000000000000001";
export const DOMAIN = "homelab.example.test";

/** @type {Record<string, { subject: string, name: string, role: string }>} */
export const ACCOUNTS = {
  owner: { subject: "320000000000000001", name: "Olga Owner", role: "admin" },
  member: { subject: "320000000000000002", name: "Mika Member", role: "member" },
  viewer: { subject: "320000000000000003", name: "Vera Viewer", role: "viewer" },
  operator: { subject: "320000000000000004", name: "Otto Operator", role: "operator" },
};

/** The scopes that Zitadel gives its own claims for, besides the standard ones. */
export const ZITADEL_SCOPES = [
  "urn:zitadel:iam:user:resourceowner",
  "urn:zitadel:iam:org:projects:roles",
  `urn:zitadel:iam:org:project:id:${PROJECT}:aud`,
];

/**
 * All claims of an account; which of them a token gets depends on its scopes.
 * @param {string} subject
 */
export function claimsOf(subject) {
  const found = Object.entries(ACCOUNTS).find(([, account]) => account.subject === subject);
  if (!found) return undefined;
  const [key, account] = found;
  const [given, family] = account.name.split(" ");
  const roles = { [account.role]: { [ORGANISATION]: DOMAIN } };
  return {
    sub: account.subject,
    name: account.name,
    given_name: given,
    family_name: family,
    preferred_username: `${key}@${DOMAIN}`,
    email: `${key}@${DOMAIN}`,
    email_verified: true,
    "urn:zitadel:iam:user:resourceowner:id": ORGANISATION,
    "urn:zitadel:iam:user:resourceowner:name": "Homelab",
    "urn:zitadel:iam:user:resourceowner:primary_domain": DOMAIN,
    "urn:zitadel:iam:org:project:roles": roles,
    [`urn:zitadel:iam:org:project:${PROJECT}:roles`]: roles,
  };
}
