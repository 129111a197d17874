import type { PolicyDefinition } from "@coppice/server/router";

type Retention = NonNullable<PolicyDefinition["retention"]>;

export const RETENTION_RULES = ["keepLast", "hourly", "daily", "weekly", "monthly", "yearly"] as const;
export type RetentionRule = (typeof RETENTION_RULES)[number];

/** A policy while it is being edited: numbers are texts as they were typed, lists are one entry per line. */
export interface PolicyDraft {
  name: string;
  patterns: string;
  pools: string;
  exclude: string;
  target: string;
  timeZone: string;
  backupCron: string;
  mode: "auto" | "full";
  chainPoints: string;
  verify: boolean;
  verifyCron: string;
  verifyDepth: "quick" | "deep";
  verifyWithinDays: string;
  drill: boolean;
  drillCron: string;
  drillPool: string;
  drillImages: string;
  retain: boolean;
  retention: Record<RetentionRule, string>;
  backupWithinHours: string;
  jitterMinutes: string;
  parallel: string;
}

/** A new policy: every night, checked and tried every week, kept for weeks and months. `image` is chosen when it is given, and `pool` is where drills restore to. */
export function newDraft(image: string | null, pool: string | null): PolicyDraft {
  return {
    name: "",
    patterns: image ?? "",
    pools: "",
    exclude: "",
    target: "",
    timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone,
    backupCron: "0 2 * * *",
    mode: "auto",
    chainPoints: "30",
    verify: true,
    verifyCron: "0 4 * * 0",
    verifyDepth: "deep",
    verifyWithinDays: "8",
    drill: false,
    drillCron: "0 6 * * 6",
    drillPool: pool ?? "",
    drillImages: "1",
    retain: true,
    retention: { keepLast: "3", hourly: "", daily: "14", weekly: "8", monthly: "12", yearly: "" },
    backupWithinHours: "26",
    jitterMinutes: "0",
    parallel: "2",
  };
}

export function draftOf(definition: PolicyDefinition): PolicyDraft {
  const { select, backup, verify, drill, retention } = definition;
  const fallback = newDraft(null, null);
  const textOf = (rule: RetentionRule) => String(retention?.[rule] ?? "");
  return {
    name: definition.name,
    // A name without a wildcard is a pattern that matches itself alone.
    patterns: [...select.images, ...select.patterns].join("\n"),
    pools: select.pools.join("\n"),
    exclude: select.exclude.join("\n"),
    target: definition.target,
    timeZone: definition.timeZone,
    backupCron: backup.cron,
    mode: backup.mode,
    chainPoints: String(backup.chainPoints ?? ""),
    verify: verify !== null,
    verifyCron: verify?.cron ?? fallback.verifyCron,
    verifyDepth: verify?.depth ?? "deep",
    verifyWithinDays: String(definition.verifyWithinDays ?? ""),
    drill: drill !== null,
    drillCron: drill?.cron ?? fallback.drillCron,
    drillPool: drill?.pool ?? "",
    drillImages: String(drill?.images ?? 1),
    retain: retention !== null,
    retention:
      retention === null
        ? fallback.retention
        : {
            keepLast: textOf("keepLast"),
            hourly: textOf("hourly"),
            daily: textOf("daily"),
            weekly: textOf("weekly"),
            monthly: textOf("monthly"),
            yearly: textOf("yearly"),
          },
    backupWithinHours: String(definition.backupWithinHours),
    jitterMinutes: String(definition.jitterMinutes),
    parallel: String(definition.parallel),
  };
}

const linesOf = (text: string) =>
  text
    .split(/[\n,]/)
    .map((line) => line.trim())
    .filter((line) => line !== "");

/** What the draft chooses: a name with a wildcard is a pattern, one without is exactly that image. */
export function selectOf({ patterns, pools, exclude }: PolicyDraft): PolicyDefinition["select"] {
  const lines = linesOf(patterns);
  return {
    images: lines.filter((line) => !/[*?]/.test(line)),
    patterns: lines.filter((line) => /[*?]/.test(line)),
    pools: linesOf(pools),
    exclude: linesOf(exclude),
  };
}

export function isEmptySelection({ images, patterns, pools }: PolicyDefinition["select"]): boolean {
  return images.length + patterns.length + pools.length === 0;
}

/** The retention of a draft; null for a rule that is neither a whole number nor "all". */
export function retentionOf({ retention }: PolicyDraft): Retention | null {
  const rules: Retention = {};
  for (const rule of RETENTION_RULES) {
    const text = retention[rule].trim();
    if (text === "") continue;
    if (text === "all") rules[rule] = "all";
    else if (/^\d{1,6}$/.test(text)) rules[rule] = Number(text);
    else return null;
  }
  return rules;
}

export type DraftErrors = Partial<Record<keyof PolicyDraft, string>>;

/** The draft as the server takes it, or what is wrong with it. Schedules and names are checked by the server. */
export function definitionOf(
  draft: PolicyDraft,
  cluster: string,
): { definition: PolicyDefinition; errors: null } | { definition: null; errors: DraftErrors } {
  const errors: DraftErrors = {};
  const select = selectOf(draft);
  if (draft.name.trim() === "") errors.name = "Give the policy a name.";
  if (isEmptySelection(select)) {
    errors.patterns = "Name an image, a pattern or a pool.";
  }
  if (draft.target === "") errors.target = "Choose where the backups go.";
  const number = (field: keyof PolicyDraft, least: number, isWhole = true): number => {
    const text = String(draft[field]).trim();
    const value = Number(text);
    if (text !== "" && Number.isFinite(value) && value >= least && (!isWhole || Number.isInteger(value)))
      return value;
    errors[field] = isWhole ? `Give a whole number from ${least} on.` : `Give a number from ${least} on.`;
    return least;
  };
  const optional = (field: keyof PolicyDraft, least: number, isWhole = true) =>
    String(draft[field]).trim() === "" ? null : number(field, least, isWhole);
  const retention = draft.retain ? retentionOf(draft) : null;
  if (draft.retain && retention === null) errors.retention = 'Each count is a whole number or "all".';
  const definition: PolicyDefinition = {
    name: draft.name.trim(),
    cluster,
    select,
    target: draft.target,
    timeZone: draft.timeZone,
    backup: {
      cron: draft.backupCron,
      mode: draft.mode,
      chainPoints: draft.mode === "full" ? null : optional("chainPoints", 1),
    },
    verify: draft.verify ? { cron: draft.verifyCron, depth: draft.verifyDepth } : null,
    drill: draft.drill
      ? { cron: draft.drillCron, pool: draft.drillPool.trim(), images: number("drillImages", 1) }
      : null,
    retention,
    backupWithinHours: number("backupWithinHours", 0.1, false),
    verifyWithinDays: draft.verify ? optional("verifyWithinDays", 0.1, false) : null,
    jitterMinutes: number("jitterMinutes", 0, false),
    parallel: number("parallel", 1),
  };
  if (draft.drill && draft.drillPool.trim() === "")
    errors.drillPool = "Choose the pool of the scratch images.";
  return Object.keys(errors).length === 0 ? { definition, errors: null } : { definition: null, errors };
}
