import { errorCodes, FormatError, formatErrorCodes } from "rbd-core";
import { describe, expect, it } from "vitest";
import { ServerError, toTrpcCode, toUserError } from "../../src/base/errors.ts";

describe("an error for the user", () => {
  it("says what is wrong with a file, and where", () => {
    const error = new FormatError("TRUNCATED", 12, "the stream ends inside a record");
    expect(toUserError(error)).toEqual({
      code: "TRUNCATED",
      message: "The stream ends inside a record (at byte 12).",
      hint: "The file is damaged, or is not in the format it was read as. Create it again from its source.",
      object: null,
    });
  });

  it("has an HTTP status for every code of the SDK's, and one that blames the file for each of a format's", () => {
    for (const code of errorCodes) expect(toTrpcCode(code, "TEAPOT" as never), code).not.toBe("TEAPOT");
    for (const code of formatErrorCodes) expect(toTrpcCode(code, "TEAPOT" as never)).toBe("BAD_REQUEST");
  });

  it("shows control characters that would change the direction of its text", () => {
    const name = "rbd/a\u202Egpj.exe";
    const error = new ServerError("IMAGE_UNKNOWN", `There is no image ${name}.`, { object: name });
    expect(toUserError(error)).toMatchObject({
      message: "There is no image rbd/a\\u{202e}gpj.exe.",
      object: name,
    });
  });
});
