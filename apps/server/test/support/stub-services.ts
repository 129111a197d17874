import type { AuditEntry } from "../../src/access/audit.ts";
import { Hub } from "../../src/events/hub.ts";
import type { Services } from "../../src/services.ts";

/** Services that answer nothing and note what is written to the audit log. */
export function stubServices(): { services: Services; audited: AuditEntry[]; hub: Hub } {
  const audited: AuditEntry[] = [];
  const hub = new Hub(() => ({ type: "hello", scannedAt: null }));
  const services: Services = {
    version: "0.0.0",
    cluster: answerless(),
    inventory: answerless(),
    clones: answerless(),
    objectMaps: answerless(),
    tasks: answerless(),
    events: hub,
    audit: {
      write: async (entry) => void audited.push(entry),
      list: async () => ({ rows: [], nextCursor: null }),
    },
  };
  return { services, audited, hub };
}

/** An object each of whose methods resolves to an empty object. */
function answerless<T extends object>(): T {
  return new Proxy({} as T, { get: () => async () => ({}) });
}
