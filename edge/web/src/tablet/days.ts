import type { QueryClient } from "@tanstack/react-query";
import { useSearchParams } from "react-router";
import type { Schemas } from "../api/client";

/** The day that the board shows, from its address; none for today. */
export function useShownDay(): string | null {
  const day = useSearchParams()[0].get("day");
  return day !== null && /^\d{4}-\d{2}-\d{2}$/.test(day) ? day : null;
}

/** Shows a day as the box has just answered it, wherever that day is shown. */
export function keepDay(queries: QueryClient, next: Schemas["ScheduleDay"]) {
  queries.setQueriesData<Schemas["ScheduleDay"]>({ queryKey: ["day"] }, (old) => (old?.day === next.day ? next : old));
}
