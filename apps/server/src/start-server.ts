import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { openAuth, type SignInLink } from "./access/accounts.ts";
import { ApiKeys } from "./access/api-keys.ts";
import { AuditLog } from "./access/audit.ts";
import { Callers } from "./access/callers.ts";
import { Sessions } from "./access/session.ts";
import { Users } from "./access/users.ts";
import { createBackups } from "./backups/index.ts";
import { type Clock, systemClock } from "./base/clock.ts";
import type { Config } from "./base/config.ts";
import { lockDataDir, prepareDataDir } from "./base/data-dir.ts";
import type { Host } from "./base/host.ts";
import { checkClusters } from "./cluster/cluster-info.ts";
import { canBegin, createClusters } from "./cluster/clusters.ts";
import { migrations, openDatabase } from "./db/database.ts";
import { Hub } from "./events/hub.ts";
import { createHttpServer, logConsole } from "./http/http-server.ts";
import { addRoutes } from "./http/routes.ts";
import { createInventories } from "./inventory/inventories.ts";
import { listen } from "./listen.ts";
import { Metrics } from "./metrics/metrics.ts";
import { createNotifications } from "./notifications/notifications.ts";
import { createFlattens } from "./operations/background-flattens.ts";
import type { OperationServices } from "./operations/operation-services.ts";
import { runnableKinds } from "./operations/operations.ts";
import { createReconcilers, type UnsettledTasks } from "./operations/reconciler.ts";
import { createRouter } from "./router.ts";
import { createSchedules } from "./schedules/schedules.ts";
import { createRunner } from "./tasks/task-runner.ts";
import { Uploads } from "./volumes/upload.ts";

/** A server that answers requests. */
export interface RunningServer extends AsyncDisposable {
  /** Where it is reached: `http://localhost:4400`. */
  readonly origin: string;
  signInLink(): Promise<SignInLink | null>;
  /** Ends streams, stops tasks, closes the clusters and the database. */
  close(): Promise<void>;
}

/**
 * Puts the features together and starts them, without waiting for the clusters. When a step fails, what was opened is
 * closed again.
 */
export async function startServer(config: Config, clock: Clock = systemClock): Promise<RunningServer> {
  await using opened = new AsyncDisposableStack();
  await prepareDataDir(config.dataDir);
  opened.use(lockDataDir(config.dataDir));

  const server = createHttpServer(config);
  const { log } = server;
  logConsole(log);
  const host: Host = { config, clock, log, opened };

  // Before clusters had ids, there was one: what is stored from that time belongs to the first.
  const [firstCluster] = config.clusters;
  const database = await openDatabase(join(config.dataDir, "coppice.sqlite"), migrations(firstCluster.id));
  opened.defer(() => database.destroy());
  const audit = new AuditLog(database, clock);

  const hub = new Hub(() => ({
    type: "hello",
    clusters: Array.from(inventories, ([cluster, { scannedAt }]) => ({ cluster, scannedAt })),
  }));
  const clusters = createClusters(host, {
    connected(id) {
      const cluster = clusters.get(id).get();
      const reconciled = reconcilers.get(id).begin(cluster);
      flattens.get(id).begin(cluster, reconciled, () => inventories.get(id).readRows());
      runner.wake();
      schedules.scheduler.wake();
    },
    recovered(id) {
      inventories.get(id).renew();
      runner.wake();
      schedules.scheduler.wake();
    },
  });
  const unsettledTasks: UnsettledTasks = {
    unsettled: (cluster) => runner.unsettled(cluster),
    settle: (id, outcome) => runner.settle(id, outcome),
  };
  const reconcilers = createReconcilers(
    host,
    clusters,
    { tasks: unsettledTasks, backupTargetAt: (location) => backups.targets.at(location) },
    (id) => inventories.get(id).renew(),
  );
  const flattens = createFlattens(host, clusters, (id) => inventories.get(id).renew());
  const inventories = createInventories(host, {
    clusters,
    publish: (event) => hub.publish(event),
    watched: () => hub.subscribers > 0,
  });
  const backups = await createBackups(host, { database, clusters, inventories });
  const uploads = new Uploads(clock);
  const operations: OperationServices = {
    clusters,
    inventories,
    flattens,
    reconcilers,
    backups,
    dependantsOf: (cluster) => backups.dependantsOf(cluster),
    cloneTasks: config.cloneTasks,
    depthLimits: config.depthLimits,
    clock,
    imports: { uploads, maxBytes: config.importMaxBytes, allowPrivate: config.importPrivate },
  };
  const metrics = new Metrics();
  const runner = createRunner(host, {
    database,
    kinds: runnableKinds(operations),
    publish(task) {
      metrics.taskChanged(task);
      hub.publish({ type: "task", task });
      schedules.scheduler.taskChanged(task);
    },
    ready: (id) => canBegin(clusters, id),
  });

  const baseUrl = config.publicUrl ?? `http://localhost:${config.port}`;
  const notifications = await createNotifications(host, { database, origin: baseUrl });
  const schedules = createSchedules({
    host,
    database,
    ...operations,
    runner,
    notifications,
    changed: (id) => hub.publish({ type: "policy", id }),
  });
  const { auth, signInLink } = await openAuth({ dataDir: config.dataDir, database, audit, baseUrl, log });
  const sessions = new Sessions(auth, clock);
  const keys = new ApiKeys(database, clock);
  const callers = new Callers(sessions, keys);
  const users = new Users({ auth, database, clock, onChanged: (userId) => callers.forget(userId) });
  const version = productVersion();
  metrics.observe({ database, clusters, inventories, hub, clock, version });
  await addRoutes({
    server,
    auth,
    sessions,
    callers,
    audit,
    router: createRouter({
      ...operations,
      version,
      runner,
      hub,
      audit,
      users,
      keys,
      schedules,
      notifications,
    }),
    uploads,
    clusters,
    version,
    metrics: { registry: metrics.registry, from: config.metricsFrom },
    health: { database, checkClusters: () => checkClusters(clusters), clock },
    webDir: config.webDir,
    publicUrl: config.publicUrl,
    requestLimit: config.requestLimit,
    keyRequestLimit: config.keyRequestLimit,
  });
  // Streams end first: the port closes only when no request is left.
  server.addHook("preClose", async () => hub.close());
  opened.defer(() => server.close());

  await runner.start();
  const origin = await listen(server, config);
  for (const [, connection] of clusters) connection.open();
  await schedules.start();

  const parts = opened.move();
  const close = async () => {
    log.info("shutting down");
    await parts.disposeAsync();
    log.info("stopped");
  };
  return { origin, signInLink: () => signInLink(origin), close, [Symbol.asyncDispose]: close };
}

const manifest = z.object({ version: z.string() });

/** The product's version, from this package's manifest. */
function productVersion(): string {
  const text = readFileSync(new URL("../package.json", import.meta.url), "utf8");
  return manifest.parse(JSON.parse(text)).version;
}
