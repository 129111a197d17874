/** The mark: shoots from one stump. Decorative; the name stands beside it. */
export function Logo({ className }: { className?: string }) {
  return (
    <svg
      aria-hidden="true"
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      strokeWidth="2"
      strokeLinecap="round"
      strokeLinejoin="round"
      className={className}
    >
      <path d="M5 21h14" />
      <path d="M12 21V5" />
      <path d="M9 21c0-4-3.5-4.5-3.5-9.5" />
      <path d="M15 21c0-4 3.5-4.5 3.5-9.5" />
      <circle cx="12" cy="4" r="1.5" fill="currentColor" />
      <circle cx="5.5" cy="10" r="1.5" fill="currentColor" />
      <circle cx="18.5" cy="10" r="1.5" fill="currentColor" />
    </svg>
  );
}
