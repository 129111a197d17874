import { useEffect } from "react";

/** Names what the page shows in the window's title: tabs and history are told apart by it. Null leaves it alone. */
export function useTitle(title: string | null): void {
  useEffect(() => {
    if (title !== null) document.title = `${title} · Coppice`;
  }, [title]);
}
