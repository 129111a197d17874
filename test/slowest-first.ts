import { basename } from "node:path";
import { BaseSequencer, type TestSpecification } from "vitest/node";

/**
 * Seconds that the slowest integration files take on two cores, so that they start first even where no run was recorded.
 * A file that starts late and takes minutes leaves the other worker idle at the end.
 */
const expectedSeconds: Readonly<Record<string, number>> = {
  "killed-removals.test.ts": 80,
  "survival.test.ts": 60,
  "killed-clone.test.ts": 55,
  "full-pool.test.ts": 52,
  "copy-faults.test.ts": 50,
  "killed-backup.test.ts": 50,
  "killed-copy.test.ts": 50,
  "rollback-volume.test.ts": 48,
  "import-template.test.ts": 45,
  "clone-faults.test.ts": 44,
  "delete-volume-faults.test.ts": 42,
  "freed.test.ts": 40,
  "killed-image-copy.test.ts": 40,
  "killed-import-diff.test.ts": 40,
  "killed-import-image.test.ts": 40,
  "killed-capture.test.ts": 35,
  "killed-changes.test.ts": 30,
  "killed-import-raw.test.ts": 30,
  "flatten.test.ts": 30,
  "outage.test.ts": 47,
  "lifecycle.test.ts": 50,
};

/** Orders the files of each project by how long they took in the last recorded run, or are expected to take. */
export class SlowestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const seconds = (file: TestSpecification) => {
      const recorded = this.ctx.cache.getTestSpecificationResult(file);
      return recorded === undefined
        ? (expectedSeconds[basename(file.moduleId)] ?? 0)
        : recorded.duration / 1000;
    };
    const projects = Map.groupBy(await super.sort(files), (file) => file.project);
    return [...projects.values()].flatMap((own) => own.toSorted((a, b) => seconds(b) - seconds(a)));
  }
}
