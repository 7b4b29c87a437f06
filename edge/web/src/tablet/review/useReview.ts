import { ApiError, unwrap } from "@medspasync/kit";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { api, type Schemas } from "../../api/client";

export type Review = Schemas["Review"];
export type Finding = Schemas["ReviewFinding"];
export type Entry = Schemas["ReviewEntry"];
export type Correction = Schemas["NewCorrection"];
export type QueueItem = Schemas["ReviewQueueItem"];

const PURPOSE = "provider_review";

/** Anything a reviewer does to one review; the revision they saw goes with it. */
export type Step =
  | { kind: "correct"; corrections: Correction[] }
  | { kind: "undo"; correction: string }
  | { kind: "sign"; signer: string }
  | { kind: "reopen" };

function send(id: string, revision: number, step: Step) {
  const params = { path: { capture_id: id } };
  switch (step.kind) {
    case "correct":
      return api.POST("/api/captures/{capture_id}/review/corrections", {
        params,
        body: { revision, corrections: step.corrections },
      });
    case "undo":
      return api.POST("/api/captures/{capture_id}/review/undo", {
        params,
        body: { revision, correction_id: step.correction },
      });
    case "sign":
      return api.POST("/api/captures/{capture_id}/review/sign", { params, body: { revision, signer_id: step.signer } });
    case "reopen":
      return api.POST("/api/captures/{capture_id}/review/reopen", { params, body: { revision, note: "" } });
  }
}

export function useQueue(signed: boolean) {
  return useQuery({
    queryKey: ["review-queue", signed],
    queryFn: () => unwrap(api.GET("/api/review/queue", { params: { query: { signed, limit: 200 } } })),
    refetchInterval: 5000,
  });
}

export function useFigures(wanted: boolean) {
  return useQuery({
    queryKey: ["review-statistics"],
    enabled: wanted,
    queryFn: () => unwrap(api.GET("/api/review/statistics")),
  });
}

export function useCapture(id: string | undefined) {
  return useQuery({
    queryKey: ["capture", id],
    enabled: id !== undefined,
    queryFn: () => unwrap(api.GET("/api/captures/{capture_id}", { params: { path: { capture_id: id as string } } })),
  });
}

/** One review as it stands. */
export function useStandingReview(id: string | undefined) {
  return useQuery({
    queryKey: ["review", id],
    enabled: id !== undefined,
    refetchInterval: 5000,
    queryFn: () => unwrap(api.GET("/api/captures/{capture_id}/review", { params: { path: { capture_id: id as string } } })),
  });
}

/** One review and the way to change it; a step made on an outdated state is refused and the present one shown. */
export function useReview(id: string | undefined) {
  const queries = useQueryClient();
  const found = useStandingReview(id);
  const step = useMutation({
    mutationFn: async (what: Step) => {
      const seen = queries.getQueryData<Review>(["review", id]);
      // A read under way was asked before this step and must not overwrite its answer.
      await queries.cancelQueries({ queryKey: ["review", id] });
      return unwrap(send(id as string, seen?.revision ?? 0, what));
    },
    onSuccess: (next, what) => {
      queries.setQueryData(["review", next.capture_id], next);
      void queries.invalidateQueries({ queryKey: ["review-queue"] });
      if (what.kind === "sign" || what.kind === "reopen") {
        void queries.invalidateQueries({ queryKey: ["capture", next.capture_id] });
        void queries.invalidateQueries({ queryKey: ["review-statistics"] });
      }
    },
    onError: (error) => {
      if (error instanceof ApiError && error.status === 409) void queries.invalidateQueries({ queryKey: ["review", id] });
    },
  });
  const reset = step.reset;
  // What was refused on one photograph says nothing about the next.
  useEffect(() => reset(), [id, reset]);
  return { review: found.data, error: found.error, step };
}

/** The photograph's bytes as an address the page can show; reading them is on record. */
export function usePhotoAddress(id: string | undefined) {
  const { data, error } = useQuery({
    queryKey: ["photo-blob", id],
    enabled: id !== undefined,
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 60_000,
    queryFn: async () => {
      const blob = await unwrap(
        api.GET("/api/captures/{capture_id}/image", {
          params: { path: { capture_id: id as string }, header: { "X-Purpose": PURPOSE } },
          parseAs: "blob",
        }),
      );
      return blob as unknown as Blob;
    },
  });
  const [address, setAddress] = useState<string>();
  useEffect(() => {
    if (data === undefined) return;
    const made = URL.createObjectURL(data);
    setAddress(made);
    return () => {
      setAddress(undefined);
      URL.revokeObjectURL(made);
    };
  }, [data]);
  return { address, error };
}
