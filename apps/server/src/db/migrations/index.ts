import type { Migration } from "kysely/migration";
import * as people from "./0001-people.ts";
import * as tasks from "./0002-tasks.ts";
import * as audit from "./0003-audit.ts";

/** Run in the order of their names. A migration that has been released never changes. */
export const migrations: Record<string, Migration> = {
  "0001-people": people,
  "0002-tasks": tasks,
  "0003-audit": audit,
};
