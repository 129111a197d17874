import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startProduct } from "./product.ts";

/** One product for the run. It is stopped as a user stops it, and must then leave nothing behind. */
export default async function globalSetup(): Promise<() => Promise<void>> {
  const dataDir = await mkdtemp(join(tmpdir(), "coppice-e2e-"));
  const product = await startProduct(dataDir);
  process.env.E2E_ORIGIN = product.origin;
  process.env.E2E_SIGN_IN_URL = product.signInUrl;
  process.env.E2E_DATA = dataDir;
  process.env.E2E_CEPH_CONF = product.conf;
  return async () => {
    await product.stop();
    await rm(dataDir, { recursive: true });
  };
}
