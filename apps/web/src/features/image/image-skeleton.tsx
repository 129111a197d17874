import { Skeleton } from "#components/ui/skeleton.tsx";

/** An image's page before it has arrived. */
export function ImageSkeleton() {
  return (
    <div aria-busy="true" className="mx-auto flex max-w-6xl flex-col gap-4 p-4 md:p-6">
      <span role="status" className="sr-only">
        Reading the image
      </span>
      <Skeleton className="w-48" />
      <div className="flex justify-between">
        <Skeleton className="h-6 w-72" />
        <Skeleton className="h-8 w-24" />
      </div>
      <div className="h-9 border-line border-b" />
      <div className="grid gap-4 lg:grid-cols-2">
        <Skeleton className="h-64 w-full rounded-lg" />
        <Skeleton className="h-64 w-full rounded-lg" />
      </div>
    </div>
  );
}
