import type { ImageListRow, TaskSummary } from "@coppice/server/router";
import { byWeight, type MarkLook, marksOf } from "#lib/image/marks.ts";
import { imageRef } from "#lib/image-ref.ts";
import { imageLink, taskLink } from "#lib/links.ts";
import { TASK_STATE } from "#lib/task/task-state.ts";

/** One thing to look at. */
export interface AttentionItem {
  key: string;
  href: string;
  /** What it is about: an image's spec, or a task's title. */
  subject: string;
  isSpec: boolean;
  label: string;
  icon: MarkLook["icon"];
  tone: MarkLook["tone"];
  /** What is wrong, and what to do. */
  text: string;
}

function fromImage(row: ImageListRow): AttentionItem[] {
  const [worst] = marksOf(row);
  if (worst === undefined) return [];
  const text =
    row.error === undefined ? worst.meaning : [row.error.message, row.error.hint].filter(Boolean).join(" ");
  const { label, icon, tone } = worst;
  return [
    {
      key: row.key,
      href: imageLink(imageRef(row)),
      subject: row.spec,
      isSpec: true,
      label,
      icon,
      tone,
      text,
    },
  ];
}

function fromTask(task: TaskSummary): AttentionItem[] {
  if (task.state !== "failed" && task.state !== "interrupted") return [];
  const { label, icon, tone } = TASK_STATE[task.state];
  const text = [task.error?.message, task.error?.hint].filter(Boolean).join(" ") || label;
  return [
    { key: task.id, href: taskLink(task.id), subject: task.title, isSpec: false, label, icon, tone, text },
  ];
}

/** Images with a problem and tasks that ended badly, the worst first. */
export function attentionItems(
  rows: readonly ImageListRow[],
  tasks: readonly TaskSummary[],
): AttentionItem[] {
  return [...rows.flatMap(fromImage), ...tasks.flatMap(fromTask)].toSorted(byWeight);
}
