import { connect } from "../../../../src/cluster/connect.ts";
import { openImage } from "../../../../src/image/image.ts";
import { die } from "../../../support/die-at.ts";

// Writes to an image, so that librbd takes its exclusive lock, and dies with both watch and lock.
const { conf, image } = JSON.parse(process.argv[2] ?? "") as { conf: string; image: string };
const cluster = await connect({ conf });
const opened = await openImage(cluster, image);
await opened.write(0, Buffer.alloc(4096, 1));
die();
