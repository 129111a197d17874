"use client";

import type { ImageDetail, SnapshotDetail } from "@coppice/server/router";
import { Camera, ShieldCheck, Trash2 } from "lucide-react";
import Link from "next/link";
import { type ReactNode, useState } from "react";
import { EmptyState } from "#components/state.tsx";
import { Badge } from "#components/ui/panel.tsx";
import { Bytes, SpecText, Time } from "#components/values.tsx";
import { ActionButtons, ActionMenu } from "#features/actions/action-controls.tsx";
import { type OfferedAction, useImageActions } from "#features/actions/image-actions.ts";
import { useLinks } from "#features/cluster/current-cluster.tsx";

import { cn } from "#lib/cn.ts";
import { formatBytes, formatCount, plural } from "#lib/format.ts";
import { visibleName } from "#lib/spec.ts";
import { type RailClone, railSnapshots } from "./rail-snapshots.ts";
import { ParentLink } from "./summary-tab.tsx";

/** The snapshots of an image on a vertical rail: the current state at the top, the parent at the bottom. */
export function SnapshotsTab({ image }: { image: ImageDetail }) {
  const { actionsFor } = useImageActions();
  const snapshots = railSnapshots(image);

  if (image.state === "unreadable") {
    return <p className="text-ink-2">The snapshots are unknown because the image could not be read.</p>;
  }
  return (
    <div className="overflow-hidden rounded-lg border border-line bg-surface shadow-card">
      <ol aria-label="Snapshots, newest first">
        <HeadRow image={image} below={snapshots.length > 0 || image.parent !== null} />
        {snapshots.map(({ snapshot, sizeChange, clones }, index) => (
          <SnapshotRow
            key={snapshot.id}
            snapshot={snapshot}
            sizeChange={sizeChange}
            clones={clones}
            below={index < snapshots.length - 1 || image.parent !== null}
            actions={actionsFor({ ...image, snapshot })}
          />
        ))}
        {image.parent !== null && <OriginRow image={image} parent={image.parent} />}
      </ol>
      {snapshots.length === 0 && (
        <EmptyState
          icon={Camera}
          title="No snapshots"
          className="border-line border-t py-10"
          actions={
            <ActionButtons actions={actionsFor(image).filter(({ placement }) => placement === "primary")} />
          }
        >
          A clone is made from a snapshot. Cloning this image creates one.
        </EmptyState>
      )}
    </div>
  );
}

/** The current state of the image. */
function HeadRow({ image, below }: { image: ImageDetail; below: boolean }) {
  return (
    <RailRow
      rail={<Rail kind="head" above={false} below={below} />}
      name={
        <>
          <span className="font-medium">Current state</span>
          <Badge tone="brand">HEAD</Badge>
        </>
      }
      time={image.modifiedAt === null ? null : <Time at={image.modifiedAt} />}
      size={<Bytes value={image.size} />}
    />
  );
}

const KIND_LABEL = {
  group: "Group",
  mirror: "Mirror",
  trash: "In trash",
  unknown: "Unknown type",
} as const;

interface SnapshotRowProps {
  snapshot: SnapshotDetail;
  sizeChange: number;
  clones: readonly RailClone[];
  below: boolean;
  actions: readonly OfferedAction[];
}

/** One snapshot: name, type, protection, time, size and clones. */
function SnapshotRow({ snapshot, sizeChange, clones, below, actions }: SnapshotRowProps) {
  const { kind } = snapshot;
  return (
    <RailRow
      rail={<Rail kind={kind === "user" ? "user" : "system"} above below={below} />}
      name={
        <>
          <span className="wrap-anywhere font-mono text-xs">{visibleName(snapshot.name)}</span>
          {kind !== "user" && <Badge>{KIND_LABEL[kind]}</Badge>}
          {snapshot.protected && (
            <Badge tone="info">
              <ShieldCheck aria-hidden />
              Protected
            </Badge>
          )}
        </>
      }
      time={<Time at={snapshot.createdAt} />}
      size={
        <>
          <Bytes value={snapshot.size} />
          {sizeChange !== 0 && (
            <span className="block text-2xs text-ink-3">
              {sizeChange > 0 ? "grew by " : "shrank by "}
              {formatBytes(Math.abs(sizeChange))}
            </span>
          )}
        </>
      }
      actions={
        <>
          <ActionButtons
            size="sm"
            plain
            actions={actions.filter(
              ({ placement, disabledReason }) => placement === "primary" && disabledReason === null,
            )}
          />
          <ActionMenu
            actions={actions.filter(({ placement }) => placement === "menu")}
            label={`More actions for snapshot ${visibleName(snapshot.name)}`}
          />
        </>
      }
    >
      {clones.length > 0 && <SnapshotClones clones={clones} snapshot={snapshot.name} />}
    </RailRow>
  );
}

