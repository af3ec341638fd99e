// What kombify's overview reads, from the same two SQLite files, by the session in the cookie.
import { createHash } from "node:crypto";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";

const folder = process.env.KOMBIFY_DATA;
const options = { readOnly: true };
let control;
const namespaces = new Map();

function open(slug) {
  control ??= new DatabaseSync(path.join(folder, "control.db"), options);
  if (!namespaces.has(slug)) {
    const file = path.join(folder, "instances/local/namespaces", `${slug}.db`);
    namespaces.set(slug, new DatabaseSync(file, options));
  }
  return { control, namespace: namespaces.get(slug) };
}

const prepared = new WeakMap();

function rows(db, sql, ...values) {
  if (!prepared.has(db)) prepared.set(db, new Map());
  const statements = prepared.get(db);
  if (!statements.has(sql)) statements.set(sql, db.prepare(sql));
  return statements.get(sql).all(...values);
}

/** The overview of a tenant, or nothing for somebody who may not see it. */
export function overview(slug, session) {
  const { control, namespace } = open(slug);
  const hash = createHash("sha256").update(session).digest("hex");
  const [user] = rows(
    control,
    `SELECT u.id, u.name, u.email, s.created_at, s.last_seen_at FROM session s
     JOIN user u ON u.id = s.user_id WHERE s.token_hash = ?`,
    hash,
  );
  if (!user || Date.now() - user.last_seen_at > 30 * 60_000) return null;
  const tenants = rows(
    control,
    `SELECT t.*, m.role FROM membership m JOIN tenant t ON t.id = m.tenant_id
     WHERE m.user_id = ? ORDER BY t.name`,
    user.id,
  );
  const tenant = tenants.find((one) => one.slug === slug);
  if (!tenant) return null;
  const [members] = rows(control, "SELECT COUNT(*) AS count FROM membership WHERE tenant_id = ?", tenant.id);
  const [instance] = rows(control, "SELECT * FROM instance WHERE id = ?", tenant.instance_id);
  const checks = rows(
    control,
    "SELECT * FROM instance_health_check WHERE instance_id = ? ORDER BY timestamp DESC LIMIT 40",
    tenant.instance_id,
  );
  const stacks = rows(
    namespace,
    `SELECT s.*, r.valid, r."check" FROM stack s
     LEFT JOIN stack_revision r ON r.stack_id = s.id AND r.number = s.revision ORDER BY s.updated_at DESC`,
  );
  const runs = rows(
    namespace,
    "SELECT r.*, s.name AS stack FROM run r JOIN stack s ON s.id = r.stack_id ORDER BY r.number DESC LIMIT 6",
  );
  const nodes = rows(namespace, "SELECT * FROM node ORDER BY name");
  return { user, tenants, tenant, members: members.count, instance, checks, stacks, runs, nodes };
}
