"use client";

import { type RefObject, useEffect } from "react";

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
