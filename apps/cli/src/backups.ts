import { type Command, InvalidArgumentError, Option } from "commander";
import {
  type BackupChainRow,
  type BackupRecord,
  type BackupTarget,
  backupImage,
  CoppiceError,
  deleteBackup,
  describeKeepReason,
  listBackups,
  pruneBackups,
  type RestoreTo,
  type RetainedBackup,
  type RetentionCount,
  type RetentionDecision,
  type RetentionPolicy,
  restoreBackup,
  verifyBackup,
} from "rbd-core";
import { exitCodes } from "./exit-codes.ts";
import { type Column, formatTable, showBytes, showTime } from "./output.ts";
import { type TargetOptions, withCluster, withTarget, withTargetOptions } from "./session.ts";

/** Backups of images in a pool or a directory. */
export function backupCommands(program: Command): void {
  const command = (name: string, description: string) =>
    withTargetOptions(program.command(name).description(description));

  command("backup", "back images up: what changed since the newest backup, or everything")
    .argument("<images...>")
    .requiredOption(
      "--to <target>",
      "pool:NAME[/NAMESPACE], or a directory, which is made a target when it is empty",
    )
    .addOption(new Option("--kind <kind>").choices(["auto", "full", "incremental"]).default("auto"))
    .option("--protect", "retention keeps it, whatever the policy says")
    .option("--label <name=value>", "may be given several times", addLabel)
    .action((images: string[], options: BackupOptions, self) =>
      withCluster(self, (session) =>
        withTarget(session, options.to, { ...options, create: true }, async (target) => {
          const { cluster, output, progress, signal } = session;
          const backups: BackupRecord[] = [];
          for (const image of images) {
            const { kind, label: labels, protect } = options;
            const { transfer: onProgress } = progress;
            const taken = { image, target, kind, labels, protected: protect, signal, onProgress };
            const { backup, retired } = await backupImage(cluster, taken);
            backups.push(backup);
            for (const { name, why } of retired.kept) output.note(`The snapshot ${name} stays: ${why}.`);
          }
          output.result(backups, backups.map(describeBackup).join("\n"));
        }),
      ),
    );

  command("backups", "list the backups of a target, from the target alone")
    .argument("[image]", "only those of this image")
    .requiredOption("--at <target>", "pool:NAME[/NAMESPACE], or a directory")
    .action((image: string | undefined, options: PlaceOptions, self) =>
      withCluster(self, (session) =>
        withTarget(session, options.at, options, async (target) => {
          const listing = await listBackups(target, { signal: session.signal });
          const chains = listing.chains.filter((chain) => image === undefined || nameOf(chain) === image);
          session.output.result({ ...listing, chains }, describeChains(chains));
          const problems = [...listing.unreadable, ...chains.flatMap((chain) => chain.problems)];
          for (const { id, error } of problems) session.output.note(`${id}: ${error.message}`);
          for (const { chain } of listing.foreign)
            session.output.note(`${chain} was made by another program.`);
          if (problems.length > 0) process.exitCode = exitCodes.problem;
        }),
      ),
    );

  command("restore", "restore a backup, and compare what was restored with its digests")
    .argument("<backup>", "its id, or the image whose newest backup is meant")
    .requiredOption("--from <target>", "pool:NAME[/NAMESPACE], or a directory")
    .option("--to <image>", "a new image")
    .option("--in-place <image>", "an image that is there: only what differs is written")
    .option("--no-safety-snapshot", "with --in-place: do not keep the state before")
    .option("--instant <image>", "a clone of the backup, usable at once, in the cluster of the backup")
    .option("--file <path>", "a new file")
    .addOption(new Option("--format <format>", "of the file").choices(["raw", "diff"]).default("raw"))
    .option("--accept-damaged", "restore also what differs from the backup's digests, and say where")
    .action((which: string, options: RestoreOptions, self) => {
      const to = destination(options);
      return withCluster(self, (session) =>
        withTarget(session, options.from, options, async (target) => {
          const { cluster, output, progress, signal } = session;
          const backup = await resolveBackup(target, which, signal);
          const { acceptDamaged } = options;
          const { transfer: onProgress } = progress;
          const wanted = { target, backup, to, acceptDamaged, signal, onProgress };
          const restored = await restoreBackup(cluster, wanted);
          const { bytesWritten, bytesVerified, damaged, safetySnapshot } = restored;
          const lines = [
            `Restored ${backup} to ${to.kind === "file" ? to.path : to.image}: ${showBytes(bytesWritten)} written, ${showBytes(bytesVerified)} compared.`,
          ];
          if (safetySnapshot !== null) lines.push(`The state before is in the snapshot ${safetySnapshot}.`);
          if (damaged.length > 0) lines.push(`Damaged at: ${damaged.join(", ")}.`);
          output.result(restored, lines.join("\n"));
          if (damaged.length > 0) process.exitCode = exitCodes.problem;
        }),
      );
    });

  command("verify", "check that backups are as they were made")
    .argument("<backups...>", "ids, or images whose newest backups are meant")
    .requiredOption("--at <target>", "pool:NAME[/NAMESPACE], or a directory")
    .addOption(new Option("--depth <depth>").choices(["quick", "deep", "source"]).default("deep"))
    .action((which: string[], options: PlaceOptions & { depth: "quick" | "deep" | "source" }, self) =>
      withCluster(self, (session) =>
        withTarget(session, options.at, options, async (target) => {
          const { cluster: source, output, progress, signal } = session;
          const checks = [];
          for (const text of which) {
            const backup = await resolveBackup(target, text, signal);
            const { depth } = options;
            const onProgress = ({ done, total }: { done: number; total: number }) =>
              progress.show(backup, done, total, `${showBytes(done)} read`);
            checks.push({
              backup,
              ...(await verifyBackup({ target, backup, depth, source, signal, onProgress })),
            });
          }
          const texts = checks.map(({ backup, ok, bytes, problems }) =>
            ok
              ? `${backup} is as it was made: ${showBytes(bytes)} compared.`
              : [`${backup} is damaged:`, ...problems.map((problem) => `  ${problem}`)].join("\n"),
          );
          output.result(checks, texts.join("\n"));
          if (checks.some(({ ok }) => !ok)) process.exitCode = exitCodes.problem;
        }),
      ),
    );

  const prune = command("prune", "remove the backups that a retention does not keep")
    .argument("[image]", "only those of this image; otherwise of every image, each by itself")
    .requiredOption("--at <target>", "pool:NAME[/NAMESPACE], or a directory")
    .option("--dry-run", "show what would be kept and why, and remove nothing");
  for (const rule of ["last", "hourly", "daily", "weekly", "monthly", "yearly"] as const) {
    prune.option(`--keep-${rule} <count>`, 'a number, or "all"', count);
  }
  prune
    .option("--time-zone <zone>", "where days begin, such as Europe/Berlin", "UTC")
    .action((image: string | undefined, options: PruneOptions, self) =>
      withCluster(self, (session) =>
        withTarget(session, options.at, options, async (target) => {
          const { cluster: source, output, progress, signal } = session;
          const only = image === undefined ? {} : { image: await sourceOf(target, image, signal) };
          const pruned = await pruneBackups({
            target,
            ...only,
            retention: retentionOf(options),
            dryRun: options.dryRun,
            source,
            signal,
            onProgress: ({ done, total }) => progress.show("removing", done, total),
          });
          output.result(pruned, formatTable(retentionColumns, pruned.decisions));
          for (const { backup, error } of pruned.failed) output.note(`${backup.id} stays: ${error.message}`);
          if (pruned.failed.length > 0) process.exitCode = exitCodes.problem;
        }),
      ),
    );

  command("delete-backup", "remove one backup; the others of its chain stay whole")
    .argument("<backup>", "its id")
    .requiredOption("--at <target>", "pool:NAME[/NAMESPACE], or a directory")
    .requiredOption("--yes", "required: deletion is final")
    .action((backup: string, options: PlaceOptions, self) =>
      withCluster(self, (session) =>
        withTarget(session, options.at, options, async (target) => {
          const { cluster: source, output, signal } = session;
          const deleted = await deleteBackup({ target, backup, source, signal });
          output.result(deleted, `Deleted ${backup}.`);
        }),
      ),
    );
}

