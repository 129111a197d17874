import { z } from "zod";

export const lineageForestInput = z.object({}).default({});

/** One image in the forest of clones. */
export interface LineageNode {
  key: string;
  spec: string;
  pool: string;
  namespace: string;
  name: string;
  parentKey: string | null;
  parentSnapshot: string | null;
  /** Bytes. */
  size: number;
  depth: number;
  childCount: number;
  descendantCount: number;
  /** Names of the snapshots made by people, oldest first. */
  snapshots: string[];
  inTrash: boolean;
  state: "ok" | "unreadable";
  marks: string[];
}

/** All trees in one array: parents before their children, siblings by name. */
export interface LineageForest {
  scannedAt: string;
  nodes: LineageNode[];
}
