import { Compass } from "lucide-react";
import type { Metadata } from "next";
import { EmptyState } from "#components/state.tsx";
import { ButtonLink } from "#components/ui/button.tsx";

export const metadata: Metadata = { title: "Not found" };

export default function NotFound() {
  return (
    <main className="flex min-h-dvh items-center justify-center">
      <EmptyState
        icon={Compass}
        heading="h1"
        title="Page not found"
        actions={<ButtonLink href="/">Go to the overview</ButtonLink>}
      >
        Check the address, or start from the overview.
      </EmptyState>
    </main>
  );
}