interface PlaceOptions extends TargetOptions {
  at: string;
}

interface BackupOptions extends TargetOptions {
  to: string;
  kind: "auto" | "full" | "incremental";
  protect?: boolean;
  label?: Record<string, string>;
}

interface RestoreOptions extends TargetOptions {
  from: string;
  to?: string;
  inPlace?: string;
  safetySnapshot: boolean;
  instant?: string;
  file?: string;
  format: "raw" | "diff";
  acceptDamaged?: boolean;
}

interface PruneOptions extends PlaceOptions {
  dryRun?: boolean;
  keepLast?: RetentionCount;
  keepHourly?: RetentionCount;
  keepDaily?: RetentionCount;
  keepWeekly?: RetentionCount;
  keepMonthly?: RetentionCount;
  keepYearly?: RetentionCount;
  timeZone: string;
}

function retentionOf(options: PruneOptions): RetentionPolicy {
  const { keepLast, keepHourly, keepDaily, keepWeekly, keepMonthly, keepYearly, timeZone } = options;
  return {
    keepLast,
    hourly: keepHourly,
    daily: keepDaily,
    weekly: keepWeekly,
    monthly: keepMonthly,
    yearly: keepYearly,
    timeZone,
  };
}

function count(text: string): RetentionCount {
  if (text === "all") return text;
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('Give a whole number, or "all".');
}

