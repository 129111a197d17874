/** Whether an image can be cloned at all: readable, and not in the trash. */
export function mayClone({ state, inTrash }: { state: "ok" | "unreadable"; inTrash: boolean }): boolean {
  return state === "ok" && !inTrash;
}
