import { writeSync } from "node:fs";
import { Image, IoCtx, ObjectStore, writeSteps } from "rbd-native";
import { importCinderChain } from "../../src/backup/index.ts";
import { cloneImage } from "../../src/clone/index.ts";
import { connect } from "../../src/cluster/index.ts";
import { encodeText, encodeU32, encodeU64 } from "../../src/headers/index.ts";
import { createConsistentSnapshots } from "../../src/snapshot-set/index.ts";
import { captureImage } from "../../src/template/index.ts";
import { createVolume } from "../../src/volume/index.ts";
import { die } from "./die-at.ts";
import { driveMirror } from "./drive-mirror.ts";
import type { KillRequest } from "./kill-at.ts";

const { conf, kill, flow } = JSON.parse(process.argv[2] ?? "") as KillRequest;
const cluster = await connect({ conf });

const changes = new Set([
  "write",
  "clone",
  "createImage",
  "removeImage",
  "createSnapshot",
  "protectSnapshot",
  "unprotectSnapshot",
  "removeSnapshot",
  "flatten",
  "resize",
]);

let calls = 0;
if ("nth" in kill) {
  for (const prototype of [Image.prototype, IoCtx.prototype, ObjectStore.prototype]) {
    for (const name of Object.getOwnPropertyNames(prototype)) {
      const original: unknown = Object.getOwnPropertyDescriptor(prototype, name)?.value;
      if (typeof original !== "function" || !changes.has(name)) continue;
      const replacement = function (this: object, ...args: unknown[]): unknown {
        const isLast = ++calls === kill.nth;
        if (isLast) writeSync(1, `${name}\n`);
        if (isLast && !kill.late) die();
        const result: unknown = Reflect.apply(original, this, args);
        if (!isLast || !(result instanceof Promise)) return result;
        return result.then(() => die());
      };
      Reflect.set(prototype, name, replacement);
    }
  }
}

if ("inClone" in kill) {
  const original = IoCtx.prototype.clone;
  IoCtx.prototype.clone = async function (parent, target, options) {
    const { features, order, stripeUnit, stripeCount } = options ?? {};
    if (kill.inClone === "no-parent" || kill.inClone === "id-only" || kill.inClone === "name-only") {
      await using source = await parent.pool.openImage(parent.image, { readOnly: true });
      await this.createImage(target, { size: await source.size(), features, order, stripeUnit, stripeCount });
      if (kill.inClone === "no-parent") die();
      const { id } = await this.openImage(target, { readOnly: true });
      for (const object of [`rbd_header.${id}`, `rbd_object_map.${id}`]) {
        await this.objects.write(object, [writeSteps.remove()]);
      }
      if (kill.inClone === "name-only") await this.objects.write(`rbd_id.${target}`, [writeSteps.remove()]);
      die();
    }
    await Reflect.apply(original, this, [parent, target, options]);
    if (kill.inClone === "no-child-entry" || kill.inClone === "no-snapshot") {
      await using made = await this.openImage(target, { readOnly: true });
      const { id } = made;
      await using source = await parent.pool.openImage(parent.image, { readOnly: true });
      const [snapshotId, child] = [await source.snapshotId(String(parent.snapshot)), Buffer.alloc(8)];
      child.writeBigInt64LE(BigInt(this.poolId));
      const spec = Buffer.concat([child, encodeText(id), encodeText(this.namespace)]);
      const versioned = Buffer.concat([Buffer.from([2, 1]), encodeU32(spec.length), spec]);
      const detach = writeSteps.exec(
        "rbd",
        "child_detach",
        Buffer.concat([encodeU64(snapshotId), versioned]),
      );
      await parent.pool.objects.write(`rbd_header.${source.id}`, [detach]);
      if (kill.inClone === "no-snapshot") {
        await using writable = await parent.pool.openImage(parent.image);
        await writable.removeSnapshot(String(parent.snapshot));
      }
    }
    die();
  };
}

writeSync(1, "begin\n");
if (flow.call === "cloneImage") await cloneImage(cluster, flow.options);
if (flow.call === "createVolume") await createVolume(cluster, flow.options);
if (flow.call === "captureImage") await captureImage(cluster, flow.options);
if (flow.call === "createConsistentSnapshots") await createConsistentSnapshots(cluster, flow.options);
if (flow.call === "importCinderChain") await importCinderChain(cluster, flow.options);
if (flow.call === "mirror") await driveMirror(cluster, flow.options);
await cluster.close();
