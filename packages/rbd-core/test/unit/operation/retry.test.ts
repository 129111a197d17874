import { describe, expect, it } from "vitest";
import { CoppiceError } from "../../../src/errors/coppice-error.ts";
import { retryWhileBusy } from "../../../src/operation/retry.ts";

const busy = () => new CoppiceError({ code: "BUSY", message: "busy" });

describe("retryWhileBusy", () => {
  it("tries until it works, with a pause between two tries", async () => {
    const log: string[] = [];
    let tries = 0;
    const result = await retryWhileBusy(
      async () => {
        log.push("try");
        if (++tries < 3) throw busy();
        return "done";
      },
      {
        pauseMilliseconds: 7,
        pause: async (milliseconds) => void log.push(`pause ${milliseconds}`),
        onBusy: (tried, attempts) => log.push(`busy ${tried}/${attempts}`),
      },
    );
    expect(result).toBe("done");
    expect(log).toEqual(["try", "busy 1/11", "pause 7", "try", "busy 2/11", "pause 7", "try"]);
  });

  it("gives up after so many tries, with the last error", async () => {
    let tries = 0;
    const options = { attempts: 4, pause: async () => {} };
    const failing = retryWhileBusy(() => {
      tries++;
      return Promise.reject(busy());
    }, options);
    await expect(failing).rejects.toMatchObject({ code: "BUSY" });
    expect(tries).toBe(4);
  });

  it("throws any other error at once", async () => {
    let tries = 0;
    const failing = retryWhileBusy(
      () => {
        tries++;
        return Promise.reject(new Error("other"));
      },
      { pause: async () => {} },
    );
    await expect(failing).rejects.toThrow("other");
    expect(tries).toBe(1);
  });

  it("ends a pause when it is aborted", async () => {
    const abort = new AbortController();
    const failing = retryWhileBusy(() => Promise.reject(busy()), {
      pauseMilliseconds: 3_600_000,
      signal: abort.signal,
      onBusy: () => setImmediate(() => abort.abort(new Error("enough"))),
    });
    await expect(failing).rejects.toThrow("enough");
  });
});
