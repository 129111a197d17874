"use client";

import { ReactFlowProvider } from "@xyflow/react";
import type { ForestIndex } from "../model/forest-index.ts";
import type { LineageState } from "../use-lineage-state.ts";
import { CanvasFlow } from "./canvas-flow.tsx";

/** The forest as a picture, from left to right. */
export function ForestCanvas({ index, state }: { index: ForestIndex; state: LineageState }) {
  return (
    <ReactFlowProvider>
      <CanvasFlow index={index} state={state} />
    </ReactFlowProvider>
  );
}
