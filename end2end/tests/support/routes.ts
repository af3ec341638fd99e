// The application's pages, read from where the router is given them.

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const SOURCE = fileURLToPath(new URL("../../../app/src/routes.rs", import.meta.url));

/** Every page's path, e.g. `/tenant/:slug/runs/:number`. */
export function routes(): string[] {
  let parent = "";
  const found: string[] = [];
  for (const line of readFileSync(SOURCE, "utf8").split("\n")) {
    const path = /path=path!\("([^"]*)"\)/.exec(line)?.[1];
    if (line.includes("</ParentRoute>")) parent = "";
    if (path === undefined) continue;
    if (line.includes("<ParentRoute")) parent = path;
    else if (line.includes("<Route")) found.push(parent === "" ? path : `${parent}/${path}`.replace(/\/$/, ""));
  }
  return found;
}
