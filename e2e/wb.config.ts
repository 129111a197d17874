import base from "./playwright.config.ts";
const { globalSetup: _, ...rest } = base as any;
export default { ...rest, timeout: 400_000, expect: { timeout: 60_000 } };
