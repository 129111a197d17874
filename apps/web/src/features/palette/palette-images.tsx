"use client";

import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { HardDrive, TriangleAlert } from "lucide-react";
import { useRouter } from "next/navigation";
import { Skeleton } from "#components/ui/skeleton.tsx";
import { Bytes } from "#components/value/bytes.tsx";
import { SpecText } from "#components/value/spec-text.tsx";
import { imageRef } from "#lib/image-ref.ts";
import { imageLink } from "#lib/links.ts";
import { toProblem } from "#lib/problem.ts";
import { trpc } from "#lib/trpc/trpc.ts";
import { PaletteGroup, PaletteItem } from "./palette-item.tsx";

const SHOWN = 8;

/** Images whose spec contains the text, found by the server. */
export function PaletteImages({ search, onDone }: { search: string; onDone: () => void }) {
  const router = useRouter();
  const found = useQuery(
    trpc.images.list.queryOptions({ search, limit: SHOWN }, { placeholderData: keepPreviousData }),
  );

  if (found.isError) {
    return (
      <p className="px-2.5 py-3 text-danger">
        Images could not be searched: {toProblem(found.error).message}
      </p>
    );
  }
  if (found.data === undefined) {
    return (
      <div className="flex flex-col gap-2 px-2.5 py-3">
        <Skeleton className="w-2/3" />
        <Skeleton className="w-1/2" />
      </div>
    );
  }
  if (found.data.rows.length === 0) return <p className="px-2.5 py-3 text-ink-3">No image is called that.</p>;
  return (
    <PaletteGroup heading="Images">
      {found.data.rows.map((row) => (
        <PaletteItem
          key={row.key}
          value={`image ${row.key}`}
          onSelect={() => {
            onDone();
            router.push(imageLink(imageRef(row)));
          }}
        >
          {row.state === "ok" ? <HardDrive aria-hidden /> : <TriangleAlert aria-label="Cannot be read" />}
          <SpecText spec={row.spec} className="min-w-0 flex-1 truncate text-xs" />
          {row.state === "ok" && <Bytes value={row.size} className="text-ink-3 text-xs" />}
        </PaletteItem>
      ))}
    </PaletteGroup>
  );
}
