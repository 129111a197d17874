import { usePreference } from "#lib/preferences/use-preference.ts";

/** Whether "/" and "?" work everywhere. People who dictate can switch them off (WCAG 2.1.4). */
export function useSingleKeys() {
  return usePreference("single-keys", ["on", "off"]);
}
