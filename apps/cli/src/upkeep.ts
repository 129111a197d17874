import type { Command } from "commander";
import {
  listOperations,
  listTrash,
  type OperationInfo,
  reconcile,
  restoreFromTrash,
  showImageSpec,
  type TrashRow,
} from "rbd-core";
import { exitCodes } from "./exit-codes.ts";
import { type Column, showTime } from "./output.ts";
import { withCluster } from "./session.ts";

/** What was interrupted, and what is in the trash. */
export function upkeepCommands(program: Command): void {
  program
    .command("operations")
    .description("list what is being done to images, and what was interrupted")
    .action((_, command) =>
      withCluster(command, async ({ cluster, output, signal }) => {
        const operations = await listOperations(cluster, { signal });
        output.table(operations, operationColumns, "Nothing is under way, and nothing was interrupted.");
      }),
    );

  program
    .command("reconcile")
    .description("finish or undo what was interrupted, by what stands on the cluster")
    .action((_, command) =>
      withCluster(command, async ({ cluster, output, progress, signal }) => {
        const reconciled = await reconcile(cluster, {
          signal,
          onProgress: ({ done, total }) => progress.show("reconciling", done, total),
        });
        const lines = reconciled.map(
          ({ operation, outcome, what }) => `${showImageSpec(operation.image)}: ${outcome}, ${what}.`,
        );
        output.result(reconciled, lines.length === 0 ? "Nothing was interrupted." : lines.join("\n"));
        if (reconciled.some(({ outcome }) => outcome === "failed" || outcome === "left")) {
          process.exitCode = exitCodes.problem;
        }
      }),
    );

  const trash = program.command("trash").description("images that were moved to the trash");
  trash
    .command("ls")
    .description("list them")
    .argument("[pools...]")
    .action((pools: string[], _, command) =>
      withCluster(command, async ({ cluster, output, signal }) => {
        const only = pools.length === 0 ? {} : { pools };
        const { rows, unlisted } = await listTrash(cluster, { ...only, signal });
        output.table(rows, trashColumns, "The trash is empty.");
        for (const { error } of unlisted) output.note(error.message);
      }),
    );
  trash
    .command("restore")
    .description("bring one back under its name")
    .argument("<pool/[namespace/]id>")
    .action((text: string, _, command) =>
      withCluster(command, async ({ cluster, output, signal }) => {
        const parts = text.split("/");
        const [pool = "", id = ""] = [parts[0], parts.at(-1)];
        const namespace = parts.length > 2 ? (parts[1] ?? "") : "";
        const spec = await restoreFromTrash(cluster, { pool, namespace, id }, { signal });
        output.result({ image: spec }, `Restored ${spec}.`);
      }),
    );
}

const operationColumns: readonly Column<OperationInfo>[] = [
  { title: "IMAGE", value: ({ image }) => showImageSpec(image) },
  { title: "OPERATION", value: ({ kind, purpose }) => kind ?? purpose },
  { title: "STATE", value: ({ state }) => state },
  { title: "BEGAN", value: ({ startedAt }) => showTime(startedAt) },
  { title: "PROCESS", value: ({ holder }) => (holder === null ? "-" : `${holder.host} ${holder.pid}`) },
];

const trashColumns: readonly Column<TrashRow>[] = [
  { title: "IMAGE", value: ({ spec }) => spec },
  { title: "ID", value: ({ id }) => id },
  { title: "DELETED", value: ({ deletedAt }) => showTime(deletedAt) },
  { title: "KEPT UNTIL", value: ({ deferredUntil }) => showTime(deferredUntil) },
];
