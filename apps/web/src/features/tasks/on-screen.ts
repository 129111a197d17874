import { useEffect } from "react";

const shown = new Set<string>();

/** Says that a task is shown in full while this is on screen, so that a toast about it would only repeat it. */
export function useOnScreen(taskId: string): void {
  useEffect(() => {
    shown.add(taskId);
    return () => {
      shown.delete(taskId);
    };
  }, [taskId]);
}

/** Whether a task is shown in full somewhere. */
export function isOnScreen(taskId: string): boolean {
  return shown.has(taskId);
}
