import type { Metadata } from "next";
import { HistoryPage } from "#features/backups/history-page.tsx";

export const metadata: Metadata = { title: "Backup history" };

export default HistoryPage;
