import type { Metadata } from "next";
import { PoliciesPage } from "#features/policies/policies-page.tsx";

export const metadata: Metadata = { title: "Policies" };

export default PoliciesPage;
