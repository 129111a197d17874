import type { Command } from "commander";
import {
  type Blocker,
  backupDependants,
  type Cluster,
  type DeletionPlan,
  type DeletionWay,
  deletionPlan,
  executeDeletion,
  type FindDependants,
  showStep,
} from "rbd-core";
import { exitCodes } from "./exit-codes.ts";
import { showBytes, showMeasure } from "./output.ts";
import { type Session, type TargetOptions, withCluster, withTarget, withTargetOptions } from "./session.ts";

interface DeletionOptions extends TargetOptions {
  backups?: string;
}

/** "Why can't I delete this?", and the deletion itself. */
export function deletionCommands(program: Command): void {
  withTargetOptions(
    program
      .command("plan-delete")
      .description(
        "show what prevents the deletion of an image or snapshot, what it would take, and what it frees",
      )
      .argument("<image[@snapshot]>")
      .option("--backups <target>", "also consider what the backups there need"),
  ).action((target: string, options: DeletionOptions, command) =>
    withCluster(command, (session) =>
      withDependants(session, options, async (findDependants) => {
        const { cluster, output, signal } = session;
        const plan = await deletionPlan(cluster, target, { findDependants, signal });
        output.result(plan, describePlan(plan));
        if (!plan.ways.some(({ open }) => open)) process.exitCode = exitCodes.problem;
      }),
    ),
  );

  withTargetOptions(
    program
      .command("delete")
      .description(
        "carry the shortest safe plan out, step by step; it stops at whatever the plan did not expect",
      )
      .argument("<image[@snapshot]>")
      .option("--trash", "move it to the trash, from where it can be restored")
      .option("--backups <target>", "also consider what the backups there need")
      .requiredOption("--yes", "required: deletion is final"),
  ).action((target: string, options: DeletionOptions & { trash?: boolean }, command) =>
    withCluster(command, (session) =>
      withDependants(session, options, async (findDependants) => {
        const { cluster, output, progress, signal } = session;
        const plan = await deletionPlan(cluster, target, { findDependants, signal });
        const way: DeletionWay = options.trash === true ? "trash" : "remove";
        if (!plan.ways.some((each) => each.way === way && each.open)) {
          output.result({ state: "blocked", plan }, describePlan(plan));
          process.exitCode = exitCodes.problem;
          return;
        }
        const outcome = await executeDeletion(cluster, plan, {
          way,
          findDependants,
          signal,
          onStep: (step) => output.note(showStep(step)),
          onProgress: ({ done, total }) => progress.show("flattening", done, total),
        });
        const text = outcome.state === "done" ? `${plan.spec} is deleted.` : `Stopped: ${outcome.reason}.`;
        output.result(outcome, text);
        if (outcome.state !== "done") process.exitCode = exitCodes.problem;
      }),
    ),
  );
}

async function withDependants(
  session: Session,
  { backups, ...options }: DeletionOptions,
  work: (findDependants: FindDependants | undefined) => Promise<void>,
): Promise<void> {
  if (backups === undefined) return await work(undefined);
  const { cluster }: { cluster: Cluster } = session;
  await withTarget(session, backups, options, (target) => work(backupDependants(cluster, [target])));
}

const ways: Record<DeletionWay, string> = { trash: "Move to the trash", remove: "Remove for good" };

function describePlan({ spec, blockers, ways: plans }: DeletionPlan): string {
  const lines = [spec];
  if (blockers.length > 0) lines.push("", "In the way:", ...blockers.map(describeBlocker));
  for (const { way, open, steps, copies, frees } of plans) {
    const space = open
      ? `, frees ${showMeasure(frees)}${copies > 0 ? `, copies ${showBytes(copies)}` : ""}`
      : "";
    lines.push("", `${ways[way]}${open ? space : ": not possible now"}`);
    lines.push(...steps.map((step, at) => `  ${at + 1}. ${showStep(step)}`));
  }
  return lines.join("\n");
}

function describeBlocker({ message, hint }: Blocker): string {
  return `  - ${message}.${hint === null ? "" : ` ${hint}`}`;
}
