"use client";

import { Button as BaseButton } from "@base-ui/react/button";
import { cva, type VariantProps } from "class-variance-authority";
import { Check, Copy } from "lucide-react";
import Link from "next/link";
import { type ComponentProps, useEffect, useState } from "react";
import { cn } from "#lib/cn.ts";

/** The classes of everything that looks like a button, including links. */
export const buttonStyle = cva(
  "inline-flex shrink-0 select-none items-center justify-center gap-1.5 whitespace-nowrap rounded-md border font-medium transition-colors duration-100 disabled:pointer-events-none data-disabled:pointer-events-none [&_svg]:shrink-0",
  {
    variants: {
      variant: {
        primary:
          "border-transparent bg-brand text-on-brand shadow-card hover:bg-brand-strong disabled:bg-hover disabled:text-ink-3 disabled:shadow-none data-disabled:bg-hover data-disabled:text-ink-3 data-disabled:shadow-none",
        secondary:
          "border-line-strong bg-surface text-ink shadow-card hover:bg-hover disabled:text-ink-3 disabled:shadow-none data-disabled:text-ink-3",
        ghost:
          "border-transparent text-ink-2 hover:bg-hover hover:text-ink aria-expanded:bg-hover data-popup-open:bg-hover disabled:text-ink-3",
        danger:
          "border-danger-line bg-surface text-danger shadow-card hover:bg-danger-soft disabled:text-ink-3 data-disabled:border-line data-disabled:text-ink-3 data-disabled:shadow-none",
      },
      size: {
        sm: "h-7 px-2 text-xs [&_svg]:size-3.5",
        md: "h-8 px-3 text-sm [&_svg]:size-4",
        icon: "size-8 [&_svg]:size-4",
        "icon-sm": "size-7 [&_svg]:size-4",
      },
    },
    defaultVariants: { variant: "secondary", size: "md" },
  },
);

type ButtonStyle = VariantProps<typeof buttonStyle>;

type ButtonProps = Omit<ComponentProps<typeof BaseButton>, "className"> &
  ButtonStyle & { className?: string | undefined };

/** A button. A button that shows an icon only needs an `aria-label`. */
export function Button({ variant, size, className, ...props }: ButtonProps) {
  return <BaseButton className={cn(buttonStyle({ variant, size }), className)} {...props} />;
}

/** A link that looks like a button. It leads to another page and changes nothing. */
export function ButtonLink({
  variant,
  size,
  className,
  ...props
}: ComponentProps<typeof Link> & ButtonStyle) {
  return <Link className={cn(buttonStyle({ variant, size }), className)} {...props} />;
}

/** Copies `text` to the clipboard and confirms it for two seconds. */
export function CopyButton({
  text,
  label,
  className,
}: {
  text: string;
  label: string;
  className?: string | undefined;
}) {
  const [state, setState] = useState<"idle" | "copied" | "failed">("idle");
  useEffect(() => {
    if (state === "idle") return;
    const timer = setTimeout(() => setState("idle"), 2000);
    return () => clearTimeout(timer);
  }, [state]);

  const copy = () =>
    navigator.clipboard.writeText(text).then(
      () => setState("copied"),
      () => setState("failed"),
    );

  return (
    <Button
      variant="ghost"
      size="icon-sm"
      aria-label={label}
      title={state === "failed" ? "The browser did not allow copying" : label}
      onClick={() => void copy()}
      className={cn("size-6 [&_svg]:size-3.5", className)}
    >
      {state === "copied" ? <Check aria-hidden className="text-brand" /> : <Copy aria-hidden />}
      <span role="status" className="sr-only">
        {state === "copied" ? "Copied" : state === "failed" ? "Could not copy" : ""}
      </span>
    </Button>
  );
}
