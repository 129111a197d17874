"use client";

import { SlidersHorizontal } from "lucide-react";
import { Button } from "#components/ui/button.tsx";
import {
  Menu,
  MenuCheckboxItem,
  MenuContent,
  MenuGroup,
  MenuLabel,
  MenuRadioGroup,
  MenuRadioItem,
  MenuSeparator,
  MenuTrigger,
} from "#components/ui/menu.tsx";
import { HIDEABLE } from "./columns.tsx";
import { useDensity, useHiddenColumns } from "./use-columns.ts";

/** How dense the table is and which columns it has. Kept in this browser. */
export function DisplayMenu() {
  const [density, setDensity] = useDensity();
  const [hidden, setHidden] = useHiddenColumns();
  return (
    <Menu>
      <MenuTrigger
        render={
          <Button
            variant="ghost"
            size="icon-sm"
            aria-label="Columns and density"
            title="Columns and density"
          />
        }
      >
        <SlidersHorizontal aria-hidden />
      </MenuTrigger>
      <MenuContent>
        <MenuRadioGroup value={density} onValueChange={setDensity}>
          <MenuLabel>Rows</MenuLabel>
          <MenuRadioItem value="comfortable" closeOnClick={false}>
            Comfortable
          </MenuRadioItem>
          <MenuRadioItem value="compact" closeOnClick={false}>
            Compact
          </MenuRadioItem>
        </MenuRadioGroup>
        <MenuSeparator />
        <MenuGroup>
          <MenuLabel>Columns, where there is room</MenuLabel>
          {HIDEABLE.map(({ id, title }) => (
            <MenuCheckboxItem
              key={id}
              checked={!hidden.has(id)}
              onCheckedChange={(visible) => setHidden(id, !visible)}
              closeOnClick={false}
            >
              {title}
            </MenuCheckboxItem>
          ))}
        </MenuGroup>
      </MenuContent>
    </Menu>
  );
}
