import { randomUUID } from "node:crypto";
import type { Readable } from "node:stream";
import type { FastifyInstance } from "fastify";
import type { Callers } from "../access/callers.ts";
import { type Clock, within } from "../base/clock.ts";
import { ServerError } from "../base/errors.ts";
import { callerWith, sendError } from "../http/plain-routes.ts";

/** How long a task waits for its file, and a file for its task. */
const ARRIVAL_MS = 60_000;
const TURN_MS = 15 * 60_000;

/** A file that is being received. Disposing ends its request. */
export interface Upload extends Disposable {
  body: Readable;
  /** Tells the sender why it is not read any more. */
  failed(error: unknown): void;
}

interface Expected {
  userId: string;
  /** Resolves when the request is there. */
  readonly arrived: PromiseWithResolvers<Readable>;
  /** Resolves when the file was read; rejects when it was given up. */
  readonly ended: PromiseWithResolvers<void>;
  taken: boolean;
}

/**
 * Brings files that are being uploaded to the tasks that import them. A file is never stored: its request is read as fast as
 * the image is written. What is expected here is forgotten when the server ends, and its task then fails.
 */
export class Uploads {
  readonly #clock: Clock;
  readonly #expected = new Map<string, Expected>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Expects a file of a person. @returns its id */
  expect(userId: string): string {
    const id = randomUUID();
    const expected: Expected = {
      userId,
      arrived: Promise.withResolvers(),
      ended: Promise.withResolvers(),
      taken: false,
    };
    expected.ended.promise.catch(() => {}); // nobody may be waiting
    this.#expected.set(id, expected);
    this.#clock.after(ARRIVAL_MS + TURN_MS, () => {
      if (!expected.taken) this.#end(id, late());
    });
    return id;
  }

  /**
   * Hands a file to its task. Resolves when the task has read all of it.
   *
   * @throws {ServerError} `UPLOAD_UNKNOWN`; why the task does not read it
   */
  async deliver(id: string, userId: string, body: Readable): Promise<void> {
    const expected = this.#expected.get(id);
    if (expected === undefined || expected.userId !== userId) throw unknown();
    expected.userId = ""; // once
    body.once("close", () => {
      if (!expected.taken) this.#end(id, unknown());
    });
    expected.arrived.resolve(body);
    await expected.ended.promise;
  }

  /**
   * Takes a file, when it is there.
   *
   * @throws {ServerError} `UPLOAD_UNKNOWN` when it is not expected any more, or does not come; the signal's reason
   */
  async take(id: string, signal: AbortSignal): Promise<Upload> {
    const expected = this.#expected.get(id);
    if (expected === undefined) throw unknown();
    const aborted = Promise.withResolvers<never>();
    const abort = () => aborted.reject(signal.reason);
    signal.addEventListener("abort", abort, { once: true });
    try {
      signal.throwIfAborted();
      const arrived = Promise.race([expected.arrived.promise, aborted.promise, expected.ended.promise]);
      const body = await within(this.#clock, ARRIVAL_MS, arrived, late);
      if (body === undefined) throw unknown();
      expected.taken = true;
      return {
        body,
        failed: (error) => this.#end(id, error),
        [Symbol.dispose]: () => this.#end(id, null),
      };
    } catch (error) {
      this.#end(id, error);
      throw error;
    } finally {
      signal.removeEventListener("abort", abort);
    }
  }

  /** Gives up every file, at shutdown. */
  close(): void {
    const reason = new ServerError("SHUTTING_DOWN", "The server is shutting down.");
    for (const [id, { arrived }] of this.#expected) {
      void arrived.promise.then((body) => body.destroy(reason));
      this.#end(id, reason);
    }
  }

  #end(id: string, error: unknown): void {
    const expected = this.#expected.get(id);
    this.#expected.delete(id);
    if (error === null) expected?.ended.resolve();
    else expected?.ended.reject(error);
  }
}

function unknown(): ServerError {
  return new ServerError("UPLOAD_UNKNOWN", "This upload is not expected, or not any more.", {
    hint: "Start the import again, and send the file.",
  });
}

function late(): ServerError {
  return new ServerError("UPLOAD_UNKNOWN", "No file was sent.", {
    hint: "Start the import again, and keep the page open until the file is sent.",
  });
}

/** `PUT /api/uploads/:id`: the file of an import, as it is. It may take as long as it takes. */
export async function uploadRoutes(
  server: FastifyInstance,
  { uploads, callers }: { uploads: Uploads; callers: Callers },
): Promise<void> {
  server.removeAllContentTypeParsers();
  // The body is the stream itself: it is read as fast as the task reads.
  server.addContentTypeParser("application/octet-stream", (_request, body, done) => done(null, body));
  server.addHook("preClose", async () => uploads.close());
  server.put<{ Params: { id: string } }>(
    "/api/uploads/:id",
    { config: { slowBody: true } },
    async (request, reply) => {
      try {
        const user = await callerWith(request, callers, "operator");
        await uploads.deliver(request.params.id, user.id, request.raw);
        return await reply.code(204).send();
      } catch (error) {
        // What is still to come of the body is not read.
        return sendError(request, reply.header("connection", "close"), error);
      }
    },
  );
}
