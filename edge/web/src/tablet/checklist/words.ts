import { clockTime } from "@medspasync/kit";
import type { Schemas } from "../../api/client";

export type Task = Schemas["ChecklistTask"];
export type Visit = Schemas["ChecklistVisit"];
export type Day = Schemas["ChecklistDay"];
export type Owner = Schemas["Owner"];

export const OWNERS: Owner[] = ["front_desk", "provider", "client", "system"];
export const REASONS: Schemas["SkipReason"][] = ["not_needed", "client_declined", "done_elsewhere", "no_time"];

export const isOpen = (task: Task) => task.state === "pending" || task.state === "overdue";

/** The time of day a task is due, with the weekday where that is another day than the visits'. */
export function dueTime(task: Task, { day, timezone }: Day): string {
  const due = new Date(task.due_at);
  const other = new Intl.DateTimeFormat("en-CA", { dateStyle: "short", timeZone: timezone }).format(due) !== day;
  return other
    ? `${new Intl.DateTimeFormat("en-GB", { weekday: "short", timeZone: timezone }).format(due)} ${clockTime(task.due_at, timezone)}`
    : clockTime(task.due_at, timezone);
}

/** How far away a time is, such as "in 20 min" or "25 min ago". */
export function distance(due: string, now: string): string {
  const minutes = Math.round((Date.parse(due) - Date.parse(now)) / 60_000);
  if (minutes === 0) return "now";
  const whole = Math.abs(minutes);
  const size = whole < 90 ? `${whole} min` : whole < 2880 ? `${Math.round(whole / 60)} h` : `${Math.round(whole / 1440)} d`;
  return minutes > 0 ? `in ${size}` : `${size} ago`;
}
