import { Skeleton } from "#components/ui/skeleton.tsx";

/** The forest before it has arrived. */
export function LineageSkeleton() {
  return (
    <div aria-busy="true" className="flex h-full flex-col">
      <span role="status" className="sr-only">
        Reading the forest
      </span>
      <div className="flex items-center gap-3 border-line border-b px-4 py-4 md:px-6">
        <Skeleton className="h-5 w-24" />
        <Skeleton className="ml-auto h-8 w-56" />
      </div>
      <div className="grid flex-1 content-center justify-start gap-3 px-8">
        {[0, 1, 2].map((row) => (
          <div key={row} className="flex items-center gap-16">
            <Skeleton className={row === 1 ? "h-13 w-54 rounded-lg" : "invisible h-13 w-54"} />
            <Skeleton className="h-13 w-54 rounded-lg" />
          </div>
        ))}
      </div>
    </div>
  );
}
