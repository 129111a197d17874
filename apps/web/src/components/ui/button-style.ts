import { cva, type VariantProps } from "class-variance-authority";

/** Classes of everything that looks like a button, links too. */
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
          "border-danger-line bg-surface text-danger shadow-card hover:bg-danger-soft disabled:text-ink-3",
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

export type ButtonStyle = VariantProps<typeof buttonStyle>;
