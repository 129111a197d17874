import { Button as BaseButton } from "@base-ui/react/button";
import type { ComponentProps } from "react";
import { cn } from "#lib/cn.ts";
import { type ButtonStyle, buttonStyle } from "./button-style.ts";

type ButtonProps = Omit<ComponentProps<typeof BaseButton>, "className"> &
  ButtonStyle & { className?: string };

/** A button. Icon-only ones need an `aria-label`. */
export function Button({ variant, size, className, ...props }: ButtonProps) {
  return <BaseButton className={cn(buttonStyle({ variant, size }), className)} {...props} />;
}
