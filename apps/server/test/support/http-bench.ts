import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { FastifyInstance, InjectOptions, LightMyRequestResponse } from "fastify";
import type { Inventory } from "rbd-core";
import { type OpenAuth, openAuth } from "../../src/access/accounts.ts";
import { ApiKeys } from "../../src/access/api-keys.ts";
import { AuditLog } from "../../src/access/audit.ts";
import { Callers } from "../../src/access/callers.ts";
import { Sessions } from "../../src/access/session.ts";
import { Users } from "../../src/access/users.ts";
import { type Database, migrations, openDatabase } from "../../src/db/database.ts";
import { createHttpServer } from "../../src/http/http-server.ts";
import { addRoutes } from "../../src/http/routes.ts";
import { Metrics } from "../../src/metrics/metrics.ts";
import { createRouter } from "../../src/router.ts";
import { FakeClock } from "./fake-clock.ts";
import { type StubServices, stubServices } from "./stub-services.ts";

export const ORIGIN = "http://localhost:4400";

/** A page as the export makes it: its own scripts, one inline. */
export const PAGE = '<!doctype html><script src="/_next/static/a.js"></script><script>self.x=1</script>';

const SITE = {
  "index.html": PAGE,
  "images/index.html": "<!doctype html><script>images()</script>",
  "404.html": "<!doctype html>Not here",
  "_next/static/chunks/a-1234.js": "console.log(1)",
  "favicon.ico": "icon",
};

export interface HttpBench extends AsyncDisposable {
  server: FastifyInstance;
  database: Database;
  openAuth: OpenAuth;
  users: Users;
  keys: ApiKeys;
  stubs: StubServices;
  clock: FakeClock;
  /** What was logged, as text. */
  logged(): string;
  dataDir: string;
  webDir: string;
  adminPassword(): Promise<string>;
  /** Where requests come from. */
  address: string;
  inject(request: InjectOptions): Promise<LightMyRequestResponse>;
  cluster: { error: Error | null };
}

/** The whole HTTP side on a fresh database, with one cluster that holds `inventory`. */
export async function httpBench(
  options: {
    publicUrl?: string;
    logLevel?: string;
    inventory?: Inventory;
    requestLimit?: number;
    keyRequestLimit?: number;
    metricsFrom?: string[];
    requestTimeoutMs?: number;
  } = {},
): Promise<HttpBench> {
  const dir = await mkdtemp(join(tmpdir(), "coppice-server-test-"));
  const webDir = join(dir, "web");
  for (const [file, text] of Object.entries(SITE)) {
    await mkdir(dirname(join(webDir, file)), { recursive: true });
    await writeFile(join(webDir, file), text);
  }
  const lines: string[] = [];
  const server = createHttpServer({
    logLevel: options.logLevel ?? "trace",
    trustProxy: [],
    stream: { write: (line: string) => void lines.push(line) },
    ...(options.requestTimeoutMs === undefined ? {} : { requestTimeoutMs: options.requestTimeoutMs }),
  });
  const clock = new FakeClock();
  const database = await openDatabase(":memory:", migrations("ceph"));
  const audit = new AuditLog(database, clock);
  const stubs = stubServices(options.inventory);
  const publicUrl = options.publicUrl ?? null;
  const auth = await openAuth({
    dataDir: dir,
    database,
    audit,
    baseUrl: publicUrl ?? ORIGIN,
    log: server.log,
  });
  const sessions = new Sessions(auth.auth, clock);
  const keys = new ApiKeys(database, clock);
  const callers = new Callers(sessions, keys);
  const users = new Users({
    auth: auth.auth,
    database,
    clock,
    onChanged: (userId) => callers.forget(userId),
  });
  const services = { ...stubs.services, audit, users, keys };
  const metrics = new Metrics();
  metrics.observe({ ...services, database });
  const cluster: HttpBench["cluster"] = { error: null };
  const checkClusters = async () => {
    if (cluster.error !== null) throw cluster.error;
  };
  await addRoutes({
    server,
    auth: auth.auth,
    sessions,
    callers,
    audit,
    uploads: stubs.services.imports.uploads,
    clusters: stubs.services.clusters,
    router: createRouter(services),
    version: services.version,
    metrics: { registry: metrics.registry, from: options.metricsFrom ?? [] },
    health: { database, checkClusters, clock },
    webDir,
    publicUrl,
    requestLimit: options.requestLimit ?? 100_000,
    keyRequestLimit: options.keyRequestLimit ?? 100_000,
  });
  await server.ready();
  benches += 1;
  const address = `198.51.100.${benches}`;
  return {
    address,
    inject: ({ headers, ...request }) =>
      server.inject({ remoteAddress: address, headers: { host: "localhost:4400", ...headers }, ...request }),
    server,
    database,
    openAuth: auth,
    users,
    keys,
    stubs,
    clock,
    logged: () => lines.join(""),
    dataDir: dir,
    webDir,
    cluster,
    adminPassword: async () => (await readFile(join(dir, "admin-password"), "utf8")).trim(),
    async [Symbol.asyncDispose]() {
      await server.close();
      await database.destroy();
      await rm(dir, { recursive: true });
    },
  };
}

/** Each bench has its own caller: attempts to sign in are counted by address for the whole process. */
let benches = 0;

/** Signs in as a browser on our own page would. */
export function signIn(
  bench: HttpBench,
  username: string,
  password: string,
  more: Record<string, string> = {},
): Promise<LightMyRequestResponse> {
  return bench.inject({
    method: "POST",
    url: "/api/auth/sign-in/username",
    headers: { origin: ORIGIN, "content-type": "application/json", ...more },
    payload: JSON.stringify({ username, password }),
  });
}

/** The cookie header a browser would send after this answer. */
export function cookieOf(response: { cookies: { name: string; value: string }[] }): string {
  return response.cookies.map(({ name, value }) => `${name}=${encodeURIComponent(value)}`).join("; ");
}
