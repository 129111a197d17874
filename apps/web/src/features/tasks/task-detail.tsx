import type { Task } from "@coppice/server/router";
import { ButtonLink } from "#components/ui/button-link.tsx";
import { Callout } from "#components/ui/callout.tsx";
import { Panel } from "#components/ui/panel.tsx";
import { FactList } from "#components/value/fact-list.tsx";
import { Time } from "#components/value/time.tsx";
import { CloneResult } from "#features/clone/clone-result.tsx";
import { imageLink } from "#lib/links.ts";
import { isActive } from "#lib/task/task-state.ts";
import { CancelButton } from "./cancel-button.tsx";
import { useOnScreen } from "./on-screen.ts";
import { TaskLog } from "./task-log.tsx";
import { TaskProgress } from "./task-progress.tsx";
import { TaskStateBadge } from "./task-state-badge.tsx";
import { took } from "./task-table.tsx";

/** Everything known of a task. */
export function TaskDetail({ task }: { task: Task }) {
  useOnScreen(task.id);
  const active = isActive(task.state);
  return (
    <>
      <header className="flex flex-wrap items-center gap-3">
        <h1 className="wrap-anywhere min-w-0 font-semibold text-lg tracking-tight">{task.title}</h1>
        <TaskStateBadge state={task.state} />
        <div className="ml-auto flex gap-2">
          <CancelButton task={task} />
          {task.result !== undefined && (
            <ButtonLink href={imageLink(task.result.target)} variant="primary">
              {task.result.kind === "clone" ? "Open the clone" : "Open the image"}
            </ButtonLink>
          )}
        </div>
      </header>
      {task.error !== undefined && (
        <Callout kind="danger" title={task.error.message}>
          {task.error.hint}
          <span className="mt-1 block font-mono text-2xs text-ink-3">
            {[task.error.code, task.error.object].filter(Boolean).join(" · ")}
          </span>
        </Callout>
      )}
      {task.result?.kind === "clone" && <CloneResult result={task.result} />}
      <div className="grid gap-4 md:grid-cols-2">
        <Panel title="Progress">
          <div className="p-4">
            <TaskProgress task={task} />
          </div>
        </Panel>
        <Panel title="Times">
          <FactList
            className="p-4"
            facts={[
              ["By", task.user],
              ["Queued", <Time key="created" at={task.createdAt} show="both" />],
              [
                "Started",
                task.startedAt === null ? "Not yet" : <Time key="started" at={task.startedAt} show="both" />,
              ],
              [
                "Ended",
                task.endedAt === null ? (
                  active ? (
                    "Not yet"
                  ) : (
                    "–"
                  )
                ) : (
                  <Time key="ended" at={task.endedAt} show="both" />
                ),
              ],
              ["Took", took(task)],
            ]}
          />
        </Panel>
      </div>
      <TaskLog lines={task.log} />
    </>
  );
}
