import { unwrap } from "@medspasync/kit";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, type Schemas } from "../../api/client";
import type { Day } from "./words";

export interface Marking {
  visit: string;
  task: string;
  title: string;
  how: "done" | "skip" | "reopen";
  reason?: Schemas["SkipReason"];
}

/** A day with the tag that the box gave it; one changed here has none. */
interface Seen {
  tag: string | null;
  day: Day;
}

/** Asks for a day; one that is as it was seen is not sent again. */
async function newest(seen: Seen | undefined, day?: string): Promise<Seen> {
  const header = seen?.tag ? { "if-none-match": seen.tag } : {};
  const answer = api.GET("/api/checklist", { params: { query: { day: day ?? null }, header } });
  const response = await answer.then((one) => one.response).catch(() => undefined);
  if (seen && response?.status === 304) return seen;
  const told = await unwrap(answer);
  return { tag: response?.headers.get("ETag") ?? null, day: told };
}

const after = (day: string) => new Date(Date.parse(`${day}T12:00:00Z`) + 86_400_000).toISOString().slice(0, 10);

/** Today's checklist, or tomorrow's, kept fresh; `mark` answers with the day as it is then. */
export function useChecklist(ahead: boolean) {
  const queries = useQueryClient();
  const today = useQuery({
    queryKey: ["checklist", "today"],
    queryFn: () => newest(queries.getQueryData(["checklist", "today"])),
    refetchInterval: 5000,
  });
  const next = today.data && after(today.data.day.day);
  const tomorrow = useQuery({
    queryKey: ["checklist", "tomorrow", next],
    enabled: ahead && next !== undefined,
    queryFn: () => newest(queries.getQueryData(["checklist", "tomorrow", next]), next),
    refetchInterval: 5000,
  });
  const shown = ahead ? tomorrow : today;
  const mark = useMutation({
    mutationFn: async ({ visit, task, how, reason }: Marking): Promise<Day> => {
      const params = { path: { day: shown.data?.day.day ?? "", appointment_id: visit, task_id: task } };
      if (how === "done") return unwrap(api.POST("/api/checklist/{day}/{appointment_id}/{task_id}/done", { params }));
      if (how === "reopen") return unwrap(api.POST("/api/checklist/{day}/{appointment_id}/{task_id}/reopen", { params }));
      const body = { reason: reason ?? "not_needed" };
      return unwrap(api.POST("/api/checklist/{day}/{appointment_id}/{task_id}/skip", { params, body }));
    },
    onSuccess: (day) =>
      queries.setQueryData<Seen>(ahead ? ["checklist", "tomorrow", next] : ["checklist", "today"], { tag: null, day }),
  });
  return { day: shown.data?.day, error: shown.error, mark };
}
