import type { Metadata } from "next";
import { TaskPage } from "#features/tasks/task-page.tsx";

export const metadata: Metadata = { title: "Task" };

export default TaskPage;
