import type { Migration } from "kysely/migration";
import { up as people } from "./0001-people.ts";
import { up as tasks } from "./0002-tasks.ts";
import { up as audit } from "./0003-audit.ts";
import { up as cluster } from "./0004-cluster.ts";

/**
 * Run in the order of their names. A migration that has been released never changes.
 *
 * @param clusterId The configured cluster, to which everything belongs that was stored before clusters had ids.
 */
export function migrations(clusterId: string): Record<string, Migration> {
  return {
    "0001-people": { up: people },
    "0002-tasks": { up: tasks },
    "0003-audit": { up: audit },
    "0004-cluster": { up: (db) => cluster(db, clusterId) },
  };
}
