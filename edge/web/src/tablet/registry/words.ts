import { clockTime } from "@medspasync/kit";
import type { Schemas } from "../../api/client";

type Hurt = Schemas["HurtVisit"];

export const count = (number: number, one: string, many: string) => `${number} ${number === 1 ? one : many}`;

const day = (iso: string, timeZone: string, style: Intl.DateTimeFormatOptions) =>
  new Intl.DateTimeFormat("en-GB", { ...style, timeZone }).format(new Date(iso));

/** When something was done, as short as it can be: 14:30 today, otherwise with the day. */
export function whenText(iso: string, today: string, timeZone: string): string {
  const date = new Intl.DateTimeFormat("en-CA", { dateStyle: "short", timeZone }).format(new Date(iso));
  const clock = clockTime(iso, timeZone);
  return date === today ? `today ${clock}` : `${day(iso, timeZone, { day: "numeric", month: "short" })} ${clock}`;
}

/** When a visit is that a change hurts: Thu 13 Mar 09:00. */
export function visitTime(one: Hurt, timeZone: string): string {
  const date = day(one.starts_at, timeZone, { weekday: "short", day: "numeric", month: "short" });
  return `${date.replace(",", "")} ${clockTime(one.starts_at, timeZone)}`;
}

/** A day of the calendar: Wed 4 Mar, with the year where it is not this one's. */
export function dayText(date: string, today: string): string {
  const year = date.slice(0, 4) === today.slice(0, 4) ? undefined : "numeric";
  const text = day(`${date}T12:00:00Z`, "UTC", { weekday: "short", day: "numeric", month: "short", year });
  return text.replace(",", "");
}

/** The day after a day of the calendar, or some days after it. */
export function dayAfter(date: string, days = 1): string {
  return new Date(Date.parse(`${date}T12:00:00Z`) + days * 86_400_000).toISOString().slice(0, 10);
}

/** What a change leaves behind: "3 visits", "1 lunch", or both. */
export function hurtText(hurt: Hurt[]): string {
  const lunches = hurt.filter((one) => one.id.startsWith("lunch-")).length;
  const parts = [
    hurt.length > lunches && count(hurt.length - lunches, "visit", "visits"),
    lunches > 0 && count(lunches, "lunch", "lunches"),
  ];
  return parts.filter(Boolean).join(" and ");
}
