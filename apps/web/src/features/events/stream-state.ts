import { createContext, useContext } from "react";
import type { StreamState } from "./use-server-events.ts";

export type { StreamState };

export const StreamStateContext = createContext<StreamState>("connecting");

/** Whether this tab is being told what changes. */
export function useStreamState(): StreamState {
  return useContext(StreamStateContext);
}
