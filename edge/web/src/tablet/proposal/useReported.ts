import { useEffect, useState } from "react";
import { useLocation, useNavigate } from "react-router";
import type { Proposal } from "./useProposing";

type Reported = Pick<Proposal, "id" | "state">;

/** Goes to the board with what was reported on another page. */
export function useShowOnBoard() {
  const navigate = useNavigate();
  return ({ id, state }: Reported) => navigate("/tablet", { state: { reported: { id, state } } });
}

/** What another page has reported, once: going back, or loading the page again, does not open it a second time. */
export function useReported(): Reported | undefined {
  const { state } = useLocation();
  const navigate = useNavigate();
  const [reported] = useState<Reported | undefined>((state as { reported?: Reported } | null)?.reported);
  useEffect(() => {
    if (reported) navigate(".", { replace: true, state: null });
  }, []);
  return reported;
}
