import type { Metadata } from "next";
import { PolicyPage } from "#features/policies/policy-page.tsx";

export const metadata: Metadata = { title: "Policy" };

export default PolicyPage;
