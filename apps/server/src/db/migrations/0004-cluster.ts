import type { Kysely } from "kysely";

interface Before {
  task: { id: string; kind: string; input: string; cluster: string; object: string; related: string };
  audit: { action: string; cluster: string | null };
}

/**
 * Tasks and audit entries name their cluster, and tasks the objects they work on. Until now there was one cluster:
 * what is stored belongs to `clusterId`.
 */
export async function up(database: Kysely<unknown>, clusterId: string): Promise<void> {
  const db = database as Kysely<Before>;
  await db.schema.alterTable("audit").addColumn("cluster", "text").execute();
  // Procedures are "area.name". What else is audited, such as "sign-in", concerns no cluster.
  await db.updateTable("audit").set({ cluster: clusterId }).where("action", "like", "%.%").execute();
  await db.schema.createIndex("audit_cluster").on("audit").columns(["cluster", "at", "id"]).execute();

  for (const [column, fallback] of [
    ["cluster", ""],
    ["object", "{}"],
    ["related", "[]"],
  ] as const) {
    await db.schema
      .alterTable("task")
      .addColumn(column, "text", (c) => c.notNull().defaultTo(fallback))
      .execute();
  }
  await db.schema.createIndex("task_cluster").on("task").columns(["cluster", "createdAt", "id"]).execute();
  for (const { id, kind, input } of await db.selectFrom("task").select(["id", "kind", "input"]).execute()) {
    const old = JSON.parse(input) as Record<string, string>;
    const changing = kind === "clone" ? old.target : old.image;
    const reading = kind === "clone" ? [old.source ?? ""] : [];
    await db
      .updateTable("task")
      .set({
        cluster: clusterId,
        input: JSON.stringify({ cluster: clusterId, ...old }),
        object: JSON.stringify(objectOf(clusterId, changing ?? "")),
        related: JSON.stringify(reading.map((spec) => objectOf(clusterId, spec))),
      })
      .where("id", "=", id)
      .execute();
  }
}

/** `pool/[namespace/]image[@snapshot]` as stored tasks had them: checked, with no "/" or "@" inside a part. */
function objectOf(cluster: string, spec: string) {
  const [path = "", snapshot] = spec.split("@");
  const parts = path.split("/");
  const [pool = "", namespace = "", image = ""] = parts.length === 3 ? parts : [parts[0], "", parts[1]];
  const place = { cluster, spec, pool, namespace, image };
  return snapshot === undefined ? { kind: "image", ...place } : { kind: "snapshot", ...place, snapshot };
}
