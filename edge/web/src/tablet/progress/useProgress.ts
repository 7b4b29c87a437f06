import { unwrap } from "@medspasync/kit";
import { useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { api, type Schemas } from "../../api/client";

export type Timeline = Schemas["Timeline"];
export type ViewTimeline = Schemas["ViewTimeline"];
export type TimelinePoint = Schemas["TimelinePoint"];
export type Comparison = Schemas["Comparison"];
export type Mark = Schemas["ComparisonMark"];
export type Change = Schemas["ComparisonChange"];
export type Measure = Schemas["ProgressMeasure"];
export type MarkKind = Schemas["MarkKind"];

const HEADER = { "X-Purpose": "provider_review" };
const PICTURES = { staleTime: Number.POSITIVE_INFINITY, gcTime: 60_000 };

export function useClients(query: string) {
  return useQuery({
    queryKey: ["clients", query],
    queryFn: () => unwrap(api.POST("/api/clients/search", { body: { query, limit: 30 } })),
    placeholderData: (last) => last,
  });
}

export function useTimeline(client: string | undefined) {
  return useQuery({
    queryKey: ["timeline", client],
    enabled: client !== undefined,
    queryFn: () => unwrap(api.GET("/api/clients/{client_id}/timeline", { params: { path: { client_id: client as string } } })),
  });
}

export function useComparison(after: string | undefined, before: string | undefined) {
  return useQuery({
    queryKey: ["comparison", after, before],
    enabled: after !== undefined && before !== undefined,
    staleTime: 60_000,
    queryFn: () =>
      unwrap(
        api.GET("/api/captures/{capture_id}/compare/{other_id}", {
          params: { path: { capture_id: after as string, other_id: before as string } },
        }),
      ),
  });
}

/** A photograph as taken. */
export function useOriginal(id: string | undefined) {
  const found = useQuery({
    ...PICTURES,
    queryKey: ["photo-blob", id],
    enabled: id !== undefined,
    queryFn: () =>
      unwrap(
        api.GET("/api/captures/{capture_id}/image", {
          params: { path: { capture_id: id as string }, header: HEADER },
          parseAs: "blob",
        }),
      ),
  });
  return { address: useAddress(found.data), error: found.error };
}

/** The earlier photograph laid onto the later one. */
export function useAligned(after: string | undefined, before: string | undefined) {
  const found = useQuery({
    ...PICTURES,
    queryKey: ["aligned-blob", after, before],
    enabled: after !== undefined && before !== undefined,
    queryFn: () =>
      unwrap(
        api.GET("/api/captures/{capture_id}/aligned/{other_id}/image", {
          params: { path: { capture_id: after as string, other_id: before as string }, header: HEADER },
          parseAs: "blob",
        }),
      ),
  });
  return { address: useAddress(found.data), error: found.error };
}

/** A small picture of a capture found by look; refused once its client has withdrawn. */
export function useFound(asked: string, found: string | undefined) {
  const picture = useQuery({
    queryKey: ["similar-blob", asked, found],
    enabled: found !== undefined,
    staleTime: 0,
    gcTime: 0,
    queryFn: () =>
      unwrap(
        api.GET("/api/captures/{capture_id}/similar/{found_id}/image", {
          params: { path: { capture_id: asked, found_id: found as string }, header: { "X-Purpose": "similar_cases" } },
          parseAs: "blob",
        }),
      ),
  });
  return { address: useAddress(picture.data), error: picture.error };
}

/** Bytes as an address the page can show, given back when they are no longer shown. */
function useAddress(data: unknown): string | undefined {
  const [address, setAddress] = useState<string>();
  useEffect(() => {
    if (data === undefined) return;
    const made = URL.createObjectURL(data as Blob);
    setAddress(made);
    return () => {
      setAddress(undefined);
      URL.revokeObjectURL(made);
    };
  }, [data]);
  return address;
}

export function shortDate(iso: string, language: string): string {
  const locale = language === "en" ? "en-GB" : language;
  return new Date(iso).toLocaleDateString(locale, { day: "numeric", month: "short", year: "numeric" });
}

/** A number with as many digits as tell something. */
export function figure(value: number): string {
  if (Number.isInteger(value)) return String(value);
  const size = Math.abs(value);
  return value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3);
}
