import { clockTime } from "@medspasync/kit";
import type { Schemas } from "../../api/client";

type Day = Schemas["ScheduleDay"];

const MINUTE_MS = 60_000;

function minutes(clock: string): number {
  const [hours, rest] = clock.split(":").map(Number);
  return (hours ?? 0) * 60 + (rest ?? 0);
}

/** The moment of a time of the clinic's day, such as "14:30". */
export function momentOf(day: Day, clock: string): string {
  const opens = minutes(clockTime(day.opens_at, day.timezone));
  return new Date(Date.parse(day.opens_at) + (minutes(clock) - opens) * MINUTE_MS).toISOString();
}

/** Every start of the day on the grid of five minutes, from the next one on. */
export function startsOf(day: Day): string[] {
  const grid = 5 * MINUTE_MS;
  const first = Math.max(Date.parse(day.opens_at), Math.ceil(Date.parse(day.now) / grid) * grid);
  const count = Math.max(0, Math.floor((Date.parse(day.closes_at) - first) / grid));
  return Array.from({ length: count }, (_, index) => clockTime(new Date(first + index * grid).toISOString(), day.timezone));
}

/** The name of a provider, room or device. */
export function nameOf(day: Day, id?: string | null): string {
  return [...day.providers, ...day.rooms, ...day.devices].find((one) => one.id === id)?.name ?? "";
}
