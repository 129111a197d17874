import { showImageSpec } from "rbd-core";

/** Writes this many MiB of data, spread over the image in runs that start at `at` MiB. */
export interface WriteStep {
  do: "write";
  mib: number;
  at: number;
}

interface SnapshotStep {
  do: "snapshot";
  name: string;
  protect?: boolean;
}

export interface PlannedImage {
  pool: string;
  namespace: string;
  name: string;
  /** For an image of its own. A clone has its parent's. */
  gib?: number;
  /** `pool/image@snap`, planted before. */
  cloneOf?: string;
  /** A clone of format 2, which may live in another namespace and outlive its parent's removal. */
  cloneFormat?: 2;
  stripe?: { unit: number; count: number };
  dataPool?: string;
  steps: readonly (WriteStep | SnapshotStep)[];
  /** The image is moved to the trash and kept there for this number of days. */
  trashDays?: number;
}

/** `pool/[namespace/]name` */
export function specOf({ pool, namespace, name }: PlannedImage): string {
  return showImageSpec({ pool, namespace, image: name });
}

export interface ForestPlan {
  /** Under this name the cluster remembers that the forest was planted. */
  name: string;
  pools: readonly string[];
  namespaces: readonly { pool: string; name: string }[];
  /** Parents before their clones. */
  images: readonly PlannedImage[];
}

const write = (mib: number, at = 0): WriteStep => ({ do: "write", mib, at });
const snap = (name: string, protect = false): SnapshotStep => ({ do: "snapshot", name, protect });

/** In `images`: what everything else is made from. */
const templates: PlannedImage[] = [
  {
    pool: "images",
    namespace: "",
    name: "debian-13",
    gib: 8,
    steps: [write(36), snap("snap", true)],
  },
  {
    pool: "images",
    namespace: "",
    name: "ubuntu-24.04",
    gib: 10,
    steps: [write(44), snap("snap", true)],
  },
  {
    pool: "images",
    namespace: "",
    name: "windows-2025",
    gib: 40,
    steps: [write(60), snap("snap", true)],
  },
  {
    pool: "images",
    namespace: "",
    name: "golden-web",
    cloneOf: "images/debian-13@snap",
    steps: [write(14, 1024), snap("v1", true), write(6, 1040), snap("v2", true)],
  },
  {
    pool: "images",
    namespace: "",
    name: "golden-db",
    cloneOf: "images/golden-web@v2",
    steps: [write(18, 2048), snap("v1", true)],
  },
];

/** In `vms`: disks in use, with snapshots of different ages; clones of clones up to five deep. */
const disks: PlannedImage[] = [
  {
    pool: "vms",
    namespace: "",
    name: "web-1",
    cloneOf: "images/golden-web@v1",
    steps: [write(6, 512), snap("monday"), write(3, 600), snap("before-upgrade"), write(5, 640)],
  },
  {
    pool: "vms",
    namespace: "",
    name: "web-2",
    cloneOf: "images/golden-web@v2",
    steps: [write(4, 512), snap("monday")],
  },
  {
    pool: "vms",
    namespace: "",
    name: "db-1",
    cloneOf: "images/golden-db@v1",
    steps: [write(10, 3072), snap("monday", true), write(6, 3080), snap("before-upgrade"), write(2, 3090)],
  },
  {
    pool: "vms",
    namespace: "",
    name: "db-1-staging",
    cloneOf: "vms/db-1@monday",
    steps: [write(3, 4096), snap("seed", true)],
  },
  {
    pool: "vms",
    namespace: "",
    name: "db-1-test",
    cloneOf: "vms/db-1-staging@seed",
    steps: [write(1, 4200)],
  },
  {
    pool: "vms",
    namespace: "",
    name: "desk-7",
    cloneOf: "images/windows-2025@snap",
    steps: [write(8, 9000), snap("before-upgrade")],
  },
  {
    // Its older snapshots differ from the current state, its newest does not.
    pool: "vms",
    namespace: "",
    name: "build-1",
    cloneOf: "images/ubuntu-24.04@snap",
    steps: [snap("monday"), write(4, 1024), snap("tuesday"), write(4, 1026), snap("wednesday")],
  },
  {
    pool: "vms",
    namespace: "shop",
    name: "cart-1",
    cloneOf: "images/ubuntu-24.04@snap",
    cloneFormat: 2,
    steps: [write(5, 2048), snap("monday")],
  },
  {
    pool: "vms",
    namespace: "",
    name: "legacy-base",
    gib: 4,
    steps: [write(12), snap("last")],
    trashDays: 30,
  },
  {
    // Its parent is in the trash, and is kept there for its sake.
    pool: "vms",
    namespace: "",
    name: "legacy-app",
    cloneOf: "vms/legacy-base@last",
    cloneFormat: 2,
    steps: [write(2, 256)],
  },
];

/** In `rbd`: images of other layouts. */
const others: PlannedImage[] = [
  {
    pool: "rbd",
    namespace: "",
    name: "media-archive",
    gib: 20,
    stripe: { unit: 64 * 1024, count: 8 },
    steps: [write(16), snap("monday"), write(8, 4096)],
  },
  {
    pool: "rbd",
    namespace: "",
    name: "logs",
    gib: 6,
    dataPool: "rbd-data",
    steps: [write(7), snap("monday"), write(3, 100), snap("tuesday")],
  },
];

/** About 300 MiB of data in eighteen images. */
export const forestPlan: ForestPlan = {
  name: "demo-forest",
  pools: ["rbd", "rbd-data", "images", "vms"],
  namespaces: [{ pool: "vms", name: "shop" }],
  images: [...templates, ...disks, ...others],
};
