import { testHistories } from "./histories/test-histories.ts";

await testHistories(1);
