import {
  checkName,
  checkRetention,
  formatImageSpec,
  type NamePart,
  parseImageSpec,
  type RetentionPolicy,
} from "rbd-core";
import { z } from "zod";
import { clusterId, typedSpec } from "../api/schemas.ts";
import { ServerError } from "../base/errors.ts";
import { checkSchedule } from "./due-times.ts";

const cron = z.string().trim().min(1).max(200);
const count = z.union([z.int().min(0).max(100_000), z.literal("all")]);

/** The retention rules of the SDK, without the time zone: that is the policy's. */
export const retentionRules = z.object({
  keepLast: count.optional(),
  hourly: count.optional(),
  daily: count.optional(),
  weekly: count.optional(),
  monthly: count.optional(),
  yearly: count.optional(),
  within: z
    .object({
      weeks: z.number().min(0).max(10_000).exactOptional(),
      days: z.number().min(0).max(10_000).exactOptional(),
      hours: z.number().min(0).max(100_000).exactOptional(),
    })
    .optional(),
});

/** Which images a policy protects: any of the first three choose an image, unless `exclude` matches it. */
export const imageSelection = z.object({
  /** `pool/[namespace/]image`, exactly. */
  images: z.array(typedSpec).max(1000).default([]),
  /** The same with wildcards: `*` stands for any characters within one part, `?` for one. */
  patterns: z.array(typedSpec).max(100).default([]),
  /** Every image of these pools, in all their namespaces. */
  pools: z.array(z.string().min(1).max(256)).max(100).default([]),
  /** Patterns of images that are left out. */
  exclude: z.array(typedSpec).max(100).default([]),
});

/** What a policy says: what is backed up, when, where to, and for how long it is kept. */
export const policyDefinition = z.object({
  name: z.string().trim().min(1).max(100),
  cluster: clusterId,
  select: imageSelection,
  /** Id of a backup target. */
  target: z.string().min(1).max(100),
  /** IANA name. All schedules and the retention follow it. */
  timeZone: z.string().min(1).max(100),
  backup: z.object({
    cron,
    /** `full`: every backup begins a new chain. `auto`: incremental where possible. */
    mode: z.enum(["auto", "full"]),
    /** `auto`: after so many points a new chain begins with a full backup; null: never for that reason. */
    chainPoints: z.int().min(1).max(10_000).nullable(),
  }),
  /** Checks the newest backup of each image. */
  verify: z.object({ cron, depth: z.enum(["quick", "deep"]) }).nullable(),
  /** Restores the newest backup of some images to scratch images, those that were not tried for longest first. */
  drill: z
    .object({
      cron,
      /** Where the scratch images are made; they are removed again. */
      pool: z.string().min(1).max(256),
      /** How many images each time. */
      images: z.int().min(1).max(100),
    })
    .nullable(),
  /** Applied after each backup run; null: everything is kept. */
  retention: retentionRules.nullable(),
  /** An image is late when its newest good backup is older. */
  backupWithinHours: z.number().min(0.1).max(100_000),
  /** An image is late when its newest good check is older; null: no such objective. */
  verifyWithinDays: z.number().min(0.1).max(10_000).nullable(),
  /** Each run begins up to that much later than its time, by an amount that is fixed for the run. */
  jitterMinutes: z.number().min(0).max(1440).default(0),
  /** How many images are worked on at once. */
  parallel: z.int().min(1).max(64).default(2),
});

export type ImageSelection = z.output<typeof imageSelection>;
export type PolicyDefinition = z.output<typeof policyDefinition>;

/** The three things that a policy does, each on a schedule of its own. */
export const JOBS = ["backup", "verify", "drill"] as const;
export type Job = (typeof JOBS)[number];

/** A stored policy. Times are milliseconds since 1970. */
export interface Policy {
  id: string;
  definition: PolicyDefinition;
  paused: boolean;
  createdAt: number;
  updatedAt: number;
  /** From when each schedule counts: what was due before is not caught up. It is later after a pause or a change. */
  since: Readonly<Record<Job, number>>;
}

/** The cron expression of a job; null when the policy does not do it. */
export function cronOf(definition: PolicyDefinition, job: Job): string | null {
  return definition[job]?.cron ?? null;
}

/** The retention as the SDK takes it. */
export function retentionOf({ retention, timeZone }: PolicyDefinition): RetentionPolicy | null {
  return retention === null ? null : { ...retention, timeZone };
}

/**
 * Checks what the schema cannot, and writes specs as the SDK does.
 *
 * @throws {ServerError} `INVALID_INPUT` for a schedule, time zone or selection that means nothing
 * @throws {CoppiceError} `INVALID_NAME`, `INVALID_ARGUMENT` for a name that does not parse, or a retention that keeps nothing
 */
