// What Zitadel does and oidc-provider does not: the project in `aud` besides the
// client, `azp`, and an `id_token_hint` of that form.

import { createPublicKey, sign, verify } from "node:crypto";
import { PROJECT } from "./accounts.mjs";

/** @param {string} part */
const decode = (part) => JSON.parse(Buffer.from(part, "base64url").toString());
/** @param {unknown} part */
const encode = (part) => Buffer.from(JSON.stringify(part)).toString("base64url");

/**
 * The same ID token for client and project, signed again.
 * @param {string} token
 * @param {import("node:crypto").KeyObject} key
 */
export function forProject(token, key) {
  const [header, payload] = token.split(".").slice(0, 2).map(decode);
  const claims = { ...payload, aud: [payload.aud, PROJECT], azp: payload.aud };
  const message = `${encode(header)}.${encode(claims)}`;
  return `${message}.${sign("sha256", Buffer.from(message), key).toString("base64url")}`;
}

/**
 * The client of an ID token that this issuer signed, expired or not.
 * @param {string} token
 * @param {string} issuer
 * @param {import("node:crypto").KeyObject} key
 */
export function clientOfHint(token, issuer, key) {
  const [header, payload, signature] = token.split(".");
  if (!header || !payload || !signature) return undefined;
  const signed = Buffer.from(`${header}.${payload}`);
  if (!verify("sha256", signed, createPublicKey(key), Buffer.from(signature, "base64url"))) return undefined;
  const claims = decode(payload);
  return claims.iss === issuer ? claims.azp : undefined;
}
