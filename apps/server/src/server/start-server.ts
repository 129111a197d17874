import { join } from "node:path";
import { fastify } from "fastify";
import { type ConnectOptions, connect, forest, inventory } from "rbd-core";
import { AuditStore } from "../audit/audit-store.ts";
import { openAuth } from "../auth/open-auth.ts";
import type { SignInLink } from "../auth/sign-in-link.ts";
import { type Clock, systemClock } from "../clock/clock.ts";
import { cloneTask } from "../clone/clone-task.ts";
import { Cloner } from "../clone/cloner.ts";
import { ClusterConnection } from "../cluster/cluster-connection.ts";
import { ClusterInfoReader } from "../cluster/cluster-info.ts";
import type { Config } from "../config/config.ts";
import { lockDataDir } from "../data/instance-lock.ts";
import { prepareDataDir } from "../data/prepare-data-dir.ts";
import { openDatabase } from "../db/open-database.ts";
import { Hub } from "../events/hub.ts";
import { BackgroundFlattens } from "../flatten/background-flattens.ts";
import { addRoutes } from "../http/add-routes.ts";
import { logOptions } from "../http/log-options.ts";
import { RequestLog } from "../http/request-log.ts";
import { InventoryCache } from "../inventory/inventory-cache.ts";
import { InventoryReader } from "../inventory/inventory-reader.ts";
import { ObjectMapRebuilder } from "../object-map/object-map-rebuilder.ts";
import { rebuildTask } from "../object-map/rebuild-task.ts";
import { TaskRunner } from "../tasks/task-runner.ts";
import { TaskStore } from "../tasks/task-store.ts";
import { listen } from "./listen.ts";
import { productVersion } from "./version.ts";

/** How long running tasks may take to undo what is half made. */
const TASKS_MS = 20_000;

/**
 * Monitors that are there answer within a second, and there is always a next attempt. Nothing can interrupt librados
 * while it tries, so this is also how long a shutdown may have to wait for it.
 */
const CONNECT_SECONDS = 8;

/** A server that answers requests. */
export interface RunningServer extends AsyncDisposable {
  /** Where it is reached: `http://localhost:4400`. */
  readonly origin: string;
  signInLink(): Promise<SignInLink | null>;
  /** Ends streams, stops tasks, closes the cluster and the database. */
  close(): Promise<void>;
}

/** Starts everything. Does not wait for the cluster. What was opened is closed again when a step fails. */
export async function startServer(config: Config, clock: Clock = systemClock): Promise<RunningServer> {
  await using opened = new AsyncDisposableStack();
  await prepareDataDir(config.dataDir);
  opened.use(lockDataDir(config.dataDir));

  const server = fastify({
    logger: logOptions(config.logLevel),
    logController: new RequestLog(),
    trustProxy: config.trustProxy.length === 0 ? false : config.trustProxy,
    bodyLimit: 256 * 1024,
  });
  const { log } = server;

  const database = await openDatabase(join(config.dataDir, "coppice.sqlite"));
  opened.defer(() => database.destroy());
  const audit = new AuditStore(database, clock);
  const hub = new Hub(() => ({ type: "hello", scannedAt: cache.scannedAt }));

  const connection = new ClusterConnection({
    connect: (signal) => connect({ ...cephOptions(config), signal }),
    clock,
    log,
    onConnected: () => {
      flattens.begin(connection.get(), async () => {
        const { rows } = await cache.refresh();
        return rows.map(({ node }) => node.row);
      });
      runner.wake();
    },
  });
  opened.defer(() => connection.close());

  const flattens = new BackgroundFlattens({
    clock,
    log,
    limits: config.depthLimits,
    onFlattened: () => cache.renew(),
  });
  opened.defer(() => flattens.close());

  const cache = new InventoryCache({
    scan: (signal) =>
      connection.use(async (cluster) => {
        const found = await inventory(cluster, { signal });
        return { inventory: found, forest: forest(found) };
      }),
    clock,
    intervalMs: config.scanIntervalMs,
    log,
    publish: (event) => hub.publish(event),
    watched: () => hub.subscribers > 0,
  });
  opened.defer(() => cache.close());

  const runner = new TaskRunner({
    store: new TaskStore(database),
    clock,
    log,
    publish: (task) => hub.publish({ type: "task", task }),
    ready: () => connection.connected,
  });
  const cloning = cloneTask({
    connection,
    flattens,
    concurrency: config.cloneTasks,
    onCloned: () => cache.renew(),
  });
  runner.register(cloning);
  const rebuilding = rebuildTask({ connection, onRebuilt: () => cache.renew() });
  runner.register(rebuilding);
  opened.defer(() => runner.close(TASKS_MS));

  const clusterInfo = new ClusterInfoReader({ connection, inventory: cache, clock });
  const baseUrl = config.publicUrl ?? `http://localhost:${config.port}`;
  const { auth, signInLink } = await openAuth({ dataDir: config.dataDir, database, audit, baseUrl, log });

  await addRoutes({
    server,
    auth,
    services: {
      version: productVersion(),
      cluster: clusterInfo,
      inventory: new InventoryReader(cache),
      clones: new Cloner({ connection, flattens, runner, handler: cloning }),
      objectMaps: new ObjectMapRebuilder({ connection, runner, handler: rebuilding }),
      tasks: runner,
      events: hub,
      audit,
    },
    health: { database, checkCluster: () => clusterInfo.check(), clock },
    webDir: config.webDir,
    publicUrl: config.publicUrl,
  });
  // Streams end first: the port closes only when no request is left.
  server.addHook("preClose", async () => hub.close());
  opened.defer(() => server.close());

  await runner.start();
  const origin = await listen(server, config);
  connection.open();

  const parts = opened.move();
  const close = async () => {
    log.info("shutting down");
    await parts.disposeAsync();
    log.info("stopped");
  };
  return { origin, signInLink: () => signInLink(origin), close, [Symbol.asyncDispose]: close };
}

function cephOptions({ ceph: { conf, user } }: Config): ConnectOptions {
  return { user, timeoutSeconds: CONNECT_SECONDS, ...(conf === null ? {} : { conf }) };
}
