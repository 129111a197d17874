import type { TaskLogLine } from "@coppice/server/router";
import { CopyButton } from "#components/ui/copy-button.tsx";
import { Panel } from "#components/ui/panel.tsx";
import { absoluteTime, clockTime } from "#lib/format/time.ts";

/** What a task wrote while it ran, oldest line first. */
export function TaskLog({ lines }: { lines: readonly TaskLogLine[] }) {
  const text = lines.map((line) => `${line.at} ${line.text}`).join("\n");
  return (
    <Panel title="Log" aside={lines.length > 0 && <CopyButton text={text} label="Copy the log" />}>
      {lines.length === 0 ? (
        <p className="p-4 text-ink-3">Nothing written yet.</p>
      ) : (
        <ol className="max-h-112 overflow-y-auto py-2 font-mono text-xs">
          {lines.map((line, index) => (
            <li key={index} className="flex gap-3 px-4 py-0.5 hover:bg-hover">
              <time
                dateTime={line.at}
                title={absoluteTime(new Date(line.at))}
                className="shrink-0 text-ink-3 tabular-nums"
              >
                {clockTime(new Date(line.at))}
              </time>
              <span className="wrap-anywhere min-w-0">{line.text}</span>
            </li>
          ))}
        </ol>
      )}
    </Panel>
  );
}
