import { ImageSettings } from "./image/class/settings.ts";

/**
 * An open image. Calls may overlap; each rejects with an RbdError. Buffers given to a data call belong to it
 * until its promise is settled, and after an abort until the call itself is over.
 *
 * Its methods are in image/class, a file for each concept: facts, snapshots, data, ranges, work, users, settings.
 */
export class Image extends ImageSettings {}
