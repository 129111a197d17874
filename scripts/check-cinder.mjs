// Runs OpenStack Cinder's own Ceph backup driver, as Debian packages it, on private clusters: its backups restore with
// it. Installs python3-cinder and python3-os-brick where they are missing (45 MB, one to two minutes).
//
//   node scripts/check-cinder.mjs
import { checkCinderAlone } from "./cinder/cinder-alone.mjs";
import { Clusters } from "./cinder/clusters.mjs";
import { CinderDriver } from "./cinder/driver.mjs";
import { fail, step } from "./prepare/output.mjs";
import { installSystemPackages } from "./prepare/system-packages.mjs";

try {
  await installSystemPackages(["cluster", "cinder"]);
  const clusters = await step("Starting two private clusters", () => Clusters.start());
  try {
    const { conf, pool } = clusters.backups;
    const cinder = await step("Starting Cinder's driver", () => CinderDriver.start(conf, pool));
    try {
      await checkCinderAlone(clusters, cinder);
    } finally {
      await cinder.stop();
    }
  } finally {
    await clusters.stop();
  }
} catch (error) {
  fail(error);
}
