import { clockTime } from "@medspasync/kit";
import type { Schemas } from "../../api/client";

type Waitlist = Schemas["Waitlist"];
type Window = Schemas["WaitlistWindow"];

export const WEEKDAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"] as const;

export const ENDS: Record<Schemas["WaitlistOfferState"], { tone: string; text: string }> = {
  open: { tone: "warn", text: "Stands" },
  accepted: { tone: "good", text: "Booked" },
  declined: { tone: "quiet", text: "Declined" },
  expired: { tone: "quiet", text: "Ran out" },
  superseded: { tone: "bad", text: "Place gone" },
};

const dayOf = (iso: string, timeZone: string) =>
  new Intl.DateTimeFormat("en-CA", { dateStyle: "short", timeZone }).format(new Date(iso));

const short = (day: string) =>
  new Intl.DateTimeFormat("en-GB", { weekday: "short", day: "numeric", month: "short", timeZone: "UTC" }).format(
    new Date(`${day}T12:00:00Z`),
  );

/** A day of the clinic as people say it: Today, Tomorrow, Fri 14 Mar. */
export function dayText(iso: string, list: Waitlist): string {
  const day = dayOf(iso, list.timezone);
  if (day === dayOf(list.now, list.timezone)) return "Today";
  if (day === dayOf(new Date(Date.parse(list.now) + 86_400_000).toISOString(), list.timezone)) return "Tomorrow";
  return short(day);
}

/** A stretch of one day: Today 14:30–15:00. */
export function spanText(one: { starts_at: string; ends_at: string }, list: Waitlist): string {
  const from = clockTime(one.starts_at, list.timezone);
  return `${dayText(one.starts_at, list)} ${from}–${clockTime(one.ends_at, list.timezone)}`;
}

/** Days of the clinic, in order: Fri 14 Mar, or Fri 14 Mar – Mon 17 Mar. */
export function daysText(days: string[]): string {
  const [first, last] = [days[0], days.at(-1)];
  if (first === undefined || last === undefined) return "";
  return first === last ? short(first) : `${short(first)} – ${short(last)}`;
}

/** Minutes and seconds, or hours and minutes where there are many. */
export function countdown(seconds: number): string {
  const left = Math.max(0, Math.floor(seconds));
  const hours = Math.floor(left / 3600);
  const minutes = Math.floor((left % 3600) / 60);
  if (hours > 0) return `${hours} h ${String(minutes).padStart(2, "0")} min`;
  return `${minutes}:${String(left % 60).padStart(2, "0")}`;
}

/** Days and hours that suit a client. */
export function windowText(window: Window): string {
  const days = window.first_day === window.last_day ? short(window.first_day) : `${short(window.first_day)} – ${short(window.last_day)}`;
  const only = window.weekdays.length > 0 ? `, ${window.weekdays.map((day) => WEEKDAYS[day]).join(" ")}` : "";
  return `${days}${only}, ${window.starts.slice(0, 5)}–${window.ends.slice(0, 5)}`;
}
