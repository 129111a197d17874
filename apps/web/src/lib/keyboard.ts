"use client";

import { type RefObject, useEffect } from "react";
import { usePreference } from "./preferences.ts";

let current: RefObject<HTMLInputElement | null> | null = null;

/** Makes `input` the search field of this page: "/" focuses it instead of opening the command palette. */
export function usePageSearch(input: RefObject<HTMLInputElement | null>): void {
  useEffect(() => {
    current = input;
    return () => {
      if (current === input) current = null;
    };
  }, [input]);
}

/** Focuses the search field of the page; false when the page has none. */
export function focusPageSearch(): boolean {
  const input = current?.current;
  if (input == null) return false;
  input.focus();
  input.select();
  return true;
}

/** Whether the focused element handles keys itself: a text field, or anything in an open dialog or menu. */
export function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable) return true;
  return target.closest("input, textarea, select, [role=dialog], [role=menu], [role=listbox]") !== null;
}

/** Whether the single-key shortcuts "/" and "?" are on. Users of speech input can turn them off (WCAG 2.1.4). */
export function useSingleKeys() {
  return usePreference("single-keys", ["on", "off"]);
}
