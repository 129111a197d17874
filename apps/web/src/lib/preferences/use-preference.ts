import { useStoredText } from "./stored-text.ts";

/**
 * A choice kept in this browser, one of `allowed`; the first is the default. Filters and selections belong into the
 * URL instead.
 */
export function usePreference<T extends string>(
  name: string,
  allowed: readonly [T, ...T[]],
): [T, (value: T) => void] {
  const [stored, set] = useStoredText(name);
  return [allowed.find((value) => value === stored) ?? allowed[0], set];
}
