export { changeHeader, type HeaderChange, writeHeader } from "./header-changes.ts";
export { defineNote, type ImageNote } from "./image-notes.ts";
