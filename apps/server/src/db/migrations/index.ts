import type { Migration } from "kysely/migration";
import { up as people } from "./0001-people.ts";
import { up as tasks } from "./0002-tasks.ts";
import { up as audit } from "./0003-audit.ts";

/** Run in the order of their names. A migration that has been released never changes. */
export const migrations: Record<string, Migration> = {
  "0001-people": { up: people },
  "0002-tasks": { up: tasks },
  "0003-audit": { up: audit },
};
