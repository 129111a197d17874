export { changeHeader, type HeaderChange, writeHeader } from "./header-changes.ts";
export { defineNote } from "./image-notes.ts";
