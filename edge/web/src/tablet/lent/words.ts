import { clockTime } from "@medspasync/kit";
import type { Schemas } from "../../api/client";

type Day = Schemas["ScheduleDay"];
type Slot = Schemas["LentSlot"];
type Given = Schemas["GivenUpSlot"];

export const SAYS: Record<Slot["state"], string> = {
  lent: "held for online booking",
  asked_back: "asked back",
  in_doubt: "in doubt, held for online booking",
};

const dayOf = (iso: string, timeZone: string) =>
  new Intl.DateTimeFormat("en-CA", { dateStyle: "short", timeZone }).format(new Date(iso));

const short = (day: string) =>
  new Intl.DateTimeFormat("en-GB", { weekday: "short", day: "numeric", month: "short", timeZone: "UTC" }).format(
    new Date(`${day}T12:00:00Z`),
  );

/** A moment as the board tells it: the time, and the day where that is another than the board's. */
export function whenText(iso: string, day: Day): string {
  const other = dayOf(iso, day.timezone);
  const at = clockTime(iso, day.timezone);
  return other === day.day ? at : `${short(other)} ${at}`;
}

/** What is in doubt about a slot. */
export function doubtText(day: Day, slot: Slot): string {
  switch (slot.doubt) {
    case "hub_restored":
      return "The hub was restored from a backup after it got this slot, and may have forgotten that somebody bought it.";
    case "hub_not_heard":
      return `Its time to be sold ended at ${whenText(slot.until, day)}. The hub is not reached, so nobody here knows whether somebody bought it before.`;
    case "given_up_before":
      return "It was given up once and then held again. The hub sells it no more, but may have sold it before.";
    default:
      return "";
  }
}

/** What to look at before a slot in doubt is given up. */
export function checkText(slot: Slot): string {
  return slot.doubt === "hub_restored"
    ? "Ask whoever runs the hub, and look for a confirmation or a payment for this time."
    : "Look at this time in the portal, from a phone if need be: what is sold there is sold. Or wait until the hub is reached; then it says so itself.";
}

/** How a held slot stands, in a few words. */
export function stateText(day: Day, slot: Slot): string {
  if (slot.state === "in_doubt") {
    return slot.doubt_since ? `in doubt since ${whenText(slot.doubt_since, day)}` : "in doubt";
  }
  if (slot.state === "asked_back") return "asked back, held until the hub answers";
  if (Date.parse(slot.until) <= Date.parse(day.now)) return "no longer sold, held until the hub answers";
  return `the hub can sell it until ${whenText(slot.until, day)}`;
}

/** What is known of a slot that was given up. */
export function fateText(given: Given): string {
  if (given.fate === "sold") return "It had been sold: the sale is a visit now.";
  return given.fate === "not_sold" ? "The hub has said since that nobody had bought it." : "Nothing has been heard of a sale.";
}
