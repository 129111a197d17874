export { allSettledOrThrow, forEachLimit } from "./for-each-limit.ts";
export { KeyedMutex } from "./keyed-mutex.ts";
export { openAhead, readAhead } from "./read-ahead.ts";
export { withinLimit } from "./within-limit.ts";
