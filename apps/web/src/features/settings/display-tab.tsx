"use client";

import { useTheme } from "next-themes";
import { type ReactNode, useMemo } from "react";
import { Segmented, Select } from "#components/ui/form.tsx";
import { Panel } from "#components/ui/panel.tsx";
import { Bytes, Time } from "#components/values.tsx";
import { THEMES } from "#features/shell/user-menu.tsx";
import { useByteUnits, useTimeZone } from "#lib/display.ts";
import { usePreference } from "#lib/preferences.ts";

/** 1.5 TiB: where the units differ visibly. */
const EXAMPLE_BYTES = 1_649_267_441_664;
const BROWSER = "browser";

/** How this browser shows things. Nothing of it is stored on the server. */
export function DisplayTab() {
  const { theme = "system", setTheme } = useTheme();
  const [density, setDensity] = usePreference("images.density", ["comfortable", "compact"]);
  const [units, setUnits] = useByteUnits();
  const [zone, setZone] = useTimeZone();
  const zones = useMemo(() => {
    const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
    return [
      { value: BROWSER, label: "Same as this browser", note: own },
      { value: "UTC", label: "UTC" },
      ...Intl.supportedValuesOf("timeZone")
        .filter((name) => name !== "UTC")
        .map((name) => ({ value: name, label: name.replaceAll("_", " ") })),
    ];
  }, []);
  return (
    <Panel title="Display in this browser">
      <div className="divide-y divide-line">
        <Choice name="Theme" note="System follows the setting of the computer.">
          <Segmented
            label="Theme"
            value={theme}
            onValueChange={setTheme}
            options={THEMES.map(({ value, label, icon: Icon }) => ({
              value: value as string,
              label,
              icon: <Icon aria-hidden />,
            }))}
          />
        </Choice>
        <Choice name="Rows of tables" note="Compact rows show more images at once.">
          <Segmented
            label="Rows of tables"
            value={density}
            onValueChange={setDensity}
            options={[
              { value: "comfortable", label: "Comfortable" },
              { value: "compact", label: "Compact" },
            ]}
          />
        </Choice>
        <Choice
          name="Units of sizes"
          note={
            <>
              Ceph&apos;s commands use binary units. For example: <Bytes value={EXAMPLE_BYTES} />.
            </>
          }
        >
          <Segmented
            label="Units of sizes"
            value={units}
            onValueChange={setUnits}
            options={[
              { value: "iec", label: "GiB (1024)" },
              { value: "si", label: "GB (1000)" },
            ]}
          />
        </Choice>
        <Choice
          name="Time zone"
          note={
            <>
              It is now <Time at={new Date().toISOString()} show="absolute" />.
            </>
          }
        >
          <Select
            aria-label="Time zone"
            className="w-full sm:w-72"
            options={zones}
            value={zone ?? BROWSER}
            onValueChange={(next) => setZone(next === BROWSER ? null : next)}
          />
        </Choice>
      </div>
    </Panel>
  );
}

function Choice({ name, note, children }: { name: string; note: ReactNode; children: ReactNode }) {
  return (
    <div className="flex flex-wrap items-center justify-between gap-x-6 gap-y-2 px-4 py-3">
      <div className="min-w-0">
        <p className="font-medium">{name}</p>
        <p className="text-ink-3 text-xs">{note}</p>
      </div>
      <div className="max-sm:w-full">{children}</div>
    </div>
  );
}
