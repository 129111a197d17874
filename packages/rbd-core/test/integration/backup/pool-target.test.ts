import { writeSteps } from "rbd-native";
import { openPoolTarget } from "../../../src/backup/index.ts";
import { openImage } from "../../../src/image/image.ts";
import { useOwnPool } from "../../support/use-own-pool.ts";
import { describeBackupTarget } from "./target-suite.ts";

const pools = useOwnPool("pool-target", ["vault"]);
const vault = pools.other("vault");

describeBackupTarget(pools, {
  open: () => openPoolTarget(pools.cluster, { pool: vault }),
  async damage(point) {
    const target = await openPoolTarget(pools.cluster, { pool: vault });
    const { blocks } = await target.readDigests(point);
    // The newest point's data is what the image's head shares with it.
    const block = blocks.at(-1)?.block ?? 0;
    await using image = await openImage(pools.cluster, `${vault}/${point.chain}`, { readOnly: true });
    const { objectSize, blockNamePrefix } = await image.stat();
    const offset = (blocks.at(-1)?.runs[0] ?? 0) + 1;
    const [byte = 0] = await image.read(block * objectSize + offset, 1);
    const ioCtx = await pools.cluster.pool(vault);
    const object = `${blockNamePrefix}.${block.toString(16).padStart(16, "0")}`;
    await ioCtx.objects.write(object, [writeSteps.write(offset, Buffer.of(byte ^ 1))]);
  },
});
