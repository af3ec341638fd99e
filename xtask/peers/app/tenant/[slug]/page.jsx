import { cookies } from "next/headers";
import { notFound } from "next/navigation";
import { overview } from "../../data.js";

const ROOMS = ["Overview", "Stacks", "Nodes", "Runs", "Kits", "Members", "Plan", "API tokens", "Audit log"];
const STEPS = ["Specification", "Rehearsal", "Plan", "Approval", "Live"];

function Icon() {
  return (
    <svg className="icon" width="16" height="16" viewBox="0 0 24 24" fill="none" stroke="currentColor" strokeWidth="2" aria-hidden="true">
      <rect x="2" y="2" width="20" height="8" rx="2" />
      <rect x="2" y="14" width="20" height="8" rx="2" />
      <line x1="6" x2="6.01" y1="6" y2="6" />
      <line x1="6" x2="6.01" y1="18" y2="18" />
    </svg>
  );
}

function Pill({ children }) {
  return <span className="pill"><Icon />{children}</span>;
}

function Spark({ checks }) {
  const points = checks.map((check, at) => `${at * 8},${40 - (check.cpu_percent ?? 0) * 0.4}`).join(" ");
  return <svg viewBox="0 0 320 40" className="spark" aria-hidden="true"><polyline points={points} /></svg>;
}

function Meter({ label, used, limit }) {
  return (
    <div className="meter">
      <dt>{label}</dt>
      <dd><span className="track"><span style={{ width: `${(100 * used) / limit}%` }} /></span>{used} of {limit}</dd>
    </div>
  );
}

function ago(at) {
  return <time dateTime={new Date(at).toISOString()}>{Math.round((Date.now() - at) / 1000)} s ago</time>;
}

export default async function Overview({ params }) {
  const { slug } = await params;
  const session = (await cookies()).get("kombify")?.value ?? "";
  const data = overview(slug, session);
  if (!data) notFound();
  const { user, tenants, tenant, members, instance, checks, stacks, runs, nodes } = data;
  const base = `/tenant/${slug}`;
  const last = checks[0];
  return (
    <div className="frame">
      <aside>
        <details className="menu">
          <summary>{tenant.name}<small>{tenant.plan}</small></summary>
          {tenants.map((one) => <a key={one.slug} href={`/tenant/${one.slug}`}>{one.name}</a>)}
        </details>
        <nav>
          {ROOMS.map((room) => (
            <a key={room} className="nav-item" href={`${base}/${room.toLowerCase()}`}><Icon />{room}</a>
          ))}
        </nav>
        <footer><span className="avatar">{user.name[0]}</span>{user.name}<small>{user.email}</small></footer>
      </aside>
      <main>
        <h1>{tenant.name}</h1>
        <p>{last?.status} {runs.filter((run) => run.state === "WAITING").length} waiting</p>
        <section className="card">
          <h2>{stacks[0]?.name}</h2>
          <ol>{STEPS.map((step) => <li key={step}><Icon /><b>{step}</b><small>{stacks[0]?.status}</small></li>)}</ol>
        </section>
        <section className="card">
          <h2>Instance {instance?.name}</h2>
          <Pill>{last?.status}</Pill>
          <Spark checks={checks} />
          <dl>
            <Meter label="CPU" used={Math.round(last?.cpu_percent ?? 0)} limit={100} />
            <Meter label="Memory" used={Math.round(last?.memory_percent ?? 0)} limit={100} />
            <Meter label="Storage" used={Math.round(last?.storage_percent ?? 0)} limit={100} />
          </dl>
        </section>
        <section className="card">
          <h2>{tenant.plan} plan</h2>
          <dl>
            <Meter label="Nodes" used={nodes.length} limit={tenant.max_nodes} />
            <Meter label="Members" used={members} limit={tenant.max_users} />
          </dl>
        </section>
        <section className="card">
          <h2>Latest runs</h2>
          {runs.map((run) => (
            <a key={run.number} className="row" href={`${base}/runs/${run.number}`}>
              {run.kind} {run.stack} {ago(run.created_at)}<Pill>{run.state}</Pill>
            </a>
          ))}
        </section>
        <section className="card">
          <h2>Nodes</h2>
          <table>
            <thead><tr>{["Name", "Address", "Role", "CPU", "Memory", "Configured", "State"].map((head) => <th key={head}>{head}</th>)}</tr></thead>
            <tbody>
              {nodes.map((node) => (
                <tr key={node.name}>
                  <td><Icon />{node.name}</td><td>{node.address}</td><td>{node.role}</td><td>{node.cpu} CPU</td>
                  <td>{node.memory_mib / 1024} GiB</td><td>{node.configured_at && ago(node.configured_at)}</td>
                  <td><Pill>{node.status}</Pill></td>
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      </main>
    </div>
  );
}
