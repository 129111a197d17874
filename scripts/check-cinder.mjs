// Runs OpenStack Cinder's own Ceph backup driver, as Debian packages it, on two private clusters, by itself and together with
// Coppice. Installs python3-cinder and python3-os-brick where they are missing (45 MB, one to two minutes).
//
//   node scripts/check-cinder.mjs [--only alone] [--only cinder] [--only coppice]
import { parseArgs } from "node:util";
import { checkCinderAlone } from "./cinder/cinder-alone.mjs";
import { checkCinderAndCoppice } from "./cinder/cinder-and-coppice.mjs";
import { Clusters } from "./cinder/clusters.mjs";
import { CinderDriver } from "./cinder/driver.mjs";
import { fail, step } from "./prepare/output.mjs";
import { installSystemPackages } from "./prepare/system-packages.mjs";

try {
  const { values } = parseArgs({ options: { only: { type: "string", multiple: true } } });
  const { only = ["alone", "cinder", "coppice"] } = values;
  await installSystemPackages(["cluster", "cinder"]);
  const clusters = await step("Starting two private clusters", () => Clusters.start());
  try {
    const { conf, pool } = clusters.backups;
    const cinder = await step("Starting Cinder's driver", () => CinderDriver.start(conf, pool));
    try {
      if (only.includes("alone")) await checkCinderAlone(clusters, cinder);
      await checkCinderAndCoppice(clusters, cinder, only);
    } finally {
      await cinder.stop();
    }
  } finally {
    await clusters.stop();
  }
} catch (error) {
  fail(error);
}
