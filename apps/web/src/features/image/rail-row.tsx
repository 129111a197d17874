import type { ReactNode } from "react";

interface RailRowProps {
  rail: ReactNode;
  name: ReactNode;
  time: ReactNode;
  size: ReactNode;
  actions?: ReactNode;
  /** Under the line: the clones that branch off. */
  children?: ReactNode;
}

/** One line of the rail. What is far out of sight is not laid out. */
export function RailRow({ rail, name, time, size, actions, children }: RailRowProps) {
  return (
    <li className="group/row flex gap-2 border-line border-b pr-3 pl-4 [contain-intrinsic-size:auto_45px] [content-visibility:auto] last:border-b-0 hover:bg-hover">
      {rail}
      <div className="min-w-0 flex-1 py-2">
        <div className="grid min-h-7 grid-cols-[1fr_auto] items-center gap-x-4 gap-y-0.5 sm:grid-cols-[minmax(0,1fr)_9rem_9rem_5.5rem]">
          <div className="flex min-w-0 flex-wrap items-center gap-x-2 gap-y-1">{name}</div>
          <div className="text-ink-2 max-sm:col-start-1 max-sm:text-xs">{time}</div>
          <div className="text-right tabular-nums max-sm:col-start-2 max-sm:row-start-1">{size}</div>
          <div className="flex justify-end max-sm:col-start-2 max-sm:row-start-2">{actions}</div>
        </div>
        {children}
      </div>
    </li>
  );
}
