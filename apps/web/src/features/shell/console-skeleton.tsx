import { Skeleton } from "#components/ui/skeleton.tsx";

/** The frame while it is not yet known who is signed in. */
export function ConsoleSkeleton() {
  return (
    <div className="flex h-dvh flex-col-reverse md:flex-row" aria-busy="true">
      <div className="h-14 border-line border-t bg-sunken md:h-auto md:w-14 md:border-t-0 md:border-r xl:w-52" />
      <div className="flex min-w-0 flex-1 flex-col">
        <div className="flex h-12 shrink-0 items-center gap-3 border-line border-b bg-surface px-4">
          <Skeleton className="w-28" />
          <Skeleton className="ml-auto w-40" />
        </div>
        <main className="flex-1">
          <span role="status" className="sr-only">
            Loading
          </span>
        </main>
      </div>
    </div>
  );
}
