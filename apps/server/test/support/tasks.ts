import type { Task } from "../../src/router.ts";
import { type Browser, isTaskEnd, type Message, until } from "./browser.ts";

/** Waits until a task has ended. @throws when it did not succeed */
export async function succeeded(browser: Browser, start: () => Promise<{ taskId: string }>): Promise<Task> {
  const task = await ended(browser, start);
  if (task.state !== "succeeded")
    throw new Error(`${task.title}: ${task.state}: ${JSON.stringify(task.error)}`);
  return task;
}

/** Starts a task and waits until it has ended, however it did. */
export async function ended(browser: Browser, start: () => Promise<{ taskId: string }>): Promise<Task> {
  const messages = browser.events();
  await until(messages, ({ kind }) => kind === "connected");
  const { taskId } = await start();
  const isEnd = (message: Message) =>
    isTaskEnd(message) && message.event?.type === "task" && message.event.task.id === taskId;
  await until(messages, isEnd);
  await messages.return(undefined);
  return await browser.trpc.tasks.get.query({ id: taskId });
}
