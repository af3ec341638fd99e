// The OpenID provider of the end-to-end tests: oidc-provider (certified) set up as
// Zitadel is, on loopback only.
//
//   node issuer/server.mjs --port 4180 --client-id kombify \
//     --redirect http://127.0.0.1:4100/auth/callback
//
// --client-secret makes a confidential client; --post-logout and --backchannel default
// to `/` and `/auth/backchannel-logout` beside the redirect. Prints the issuer's URL
// when it listens; ends with SIGTERM.

import { generateKeyPairSync } from "node:crypto";
import { parseArgs } from "node:util";
import Provider from "oidc-provider";
import { ACCOUNTS, PROJECT, ZITADEL_SCOPES, claimsOf } from "./accounts.mjs";
import { chooseAccount, document, signOut } from "./pages.mjs";
import { clientOfHint, forProject } from "./zitadel.mjs";

const { values } = parseArgs({
  options: {
    port: { type: "string", default: "4180" },
    "client-id": { type: "string", default: "kombify" },
    "client-secret": { type: "string" },
    redirect: { type: "string" },
    "post-logout": { type: "string" },
    backchannel: { type: "string" },
    "token-seconds": { type: "string", default: "300" },
  },
});
if (!values.redirect) {
  console.error("Give --redirect, the address that codes are sent to, e.g. http://127.0.0.1:4100/auth/callback.");
  process.exit(2);
}
const origin = new URL(values.redirect).origin;
const issuer = `http://127.0.0.1:${values.port}`;
const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });

const provider = new Provider(issuer, {
  clients: [
    {
      client_id: values["client-id"],
      ...(values["client-secret"]
        ? { client_secret: values["client-secret"], token_endpoint_auth_method: "client_secret_basic" }
        : { token_endpoint_auth_method: "none" }),
      redirect_uris: [values.redirect],
      post_logout_redirect_uris: [values["post-logout"] ?? `${origin}/`],
      backchannel_logout_uri: values.backchannel ?? `${origin}/auth/backchannel-logout`,
      backchannel_logout_session_required: true,
      response_types: ["code"],
      grant_types: ["authorization_code", "refresh_token"],
    },
  ],
  jwks: { keys: [{ ...privateKey.export({ format: "jwk" }), kid: "zitadel-like", use: "sig", alg: "RS256" }] },
  cookies: { keys: ["only for tests"] },
  pkce: { required: () => true },
  scopes: ["openid", "offline_access", ...ZITADEL_SCOPES],
  claims: {
    openid: ["sub", "sid"],
    profile: ["name", "given_name", "family_name", "preferred_username"],
    email: ["email", "email_verified"],
    "urn:zitadel:iam:user:resourceowner": [
      "urn:zitadel:iam:user:resourceowner:id",
      "urn:zitadel:iam:user:resourceowner:name",
      "urn:zitadel:iam:user:resourceowner:primary_domain",
    ],
    "urn:zitadel:iam:org:projects:roles": [
      "urn:zitadel:iam:org:project:roles",
      `urn:zitadel:iam:org:project:${PROJECT}:roles`,
    ],
  },
  // Zitadel's "user info inside ID token".
  conformIdTokenClaims: false,
  routes: {
    authorization: "/oauth/v2/authorize",
    token: "/oauth/v2/token",
    revocation: "/oauth/v2/revoke",
    jwks: "/oauth/v2/keys",
    userinfo: "/oidc/v1/userinfo",
    end_session: "/oidc/v1/end_session",
  },
  features: {
    devInteractions: { enabled: false },
    backchannelLogout: { enabled: true },
    revocation: { enabled: true },
    rpInitiatedLogout: {
      enabled: true,
      logoutSource: (ctx, form) => {
        ctx.body = signOut(form, ctx.state.byHint === true);
      },
      postLogoutSuccessSource: (ctx) => {
        ctx.body = document("Signed out", "<p>You are signed out.</p>");
      },
    },
  },
  // The default refuses loopback, which is all there is here.
  fetch: (url, options) => globalThis.fetch(url, { ...options, dispatcher: undefined }),
  ttl: { AccessToken: Number(values["token-seconds"]), IdToken: 3600, RefreshToken: 86_400, Grant: 86_400, Session: 86_400, Interaction: 600 },
  rotateRefreshToken: true,
  issueRefreshToken: (_ctx, client) => client.grantTypeAllowed("refresh_token"),
  findAccount: (_ctx, subject) => {
    const claims = claimsOf(subject);
    return claims && { accountId: subject, claims: () => claims };
  },
  // Who signs in agrees: Zitadel asks for no consent either.
  loadExistingGrant: async (ctx) => {
    const known = ctx.oidc.session.grantIdFor(ctx.oidc.client.clientId);
    if (known) return ctx.oidc.provider.Grant.find(known);
    const grant = new ctx.oidc.provider.Grant({ clientId: ctx.oidc.client.clientId, accountId: ctx.oidc.session.accountId });
    grant.addOIDCScope(["openid", "offline_access", "profile", "email", ...ZITADEL_SCOPES].join(" "));
    await grant.save();
    return grant;
  },
  interactions: { url: (_ctx, interaction) => `/interaction/${interaction.uid}` },
  renderError: (ctx, out) => {
    ctx.body = document("The issuer refused", `<pre>${out.error}: ${out.error_description ?? ""}</pre>`);
  },
});

// Events carry errors that are answered with a bare 500 otherwise.
for (const event of ["server_error", "backchannel.error"]) {
  provider.on(event, (_ctx, error) => console.error(event, error));
}

provider.use(async (ctx, next) => {
  if (ctx.path === "/oidc/v1/end_session" && typeof ctx.query.id_token_hint === "string") {
    const { id_token_hint: hint, ...query } = ctx.query;
    const client = clientOfHint(hint, issuer, privateKey);
    if (client) {
      ctx.query = { ...query, client_id: client };
      ctx.state.byHint = true;
    }
  }
  const uid = /^\/interaction\/([\w-]+)$/.exec(ctx.path)?.[1];
  if (uid) return interact(ctx, uid);
  await next();
  if (ctx.path === "/oauth/v2/token" && ctx.status === 200 && ctx.body?.id_token) {
    ctx.body = { ...ctx.body, id_token: forProject(ctx.body.id_token, privateKey) };
  }
});

/** Shows the accounts, or takes the choice; `login_hint` chooses by itself. */
async function interact(ctx, uid) {
  const { params } = await provider.interactionDetails(ctx.req, ctx.res);
  const key = ctx.method === "POST" ? await chosen(ctx.req) : params.login_hint;
  if (typeof key === "string" && Object.hasOwn(ACCOUNTS, key)) {
    const redirect = await provider.interactionResult(ctx.req, ctx.res, { login: { accountId: ACCOUNTS[key].subject } });
    ctx.status = 303;
    ctx.redirect(redirect);
    return;
  }
  ctx.type = "html";
  ctx.body = chooseAccount(uid);
}

/** The account of a small form. */
async function chosen(request) {
  let text = "";
  for await (const part of request) {
    text += part;
    if (text.length > 1_000) return undefined;
  }
  return new URLSearchParams(text).get("account");
}

const server = provider.listen(Number(values.port), "127.0.0.1", () => console.log(`issuer ${issuer}`));
server.on("error", (error) => {
  console.error(`The port ${values.port} cannot be used: ${error.message}`);
  process.exit(1);
});
process.on("SIGTERM", () => process.exit(0));
