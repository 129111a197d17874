import { basename } from "node:path";
import { BaseSequencer, type TestSpecification } from "vitest/node";

/**
 * Seconds that the slowest integration files take on two cores, so that they start first even where no run was recorded.
 * A file that starts late and takes minutes leaves the other worker idle at the end.
 */
const expectedSeconds: Readonly<Record<string, number>> = {
  "killed-import.test.ts": 240,
  "copy-histories-1.test.ts": 75,
  "copy-histories-2.test.ts": 75,
  "survival.test.ts": 95,
  "clone-faults.test.ts": 70,
  "flatten.test.ts": 60,
  "lifecycle.test.ts": 50,
  "outage.test.ts": 47,
  "clone-image.test.ts": 30,
  "killed-tasks.test.ts": 25,
  "features.test.ts": 22,
  "ranges.test.ts": 20,
  "diff.test.ts": 19,
  "clone-together.test.ts": 17,
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
