import Link from "next/link";
import type { ComponentProps } from "react";
import { cn } from "#lib/cn.ts";
import { type ButtonStyle, buttonStyle } from "./button-style.ts";

/** A link that looks like a button: it goes somewhere and changes nothing. */
export function ButtonLink({
  variant,
  size,
  className,
  ...props
}: ComponentProps<typeof Link> & ButtonStyle) {
  return <Link className={cn(buttonStyle({ variant, size }), className)} {...props} />;
}
