import { setDisplay } from "./format.ts";
import { onPreferenceChange, storedPreference, usePreference, useStoredText } from "./preferences.ts";

const BYTE_UNITS = ["iec", "si"] as const;

/** Whether sizes are shown in KiB, MiB, GiB (1024) or in kB, MB, GB (1000). */
export function useByteUnits() {
  return usePreference("display.units", BYTE_UNITS);
}

/** The IANA name of the time zone in which times are shown; null for that of the browser. */
export function useTimeZone(): [string | null, (zone: string | null) => void] {
  const [stored, set] = useStoredText("display.timeZone");
  return [known(stored), (zone) => set(zone ?? "")];
}

/** The zone when this browser knows it. */
function known(zone: string | null): string | null {
  if (zone === null || zone === "") return null;
  try {
    new Intl.DateTimeFormat("en", { timeZone: zone });
    return zone;
  } catch {
    return null;
  }
}

/** Sizes and times that are part of a sentence follow the preferences too. */
function apply(): void {
  setDisplay({
    units: BYTE_UNITS.find((units) => units === storedPreference("display.units")) ?? "iec",
    timeZone: known(storedPreference("display.timeZone")) ?? undefined,
  });
}

if (typeof window !== "undefined") {
  apply();
  onPreferenceChange(apply);
}
