import { backupImage, deleteBackup, openPoolTarget, restoreBackup } from "../../src/backup/index.ts";
import { connect } from "../../src/cluster/connect.ts";
import { dieAtNthChange } from "./die-at-change.ts";

/** What a process does with backups until it is killed. */
export interface DyingBackup {
  readonly conf: string;
  /** The pool of the backups. */
  readonly vault: string;
  /** `pool/image` */
  readonly image: string;
  readonly work:
    | { readonly do: "full" | "incremental" }
    | { readonly do: "delete"; readonly backup: string }
    | { readonly do: "restore"; readonly backup: string; readonly kind: "new" | "in-place" | "instant" };
  /** At which change to the cluster it dies. Without it: when it is killed from outside. */
  readonly death?: { readonly nth: number; readonly late: boolean };
}

const { conf, vault, image, work, death } = JSON.parse(process.argv[2] ?? "") as DyingBackup;
const cluster = await connect({ conf });
const target = await openPoolTarget(cluster, { pool: vault });
const anyPool = await cluster.pool(vault);
if (death !== undefined) dieAtNthChange(death.nth, death.late, anyPool);
switch (work.do) {
  case "delete":
    await deleteBackup({ target, backup: work.backup, source: cluster });
    break;
  case "restore":
    await restoreBackup(cluster, { target, backup: work.backup, to: { kind: work.kind, image } });
    break;
  default:
    await backupImage(cluster, { image, target, kind: work.do });
}
await cluster.close();
