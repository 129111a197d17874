import type { TaskResult } from "@coppice/server/router";
import { CircleCheck } from "lucide-react";
import type { ReactNode } from "react";
import { Callout } from "#components/ui/panel.tsx";
import { Bytes, FactList, SpecText, Time } from "#components/values.tsx";
import { formatCount, plural } from "#lib/format.ts";
import { capital, KIND } from "../history/point-facts.tsx";

type ResultOf<Kind extends TaskResult["kind"]> = Extract<TaskResult, { kind: Kind }>;

/** What a finished task on backups has done. Nothing for other tasks. */
export function BackupTaskOutcome({ result }: { result: TaskResult }) {
  switch (result.kind) {
    case "backup":
      return <BackupOutcome result={result} />;
    case "restore":
      return <RestoreOutcome result={result} />;
    case "verify":
      return (
        <Outcome title="Everything is as it was backed up.">
          <FactList
            facts={[
              ["Compared", <Bytes key="bytes" value={result.bytes} />],
              ["Depth", capital(result.depth)],
            ]}
          />
        </Outcome>
      );
    case "delete-backup":
      return (
        <Outcome title="The backup is deleted.">
          <KeptSnapshots kept={result.keptSnapshots} />
        </Outcome>
      );
    case "prune":
      return (
        <Outcome
          title={`${plural(result.removed.length, "backup")} removed, ${formatCount(result.kept)} kept.`}
        />
      );
    case "import-cinder":
      return <Outcome title="The chain is imported." />;
    default:
      return null;
  }
}

function Outcome({ title, children }: { title: ReactNode; children?: ReactNode }) {
  return (
    <div className="rounded-lg border border-brand-line bg-brand-soft p-4">
      <p className="wrap-anywhere flex items-start gap-2 font-medium">
        <CircleCheck aria-hidden className="mt-0.5 size-4 shrink-0 text-brand" />
        <span>{title}</span>
      </p>
      {children !== undefined && <div className="mt-3 empty:hidden">{children}</div>}
    </div>
  );
}

function BackupOutcome({ result }: { result: ResultOf<"backup"> }) {
  return (
    <div className="flex flex-col gap-2">
      {result.degraded && (
        <Callout kind="warn" title="The backup became full, although the image has a chain of backups.">
          {capital(result.why)}.
        </Callout>
      )}
      <Outcome
        title={
          <>
            <SpecText spec={result.image} /> is backed up.
          </>
        }
      >
        <FactList
          facts={[
            ["Kind", KIND[result.backupKind]],
            ["Reason", `${capital(result.why)}.`],
            ["Size", <Bytes key="size" value={result.size} />],
            ["Written", <Bytes key="written" value={result.bytesWritten} />],
            ["Target", result.target.name],
          ]}
        />
        <KeptSnapshots kept={result.keptSnapshots} />
      </Outcome>
    </div>
  );
}

const RESTORED = {
  new: "is restored.",
  "in-place": "holds the backup now.",
  instant: "is ready to use.",
  file: "is written.",
} as const;

function RestoreOutcome({ result }: { result: ResultOf<"restore"> }) {
  return (
    <div className="flex flex-col gap-2">
      {result.damaged.length > 0 && (
        <Callout
          kind="warn"
          title={`${plural(result.damaged.length, "block")} differ from what was backed up.`}
        />
      )}
      <Outcome
        title={
          <>
            <SpecText spec={result.restored} /> {RESTORED[result.how]}
          </>
        }
      >
        <FactList
          facts={[
            ["Backup of", <Time key="at" at={result.at} show="absolute" />],
            ...(result.how === "instant"
              ? []
              : ([
                  ["Written", <Bytes key="written" value={result.bytesWritten} />],
                  ["Verified", <Bytes key="verified" value={result.bytesVerified} />],
                ] as const)),
            ...(result.safetySnapshot === null
              ? []
              : ([
                  [
                    "State before",
                    <span key="safety" className="wrap-anywhere">
                      kept in the snapshot <span className="font-mono text-xs">{result.safetySnapshot}</span>
                    </span>,
                  ],
                ] as const)),
          ]}
        />
      </Outcome>
    </div>
  );
}

function KeptSnapshots({ kept }: { kept: readonly { name: string; why: string }[] }) {
  return kept.map(({ name, why }) => (
    <p key={name} className="wrap-anywhere text-xs">
      The snapshot <span className="font-mono">{name}</span> of the image stays: {why}.
    </p>
  ));
}
