"use client";

import type { ServerEvent, TaskSummary } from "@coppice/server/router";
import { useQueryClient } from "@tanstack/react-query";
import { useSubscription } from "@trpc/tanstack-react-query";
import { createContext, useCallback, useContext, useEffect, useRef, useSyncExternalStore } from "react";
import { isSignedOut, trpc } from "#lib/api.ts";
import { isActive } from "#lib/task.ts";
import {
  applyTask,
  applyUnchangedInventory,
  invalidateCluster,
  invalidateInventory,
  invalidateProtection,
} from "./cached-data.ts";

export type StreamState = "live" | "connecting" | "lost" | "paused";

/**
 * Keeps the query cache up to date with the event stream of the server. A hidden tab closes its stream, because browsers
 * allow six connections per host over HTTP/1.1. When the tab is shown again, everything on screen is fetched again.
 */
export function useServerEvents(onTask: (task: TaskSummary) => void): StreamState {
  const client = useQueryClient();
  const visible = usePageVisible();
  const wasHidden = useRef(false);
  useEffect(() => {
    if (!visible) wasHidden.current = true;
  }, [visible]);

  const onData = useCallback(
    ({ data: event }: { data: ServerEvent }) => {
      if (event.type === "task") {
        applyTask(client, event.task);
        if (!isActive(event.task.state)) void invalidateProtection(client);
        onTask(event.task);
      } else if (event.type === "inventory") {
        if (event.changed.length === 0) applyUnchangedInventory(client, event);
        else void invalidateInventory(client, event.cluster);
      } else if (event.type === "policy") {
        void invalidateProtection(client);
      } else if (event.type === "reset") {
        void invalidateCluster(client, event.cluster);
      } else {
        // A new stream: changes between the first queries and its start were not reported.
        void invalidateCluster(client, null);
      }
    },
    [client, onTask],
  );

  const stream = useSubscription(
    trpc.events.subscriptionOptions(undefined, {
      enabled: visible,
      onData,
      onStarted: () => {
        if (!wasHidden.current) return;
        wasHidden.current = false;
        void client.invalidateQueries();
      },
      // The stream reconnects by itself. When the session has ended, the query for it fails and leads to the sign-in page.
      onError: (error) => {
        if (isSignedOut(error)) void client.invalidateQueries(trpc.session.me.queryFilter());
      },
    }),
  );

  if (!visible) return "paused";
  if (stream.status === "pending") return "live";
  return stream.status === "error" ? "lost" : "connecting";
}

export const StreamStateContext = createContext<StreamState>("connecting");

/** The state of the event stream of this tab. */
export function useStreamState(): StreamState {
  return useContext(StreamStateContext);
}

function subscribe(listener: () => void): () => void {
  document.addEventListener("visibilitychange", listener);
  return () => document.removeEventListener("visibilitychange", listener);
}

/** Whether this tab is visible. */
function usePageVisible(): boolean {
  return useSyncExternalStore(
    subscribe,
    () => document.visibilityState === "visible",
    () => false,
  );
}
