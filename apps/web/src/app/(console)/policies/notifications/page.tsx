import type { Metadata } from "next";
import { NotificationsPage } from "#features/policies/notifications-page.tsx";

export const metadata: Metadata = { title: "Notifications" };

export default NotificationsPage;
