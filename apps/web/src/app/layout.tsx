import type { Metadata, Viewport } from "next";
import type { ReactNode } from "react";
import { Providers } from "#features/shell/providers.tsx";
import "./globals.css";

export const metadata: Metadata = {
  title: { default: "Coppice", template: "%s · Coppice" },
  description: "Clone, back up and see Ceph RBD images",
  robots: { index: false, follow: false },
};

export const viewport: Viewport = { width: "device-width", initialScale: 1, colorScheme: "light dark" };

export default function RootLayout({ children }: { children: ReactNode }) {
  return (
    // A script sets the theme before the first paint, so the attributes may differ from those of the static file.
    <html lang="en" suppressHydrationWarning>
      <body>
        <Providers>{children}</Providers>
      </body>
    </html>
  );
}