export function checkPolicy(definition: PolicyDefinition): PolicyDefinition {
  const { timeZone, drill } = definition;
  for (const job of JOBS) {
    const expression = cronOf(definition, job);
    if (expression !== null) checkSchedule({ cron: expression, timeZone });
  }
  const retention = retentionOf(definition);
  if (retention !== null) checkRetention(retention);
  if (drill !== null) checkName("pool", drill.pool);
  return { ...definition, select: checkSelection(definition.select) };
}

/**
 * @throws {ServerError} `INVALID_INPUT` for a selection without any rule, or a pattern that is none
 * @throws {CoppiceError} `INVALID_NAME`
 */
export function checkSelection(select: ImageSelection): ImageSelection {
  const { images, patterns, pools, exclude } = select;
  if (images.length + patterns.length + pools.length === 0) {
    throw new ServerError("INVALID_INPUT", "The policy chooses no image.", {
      hint: "Name images, a pattern such as vms/*, or a pool.",
    });
  }
  for (const pool of pools) checkName("pool", pool);
  for (const pattern of [...patterns, ...exclude]) checkPattern(pattern);
  const exact = images.map((image) => {
    const { snapshot, ...spec } = parseImageSpec(image);
    if (snapshot === undefined) return formatImageSpec(spec);
    throw new ServerError("INVALID_INPUT", `${image} names a snapshot where an image is needed.`, {
      hint: "Write pool/[namespace/]image.",
      object: image,
    });
  });
  return { images: exact, patterns, pools, exclude };
}

function checkPattern(pattern: string): void {
  const parts = pattern.split("/");
  const wrong = (message: string) =>
    new ServerError("INVALID_INPUT", message, {
      hint: "Write pool/image or pool/namespace/image, with * for any characters and ? for one: vms/web-*.",
      object: pattern,
    });
  if (parts.length < 2 || parts.length > 3) throw wrong(`"${pattern}" is no pattern of images.`);
  const kinds: readonly NamePart[] = parts.length === 2 ? ["pool", "image"] : ["pool", "namespace", "image"];
  for (const [index, part] of parts.entries()) {
    if (part === "") throw wrong(`"${pattern}" has an empty part.`);
    checkName(kinds[index] ?? "image", part.replaceAll(/[*?]+/g, "x"));
  }
}

/** An image as selections see it. */
export interface SelectableImage {
  /** `pool/[namespace/]image`. */
  spec: string;
  pool: string;
  name: string;
  inTrash: boolean;
}

/** Scratch images of restore drills begin so. No policy chooses them. */
export const DRILL_PREFIX = "coppice-drill-";

/** Whether an image can be protected at all: trash, scratch images and the images of backup chains cannot. */
export function isProtectable({ name, inTrash }: SelectableImage): boolean {
  return !inTrash && !name.startsWith(DRILL_PREFIX) && !CHAIN_IMAGE.test(name);
}

/** What images of backup chains are called, by Coppice as by Cinder (docs/backup-format.md). */
const CHAIN_IMAGE = /^volume-.+\.backup\.[a-z0-9-]+$/;

/** Returns the function that tells whether a selection chooses an image. */
export function selector(select: ImageSelection): (image: SelectableImage) => boolean {
  const images = new Set(select.images);
  const pools = new Set(select.pools);
  const matchesAny = (patterns: readonly string[], spec: string) =>
    patterns.some((pattern) => matchesPattern(pattern, spec));
  return (image) => {
    const { spec, pool } = image;
    if (!isProtectable(image)) return false;
    if (!images.has(spec) && !pools.has(pool) && !matchesAny(select.patterns, spec)) return false;
    return !matchesAny(select.exclude, spec);
  };
}

/** Whether a spec matches a pattern, part by part: `vms/*` is every image of the pool's default namespace. */
export function matchesPattern(pattern: string, spec: string): boolean {
  const patterns = pattern.split("/");
  const parts = spec.split("/");
  return (
    patterns.length === parts.length && patterns.every((part, index) => matchesPart(part, parts[index] ?? ""))
  );
}

/** Greedy, so that its time is bounded by the product of both lengths whatever the pattern. */
function matchesPart(pattern: string, text: string): boolean {
  let [p, t, star, mark] = [0, 0, -1, 0];
  while (t < text.length) {
    if (pattern[p] === "*") {
      star = p++;
      mark = t;
    } else if (pattern[p] === "?" || pattern[p] === text[t]) {
      p++;
      t++;
    } else if (star >= 0) {
      p = star + 1;
      t = ++mark;
    } else return false;
  }
  while (pattern[p] === "*") p++;
  return p === pattern.length;
}
