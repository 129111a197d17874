import type { Metadata } from "next";
import { TargetsPage } from "#features/backups/targets-page.tsx";

export const metadata: Metadata = { title: "Backup targets" };

export default TargetsPage;
