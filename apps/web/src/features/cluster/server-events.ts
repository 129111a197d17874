"use client";

import type { ServerEvent, TaskSummary } from "@coppice/server/router";
import { useQueryClient } from "@tanstack/react-query";
import { useSubscription } from "@trpc/tanstack-react-query";
import { createContext, useCallback, useContext, useEffect, useRef, useSyncExternalStore } from "react";
import { isSignedOut, trpc } from "#lib/api.ts";
import { applyQuietScan, applyTask, invalidateInventory } from "./cached-data.ts";

export type StreamState = "live" | "connecting" | "lost" | "paused";

/**
 * Keeps the cache true to what the server tells: one event stream for this tab. A hidden tab lets go of it, because a
 * browser allows six connections to one host over HTTP/1.1; on return all that is on screen is fetched again.
 */
export function useServerEvents(onTask: (task: TaskSummary) => void): StreamState {
  const client = useQueryClient();
  const visible = usePageVisible();
  const wasAway = useRef(false);
  useEffect(() => {
    if (!visible) wasAway.current = true;
  }, [visible]);

  const onData = useCallback(
    ({ data: event }: { data: ServerEvent }) => {
      if (event.type === "task") {
        applyTask(client, event.task);
        onTask(event.task);
      } else if (event.type === "inventory") {
        if (event.changed.length === 0) applyQuietScan(client, event.scannedAt);
        else void invalidateInventory(client);
      } else {
        void client.invalidateQueries();
      }
    },
    [client, onTask],
  );

  const stream = useSubscription(
    trpc.events.subscriptionOptions(undefined, {
      enabled: visible,
      onData,
      onStarted: () => {
        if (!wasAway.current) return;
        wasAway.current = false;
        void client.invalidateQueries();
      },
      // Not an error to show: the stream reconnects by itself. A lost session is found by asking who is signed in.
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

/** Whether this tab is being told what changes. */
export function useStreamState(): StreamState {
  return useContext(StreamStateContext);
}

function subscribe(listener: () => void): () => void {
  document.addEventListener("visibilitychange", listener);
  return () => document.removeEventListener("visibilitychange", listener);
}

/** Whether this tab is the one looked at. */
export function usePageVisible(): boolean {
  return useSyncExternalStore(
    subscribe,
    () => document.visibilityState === "visible",
    () => false,
  );
}
