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

const after = (day: string) => new Date(Date.parse(`${day}T12:00:00Z`) + 86_400_000).toISOString().slice(0, 10);

/** Today's checklist, or tomorrow's, kept fresh; `mark` answers with the day as it is then. */
export function useChecklist(ahead: boolean) {
  const queries = useQueryClient();
  const today = useQuery({
    queryKey: ["checklist", "today"],
    queryFn: () => unwrap(api.GET("/api/checklist")),
    refetchInterval: 5000,
  });
  const next = today.data && after(today.data.day);
  const tomorrow = useQuery({
    queryKey: ["checklist", "tomorrow", next],
    enabled: ahead && next !== undefined,
    queryFn: () => unwrap(api.GET("/api/checklist", { params: { query: { day: next } } })),
    refetchInterval: 5000,
  });
  const shown = ahead ? tomorrow : today;
  const mark = useMutation({
    mutationFn: async ({ visit, task, how, reason }: Marking): Promise<Day> => {
      const params = { path: { day: shown.data?.day ?? "", appointment_id: visit, task_id: task } };
      if (how === "done") return unwrap(api.POST("/api/checklist/{day}/{appointment_id}/{task_id}/done", { params }));
      if (how === "reopen") return unwrap(api.POST("/api/checklist/{day}/{appointment_id}/{task_id}/reopen", { params }));
      const body = { reason: reason ?? "not_needed" };
      return unwrap(api.POST("/api/checklist/{day}/{appointment_id}/{task_id}/skip", { params, body }));
    },
    onSuccess: (day) => queries.setQueryData(ahead ? ["checklist", "tomorrow", next] : ["checklist", "today"], day),
  });
  return { day: shown.data, error: shown.error, mark };
}
