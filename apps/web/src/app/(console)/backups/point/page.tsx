import type { Metadata } from "next";
import { PointPage } from "#features/backups/point-page.tsx";

export const metadata: Metadata = { title: "Backup" };

export default PointPage;
