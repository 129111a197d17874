"use client";

import { type Links, links } from "#lib/links.ts";

/** The addresses of the dashboard's pages. */
export function useLinks(): Links {
  return links;
}
