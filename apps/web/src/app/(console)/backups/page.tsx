import type { Metadata } from "next";
import { BackupsPage } from "#features/backups/backups-page.tsx";

export const metadata: Metadata = { title: "Backups" };

export default BackupsPage;
