import type { Metadata } from "next";
import { LineagePage } from "#features/lineage/lineage-page.tsx";

export const metadata: Metadata = { title: "Lineage" };

export default LineagePage;
