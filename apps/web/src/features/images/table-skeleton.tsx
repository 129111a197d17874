import { Skeleton } from "#components/ui/skeleton.tsx";

const WIDTHS = ["w-36", "w-28", "w-44", "w-32", "w-40", "w-24"] as const;

/** The table before its first rows. */
export function TableSkeleton() {
  return (
    <div aria-busy="true" className="min-h-0 flex-1 overflow-hidden border-line border-t bg-surface">
      <span role="status" className="sr-only">
        Reading the images
      </span>
      <div className="h-9 border-line border-b bg-sunken" />
      {Array.from({ length: 16 }, (_, index) => (
        <div key={index} className="flex h-10 items-center gap-8 border-line border-b px-4 md:px-6">
          <div className="w-52">
            <Skeleton className={WIDTHS[index % WIDTHS.length] ?? "w-32"} />
          </div>
          <Skeleton className="hidden w-16 md:block" />
          <Skeleton className="ml-auto w-14" />
          <Skeleton className="hidden w-20 lg:block" />
          <Skeleton className="hidden w-32 xl:block" />
        </div>
      ))}
    </div>
  );
}

/** A row that has not arrived. */
export function SkeletonRow({ index, start }: { index: number; start: number }) {
  return (
    <div
      aria-hidden
      className="absolute inset-x-0 flex h-(--row-height) items-center border-line border-b px-4 md:px-6"
      style={{ transform: `translateY(${start}px)` }}
    >
      <Skeleton className={WIDTHS[index % WIDTHS.length] ?? "w-32"} />
    </div>
  );
}
