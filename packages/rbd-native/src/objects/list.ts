import type { CallOptions } from "../call-options.ts";
import { native } from "../internal/binding.ts";
import type { CursorRef } from "../internal/binding-types.ts";
import { read } from "../internal/call.ts";
import { type Place, spec } from "../ioctx/place.ts";

const PAGE = 1000;

export async function* listObjects(place: Place, o?: CallOptions): AsyncGenerator<string[], void> {
  let cursor: CursorRef | undefined;
  while (true) {
    const page = await read(spec(place), o, (operation) =>
      native.listObjects(place.handle, cursor, PAGE, operation),
    );
    if (page.names.length > 0) yield page.names;
    if (page.next === null) return;
    cursor = page.next;
  }
}
