// The issuer's pages: plain HTML, usable with the keyboard and by name.

import { ACCOUNTS } from "./accounts.mjs";

const STYLE =
  ":root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;max-width:26rem;margin:4rem auto;padding:0 1rem}" +
  "ul{list-style:none;padding:0;display:grid;gap:.5rem}button{font:inherit;padding:.5rem 1rem;width:100%;text-align:left}";

/** @param {string} text */
const escape = (text) =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");

/**
 * @param {string} title
 * @param {string} body
 */
export const document = (title, body) =>
  `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">` +
  `<link rel="icon" href="data:,"><title>${escape(title)}</title><style>${STYLE}</style></head><body><main><h1>${escape(title)}</h1>${body}</main></body></html>`;

/**
 * One button for each account.
 * @param {string} uid of the interaction
 */
export const chooseAccount = (uid) =>
  document(
    "Test issuer sign-in",
    `<form method="post" action="/interaction/${escape(uid)}"><ul>` +
      Object.entries(ACCOUNTS)
        .map(
          ([key, account]) =>
            `<li><button name="account" value="${key}" aria-describedby="${key}">Sign in as ${key}</button>` +
            `<small id="${key}">${escape(account.name)}</small></li>`,
        )
        .join("") +
      "</ul></form>",
  );

/**
 * Ends the session at once, as Zitadel does after an `id_token_hint` of its own;
 * without one the person is asked.
 * @param {string} form as oidc-provider makes it
 * @param {boolean} atOnce
 */
export const signOut = (form, atOnce) =>
  document(
    "Sign out",
    `${form}<p><button form="op.logoutForm" name="logout" value="yes" id="yes">Sign out</button></p>` +
      (atOnce ? '<script>document.getElementById("yes").click()</script>' : ""),
  );
