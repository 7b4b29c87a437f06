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

/** What a change leaves behind: "3 visits", "1 lunch", or both. */
export function hurtText(hurt: Hurt[]): string {
  const lunches = hurt.filter((one) => one.id.startsWith("lunch-")).length;
  const parts = [
    hurt.length > lunches && count(hurt.length - lunches, "visit", "visits"),
    lunches > 0 && count(lunches, "lunch", "lunches"),
  ];
  return parts.filter(Boolean).join(" and ");
}
