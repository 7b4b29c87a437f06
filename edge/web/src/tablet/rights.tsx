import { unwrap } from "@medspasync/kit";
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { api, type Schemas } from "../api/client";

type Action = Schemas["Action"];
type Guarded = Extract<Action, "change_schedule" | "decide_schedule">;

const WHY_NOT: Record<Guarded, string> = {
  change_schedule: "Your role can look at this, not change it. Ask somebody whose role can.",
  decide_schedule: "This is left to a manager. It waits here until one signs in and accepts it.",
};

/** Whether the box lets whoever stands here do something; while that is not known the box alone decides. */
export function useMay(action: Action): boolean {
  const { data } = useQuery({
    queryKey: ["rights"],
    queryFn: () => unwrap(api.GET("/api/sign-in/rights")),
    refetchInterval: 5000,
  });
  return data === undefined || data.actions.includes(action);
}

/** Why something cannot be done here, for those whose role does not allow it; `say` in words of its own. */
export function NoRight({ to, id, say }: { to: Guarded; id?: string; say?: string }) {
  return useMay(to) ? null : (
    <p className="no-right" id={id}>
      {say ?? WHY_NOT[to]}
    </p>
  );
}

/** Controls that only some may use; the others see them switched off. */
export function ForThoseWho({ may, children }: { may: Guarded; children: ReactNode }) {
  return (
    <fieldset className="guarded" disabled={!useMay(may)}>
      {children}
    </fieldset>
  );
}