const SHOWN_AT_FIRST = 6;

/** The clones of a snapshot, drawn as a branch of the rail. */
function SnapshotClones({ clones, snapshot }: { clones: readonly RailClone[]; snapshot: string }) {
  const links = useLinks();
  const [all, setAll] = useState(false);
  const shown = all ? clones : clones.slice(0, SHOWN_AT_FIRST);
  const more = clones.length - shown.length;
  return (
    <div className="relative mt-1 mb-1 ml-2">
      {/* A line from the rail, which is 29 px to the left, to the first clone. */}
      <span
        aria-hidden
        className="absolute -top-2 -left-[29px] h-5 w-6 rounded-bl-lg border-brand border-b-2 border-l-2"
      />
      <ul aria-label={`${plural(clones.length, "clone")} of ${snapshot}`} className="flex flex-wrap gap-1.5">
        {shown.map(({ ref, spec, inTrash }) => (
          <li key={ref}>
            <Link
              href={links.image(ref)}
              prefetch={false}
              className="flex h-6 max-w-80 items-center gap-1.5 rounded-md border border-brand-line bg-brand-soft px-2 text-2xs hover:border-brand"
            >
              {inTrash && <Trash2 aria-label="In trash:" className="size-3 shrink-0 text-ink-3" />}
              <SpecText spec={spec} className="truncate" />
            </Link>
          </li>
        ))}
        {more > 0 && (
          <li>
            <button
              type="button"
              onClick={() => setAll(true)}
              className="h-6 rounded-md border border-line px-2 text-2xs text-ink-2 hover:bg-hover hover:text-ink"
            >
              and {formatCount(more)} more
            </button>
          </li>
        )}
      </ul>
    </div>
  );
}

/** The snapshot of the parent from which the image was cloned. */
function OriginRow({ image, parent }: { image: ImageDetail; parent: NonNullable<ImageDetail["parent"]> }) {
  return (
    <RailRow
      rail={<Rail kind="origin" above below={false} />}
      name={
        <>
          <span className="text-ink-3">Cloned from</span>
          <ParentLink image={image} parent={parent} />
        </>
      }
      time={null}
      size={
        <>
          <Bytes value={parent.overlap} />
          <span className="block text-2xs text-ink-3">overlap</span>
        </>
      }
    />
  );
}

interface RailRowProps {
  rail: ReactNode;
  name: ReactNode;
  time: ReactNode;
  size: ReactNode;
  actions?: ReactNode;
  /** Shown below the line. */
  children?: ReactNode;
}

/** One line of the list. The browser skips the layout of lines that are far out of view. */
function RailRow({ rail, name, time, size, actions, children }: RailRowProps) {
  return (
    <li className="group/row flex gap-2 border-line border-b pr-3 pl-4 [contain-intrinsic-size:auto_45px] [content-visibility:auto] last:border-b-0 hover:bg-hover">
      {rail}
      <div className="min-w-0 flex-1 py-2">
        <div className="grid min-h-7 grid-cols-[1fr_auto] items-center gap-x-4 gap-y-0.5 sm:grid-cols-[minmax(0,1fr)_9rem_9rem_7.5rem]">
          <div className="flex min-w-0 flex-wrap items-center gap-x-2 gap-y-1">{name}</div>
          <div className="text-ink-2 max-sm:col-start-1 max-sm:text-xs">{time}</div>
          <div className="text-right tabular-nums max-sm:col-start-2 max-sm:row-start-1">{size}</div>
          <div className="flex items-center justify-end gap-1 max-sm:col-start-2 max-sm:row-start-2">
            {actions}
          </div>
        </div>
        {children}
      </div>
    </li>
  );
}

interface RailProps {
  kind: "head" | "user" | "system" | "origin";
  above: boolean;
  below: boolean;
}

/** The part of the rail beside one row: lines to the rows above and below, and a point. Decorative. */
function Rail({ kind, above, below }: RailProps) {
  return (
    <span aria-hidden className="relative w-6 shrink-0 self-stretch">
      {above && <span className="absolute top-0 left-[11px] h-[22px] w-0.5 bg-line-strong" />}
      {below && (
        <span
          className={cn(
            "absolute top-[22px] bottom-0 left-[11px] w-0.5 bg-line-strong",
            kind === "head" &&
              "bg-[repeating-linear-gradient(var(--line-strong)_0_3px,transparent_3px_6px)] bg-transparent",
          )}
        />
      )}
      <span
        className={cn(
          "absolute top-4 left-1.5 size-3 rounded-full border-2 border-brand bg-surface",
          kind === "head" && "left-[5px] size-3.5 border-brand bg-brand ring-3 ring-brand-soft",
          kind === "system" && "border-line-strong bg-hover",
          kind === "origin" && "rounded-[3px] border-line-strong bg-surface",
        )}
      />
    </span>
  );
}
