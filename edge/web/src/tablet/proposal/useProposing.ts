import { unwrap } from "@medspasync/kit";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { api, type Schemas } from "../../api/client";
import { keepDay } from "../days";

export type Proposal = Schemas["Proposal"];
export type Disruption = Schemas["DisruptionRequest"]["disruption"];

/** Reports what happened; the answer was carried out, or is a proposal that waits. */
export function usePropose(day: { day: string; revision?: number }, done: (proposal: Proposal) => void) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (disruption: Disruption) =>
      unwrap(api.POST("/api/schedule/proposals", { body: { day: day.day, revision: day.revision ?? null, disruption } })),
    onSuccess: async (proposal) => {
      await queries.invalidateQueries({ queryKey: ["day"] });
      done(proposal);
    },
    onError: () => queries.invalidateQueries({ queryKey: ["day"] }),
  });
}

/** What people do with one proposal. */
export function useDeciding(proposal: Proposal, moved: (to: Proposal) => void, accepted: (id: string) => void) {
  const queries = useQueryClient();
  const path = { proposal_id: proposal.id };
  const renewed = async (next: Proposal) => {
    await queries.invalidateQueries({ queryKey: ["day"] });
    moved(next);
  };
  const onError = () => queries.invalidateQueries({ queryKey: ["day"] });
  const accept = useMutation({
    mutationFn: (choice: number) =>
      unwrap(api.POST("/api/schedule/proposals/{proposal_id}/accept", { params: { path }, body: { choice } })),
    onSuccess: (next) => {
      keepDay(queries, next);
      accepted(proposal.id);
    },
    onError,
  });
  const reject = useMutation({
    mutationFn: () => unwrap(api.POST("/api/schedule/proposals/{proposal_id}/reject", { params: { path } })),
    onSuccess: (next) => keepDay(queries, next),
    onError,
  });
  const renew = useMutation({
    mutationFn: () => unwrap(api.POST("/api/schedule/proposals/{proposal_id}/renew", { params: { path } })),
    onSuccess: renewed,
    onError,
  });
  const edit = useMutation({
    mutationFn: (body: Schemas["Pin"]) =>
      unwrap(api.POST("/api/schedule/proposals/{proposal_id}/edit", { params: { path }, body })),
    onSuccess: renewed,
    onError,
  });
  return { accept, reject, renew, edit };
}
