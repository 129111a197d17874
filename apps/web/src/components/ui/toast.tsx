"use client";

import { Toast as Base } from "@base-ui/react/toast";
import { CircleCheck, CircleX, Info, X } from "lucide-react";
import Link from "next/link";
import type { ReactNode } from "react";
import { cn } from "#lib/cn.ts";
import { buttonStyle } from "./button.tsx";

interface ToastData {
  tone: "good" | "bad" | "neutral";
  link?: { href: string; label: string };
  /** A button, such as "Undo". The toast closes when it is pressed. */
  action?: { label: string; run: () => void };
}

const manager = Base.createToastManager<ToastData>();

/** Notifies the user of an event. A toast must not be the only place that shows an error. */
export function toast(title: string, { description, ...data }: ToastData & { description?: string }): void {
  manager.add({
    title,
    ...(description === undefined ? {} : { description }),
    data,
    priority: data.tone === "bad" ? "high" : "low",
    timeout: data.tone === "bad" || data.action !== undefined ? 12_000 : 6_000,
  });
}

/** Renders the stack of toasts at the lower right. */
export function ToastProvider({ children }: { children: ReactNode }) {
  return (
    <Base.Provider toastManager={manager} limit={3}>
      {children}
      <Base.Portal>
        <Base.Viewport className="fixed right-4 bottom-16 z-60 flex w-88 max-w-[calc(100vw-2rem)] flex-col gap-2 md:bottom-4">
          <Toasts />
        </Base.Viewport>
      </Base.Portal>
    </Base.Provider>
  );
}

function Toasts() {
  const { toasts } = Base.useToastManager<ToastData>();
  return toasts.map((item) => (
    <Base.Root
      key={item.id}
      toast={item}
      className="rounded-lg bg-popup shadow-popup transition-[opacity,translate] duration-200 data-ending-style:translate-y-1 data-starting-style:translate-y-2 data-ending-style:opacity-0 data-starting-style:opacity-0 data-limited:hidden"
    >
      <Base.Content className="flex items-start gap-2.5 p-3 pr-10">
        <ToneIcon tone={item.data?.tone ?? "neutral"} />
        <div className="min-w-0 flex-1">
          <Base.Title className="wrap-anywhere font-medium text-sm" />
          <Base.Description className="wrap-anywhere text-ink-2 text-xs" />
          <span className="mt-1 flex gap-4 font-medium text-brand text-xs empty:hidden">
            {item.data?.action !== undefined && (
              <button
                type="button"
                onClick={() => {
                  item.data?.action?.run();
                  manager.close(item.id);
                }}
                className="rounded-sm hover:underline"
              >
                {item.data.action.label}
              </button>
            )}
            {item.data?.link !== undefined && (
              <Link href={item.data.link.href} className="hover:underline">
                {item.data.link.label}
              </Link>
            )}
          </span>
        </div>
        <Base.Close
          aria-label="Dismiss"
          className={cn(buttonStyle({ variant: "ghost", size: "icon-sm" }), "absolute top-2 right-2 size-6")}
        >
          <X aria-hidden />
        </Base.Close>
      </Base.Content>
    </Base.Root>
  ));
}

function ToneIcon({ tone }: { tone: ToastData["tone"] }) {
  const style = "mt-0.5 size-4 shrink-0";
  if (tone === "good") return <CircleCheck aria-hidden className={cn(style, "text-brand")} />;
  if (tone === "bad") return <CircleX aria-hidden className={cn(style, "text-danger")} />;
  return <Info aria-hidden className={cn(style, "text-ink-3")} />;
}
