/** Why a running task is told to stop: somebody canceled it. */
export const CANCEL: DOMException = new DOMException("The task was canceled", "AbortError");

/** Why a running task is told to stop: the server is going down. */
export const SHUTDOWN: DOMException = new DOMException("The server is shutting down", "AbortError");