function addLabel(text: string, labels: Record<string, string> = {}): Record<string, string> {
  const [, name, value] = /^([^=]+)=(.*)$/s.exec(text) ?? [];
  if (name === undefined || value === undefined) throw new InvalidArgumentError("Write name=value.");
  return { ...labels, [name]: value };
}

/** @throws {CoppiceError} `INVALID_ARGUMENT` unless exactly one place is named */
function destination({ to, inPlace, safetySnapshot, instant, file, format }: RestoreOptions): RestoreTo {
  const places: RestoreTo[] = [];
  if (to !== undefined) places.push({ kind: "new", image: to });
  if (inPlace !== undefined) places.push({ kind: "in-place", image: inPlace, safetySnapshot });
  if (instant !== undefined) places.push({ kind: "instant", image: instant });
  if (file !== undefined) places.push({ kind: "file", path: file, format });
  const [place, ...others] = places;
  if (place !== undefined && others.length === 0) return place;
  throw new CoppiceError({
    code: "INVALID_ARGUMENT",
    call: "coppice restore",
    message: "a restore needs one destination",
    hint: "Give one of --to, --in-place, --instant and --file.",
  });
}

type NamedSource = Pick<BackupRecord["source"], "poolName" | "namespace" | "imageName">;

function specOf({ poolName, namespace, imageName }: NamedSource): string {
  return [poolName, ...(namespace === "" ? [] : [namespace]), imageName].join("/");
}

function nameOf({ source }: Pick<BackupChainRow, "source">): string {
  return specOf(source);
}

/** A backup's id; of an image, that of its newest backup. @throws {CoppiceError} `NOT_FOUND` */
async function resolveBackup(target: BackupTarget, text: string, signal: AbortSignal): Promise<string> {
  if (!text.includes("/")) return text;
  return (await newestOf(target, text, signal)).id;
}

async function sourceOf(target: BackupTarget, image: string, signal: AbortSignal) {
  return (await newestOf(target, image, signal)).source;
}

async function newestOf(target: BackupTarget, image: string, signal: AbortSignal): Promise<BackupRecord> {
  const { chains } = await listBackups(target, { signal });
  const newest = chains
    .filter((chain) => nameOf(chain) === image)
    .flatMap(({ backups }) => backups)
    .filter(({ state }) => state === "complete")
    .sort((a, b) => a.pointAt.localeCompare(b.pointAt))
    .at(-1);
  if (newest !== undefined) return newest;
  throw new CoppiceError({
    code: "NOT_FOUND",
    call: "coppice",
    object: image,
    message: `the target has no backup of ${image}`,
    hint: "List what it has with: coppice backups --at TARGET",
  });
}

function describeBackup({ id, kind, why, source, transfer }: BackupRecord): string {
  return `${id}  ${specOf(source)}: ${kind}, since ${why}; ${showBytes(transfer.bytesWritten)} written.`;
}

function describeChains(chains: readonly BackupChainRow[]): string {
  if (chains.length === 0) return "There are no backups.";
  const rows = chains.flatMap(({ backups }) => backups);
  return formatTable(backupColumns, rows);
}

const backupColumns: readonly Column<BackupRecord>[] = [
  { title: "IMAGE", value: ({ source }) => specOf(source) },
  { title: "BACKUP", value: ({ id }) => id },
  { title: "TIME", value: ({ pointAt }) => showTime(pointAt) },
  { title: "KIND", value: ({ kind }) => kind },
  { title: "SIZE", value: ({ size }) => showBytes(size), align: "right" },
  { title: "WRITTEN", value: ({ transfer }) => showBytes(transfer.bytesWritten), align: "right" },
  { title: "VERIFIED", value: showChecks },
  { title: "PROTECTED", value: (backup) => (backup.protected ? "yes" : "") },
];

function showChecks({ checks }: BackupRecord): string {
  const made = Object.entries(checks).flatMap(([depth, check]) =>
    check === null ? [] : [{ depth, ...check }],
  );
  const last = made.sort((a, b) => a.at.localeCompare(b.at)).at(-1);
  if (last === undefined) return "-";
  return last.ok ? `${last.depth} ${showTime(last.at)}` : `DAMAGED (${last.depth} ${showTime(last.at)})`;
}

const retentionColumns: readonly Column<RetentionDecision<RetainedBackup>>[] = [
  { title: "IMAGE", value: ({ point }) => specOf(point.backup.source) },
  { title: "BACKUP", value: ({ point }) => point.id },
  { title: "TIME", value: ({ point }) => showTime(point.time) },
  { title: "", value: ({ reasons }) => (reasons.length === 0 ? "remove" : "keep") },
  { title: "WHY", value: ({ reasons }) => reasons.map(describeKeepReason).join("; ") },
];
