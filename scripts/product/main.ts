// The product as `npm start` runs it: a cluster (private unless CEPH_CONF names one), its forest, the server.
// Whatever this starts, it stops.
import { fail, step, UserError } from "../prepare/output.mjs";
import { startPrivateCluster, watchPrivateCluster } from "./private-cluster.ts";
import { startServer } from "./server-process.ts";
import { lockDataDir, readSettings, refuseTakenPort } from "./settings.ts";

const stopping = new AbortController();
const stopped = new Promise<void>((resolve) => stopping.signal.addEventListener("abort", () => resolve()));
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.on(signal, () => stopping.abort(new UserError(`Stopped by ${signal}.`)));
}

try {
  const settings = await readSettings(process.env);
  await refuseTakenPort(settings.host, settings.port);
  using _lock = await lockDataDir(settings.dataDir);

  await using started = new AsyncDisposableStack();
  let { cephConf } = settings;
  let clusterFailed = new Promise<never>(() => {});
  if (cephConf === undefined) {
    const cluster = await startPrivateCluster(settings.dataDir, stopping.signal);
    started.defer(() => step("Stopping the private cluster", () => cluster.stop()));
    cephConf = cluster.conf;
    const watch = watchPrivateCluster(cluster);
    started.defer(() => watch.stop());
    clusterFailed = watch.failed;
  }
  const conf = cephConf;
  const server = await step("Starting the server", () => startServer(settings, conf, stopping.signal));
  started.defer(() => step("Stopping the server", () => server.stop()));

  console.log(`
  Coppice is running. Open it, signed in (the link works once):

    ${server.signInUrl}

  Later: sign in as admin with the password in ${settings.dataDir}/admin-password
  Cluster: ${cephConf}   (rbd -c ${cephConf} ls)
  Log: ${server.logFile}
  Ctrl-C stops everything that was started here.
`);

  const how = await Promise.race([server.ended, stopped.then(() => undefined), clusterFailed]);
  if (how !== undefined) {
    throw new UserError(
      `The server ${how}.`,
      `Its log is ${server.logFile}. "npm start" starts it again: no data is lost.`,
    );
  }
} catch (error) {
  if (stopping.signal.aborted && error === stopping.signal.reason)
    console.log(String(stopping.signal.reason.message));
  else fail(error);
}
// librbd's threads are gone with their handles; nothing else may keep a stopped launcher alive.
process.exit();
