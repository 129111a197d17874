"use client";

import { skipToken, useQuery } from "@tanstack/react-query";
import { HardDrive } from "lucide-react";
import { parseAsString, useQueryState } from "nuqs";
import { EmptyState } from "#components/state/empty-state.tsx";
import { ErrorState } from "#components/state/error-state.tsx";
import { StaleNotice } from "#components/state/stale-notice.tsx";
import { ButtonLink } from "#components/ui/button-link.tsx";
import { toProblem } from "#lib/problem.ts";
import { trpc } from "#lib/trpc/trpc.ts";
import { useTitle } from "#lib/use-title.ts";
import { ImageHeader } from "./image-header.tsx";
import { ImageSkeleton } from "./image-skeleton.tsx";
import { ImageTabs } from "./image-tabs.tsx";

/** One image. `spec` in the address is its name, or its key where the name is not enough. */
export function ImagePage() {
  const [spec] = useQueryState("spec", parseAsString.withDefault(""));
  const image = useQuery(trpc.images.get.queryOptions(spec === "" ? skipToken : { spec }));
  useTitle(image.data?.spec ?? null);
  const problem = image.isError ? toProblem(image.error) : null;

  if (spec === "") {
    return (
      <EmptyState
        icon={HardDrive}
        heading="h1"
        title="No image is named"
        actions={<ButtonLink href="/images/">All images</ButtonLink>}
      >
        The address of an image ends with its name:{" "}
        <code className="font-mono text-xs">?spec=pool/image</code>.
      </EmptyState>
    );
  }
  if (problem?.code === "IMAGE_UNKNOWN") {
    return (
      <EmptyState
        icon={HardDrive}
        heading="h1"
        title="There is no such image"
        actions={<ButtonLink href="/images/">All images</ButtonLink>}
      >
        <span className="wrap-anywhere font-mono text-xs">{spec}</span> is not in this cluster. It may have
        been renamed or removed.
      </EmptyState>
    );
  }
  if (image.data === undefined) {
    if (problem === null) return <ImageSkeleton />;
    return (
      <ErrorState
        heading="h1"
        title="This image cannot be shown"
        problem={problem}
        onRetry={() => void image.refetch()}
      />
    );
  }
  return (
    <div className="mx-auto flex max-w-6xl flex-col gap-4 p-4 md:p-6">
      {problem !== null && (
        <StaleNotice
          problem={problem}
          since={new Date(image.dataUpdatedAt).toISOString()}
          onRetry={() => void image.refetch()}
        />
      )}
      <ImageHeader image={image.data} />
      <ImageTabs image={image.data} />
    </div>
  );
}
