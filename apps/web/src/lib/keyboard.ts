"use client";

import { type RefObject, useEffect } from "react";
import { usePreference } from "./preferences.ts";

let current: RefObject<HTMLInputElement | null> | null = null;

/** Makes `input` the search field of this page: "/" goes there instead of to the search over everything. */
export function usePageSearch(input: RefObject<HTMLInputElement | null>): void {
  useEffect(() => {
    current = input;
    return () => {
      if (current === input) current = null;
    };
  }, [input]);
}

/** Puts the cursor into the page's own search field; false when the page has none. */
export function focusPageSearch(): boolean {
  const input = current?.current;
  if (input == null) return false;
  input.focus();
  input.select();
  return true;
}

/** Whether keys belong to what has the focus: a text field, or anything in an open dialog or menu. */
export function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable) return true;
  return target.closest("input, textarea, select, [role=dialog], [role=menu], [role=listbox]") !== null;
}

/** Whether "/" and "?" work everywhere. People who dictate can switch them off (WCAG 2.1.4). */
export function useSingleKeys() {
  return usePreference("single-keys", ["on", "off"]);
}
