"use client";

import { QueryClientProvider } from "@tanstack/react-query";
import { ThemeProvider } from "next-themes";
import { NuqsAdapter } from "nuqs/adapters/next/app";
import type { ReactNode } from "react";
import { TooltipProvider } from "#components/ui/popover.tsx";
import { ToastProvider } from "#components/ui/toast.tsx";
import { queryClient } from "#lib/api.ts";

/** The contexts that every page needs, including the sign-in page. */
export function Providers({ children }: { children: ReactNode }) {
  return (
    <ThemeProvider attribute="data-theme" storageKey="coppice.theme" enableColorScheme={false}>
      <QueryClientProvider client={queryClient}>
        <NuqsAdapter>
          <TooltipProvider delay={400}>
            <ToastProvider>{children}</ToastProvider>
          </TooltipProvider>
        </NuqsAdapter>
      </QueryClientProvider>
    </ThemeProvider>
  );
}
