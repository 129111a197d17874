/**
 * Where to go after signing in: `wanted` when it is a path of this dashboard, else the overview. Anything that a
 * browser could read as another host (`//host`, `/\host`, `https:…`) is refused.
 */
export function safeNextPath(wanted: string | null | undefined): string {
  if (wanted == null || !/^\/(?![/\\])/.test(wanted)) return "/";
  if (/[\\\s]/.test(wanted) || wanted.startsWith("/sign-in")) return "/";
  return wanted;
}
