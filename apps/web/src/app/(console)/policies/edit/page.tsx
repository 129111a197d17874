import type { Metadata } from "next";
import { PolicyEditor } from "#features/policies/policy-editor.tsx";

export const metadata: Metadata = { title: "Edit policy" };

export default PolicyEditor;
