import { unwrap } from "@medspasync/kit";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, type Schemas } from "../../api/client";
import type { Clinic } from "./document";

export type State = Schemas["RegistryState"];
export type Effect = Schemas["RegistryEffect"];
export type Fault = Schemas["RegistryFault"];
export type Change = Schemas["RegistryChange"];
export type Pace = Schemas["ProviderPace"];

/** A clinic as somebody has edited it: of which day's registry it was made, and the first day it is for, if not now. */
export interface Draft {
  clinic: Clinic;
  version: number;
  draftedOn: string;
  from: string | null;
}

/** What is about to be done with the registry: the draft saved, a change taken back, the file taken over. */
export type Plan = { kind: "save"; draft: Draft } | { kind: "undo"; change: Change } | { kind: "file" };

const asDocument = (clinic: Clinic) => clinic as unknown as Record<string, never>;

/** Asks the box what a plan would change and hurt. */
export function ask(plan: Plan): Promise<Effect> {
  return unwrap(
    api.POST("/api/clinic/registry/check", {
      body: {
        ...(plan.kind === "save" ? edits(plan.draft) : {}),
        undo: plan.kind === "undo" ? plan.change.id : null,
      },
    }),
  );
}

const edits = (draft: Draft) => ({ document: asDocument(draft.clinic), drafted_on: draft.draftedOn, valid_from: draft.from });

function carryOut(plan: Plan, version: number, confirmed: string[]): Promise<State> {
  if (plan.kind === "save") {
    return unwrap(api.POST("/api/clinic/registry", { body: { version, confirmed, ...edits(plan.draft) } }));
  }
  if (plan.kind === "undo") {
    return unwrap(api.POST("/api/clinic/registry/undo", { body: { version, confirmed, change: plan.change.id } }));
  }
  return unwrap(api.POST("/api/clinic/registry/file", { body: { version, confirmed, take: true } }));
}

/** The registry as the box has it for today or a day to come, a draft of it, and what can be done with both. */
export function useRegistry() {
  const queries = useQueryClient();
  const [on, showOn] = useState<string | null>(null);
  const [draft, setDraft] = useState<Draft | null>(null);
  const query = useQuery({
    queryKey: ["registry", on],
    queryFn: () => unwrap(api.GET("/api/clinic/registry", { params: { query: on === null ? {} : { on } } })),
    refetchInterval: 5000,
    placeholderData: (last) => last,
  });
  const settled = () =>
    Promise.all(["registry", "day", "waitlist", "checklist"].map((name) => queries.invalidateQueries({ queryKey: [name] })));
  const act = useMutation({
    mutationFn: ({ plan, confirmed }: { plan: Plan; confirmed: string[] }) =>
      carryOut(plan, plan.kind === "save" ? (draft?.version ?? 0) : (query.data?.version ?? 0), confirmed),
    onSuccess: () => {
      setDraft(null);
      return settled();
    },
    onError: () => queries.invalidateQueries({ queryKey: ["registry"] }),
  });
  const leave = useMutation({
    mutationFn: () =>
      unwrap(api.POST("/api/clinic/registry/file", { body: { version: query.data?.version ?? 0, confirmed: [], take: false } })),
    onSuccess: settled,
  });
  const counts = query.data?.document as unknown as Clinic | undefined;
  const clinic = draft?.clinic ?? counts;
  const effect = useQuery({
    queryKey: ["registry-draft", draft],
    enabled: draft !== null,
    queryFn: () => ask({ kind: "save", draft: draft as Draft }),
    placeholderData: (last) => last,
  });
  const begun = ({ version, shown_on: draftedOn, today }: State): Omit<Draft, "clinic"> =>
    draft ?? { version, draftedOn, from: draftedOn === today ? null : draftedOn };
  return {
    ...query,
    clinic,
    counts,
    /** The day whose registry is looked at; none for today. */
    on,
    showOn,
    draft,
    /** Another tablet saved something since this draft was begun. */
    overtaken: draft !== null && query.data !== undefined && draft.version !== query.data.version,
    effect: draft === null ? undefined : effect.data,
    change: (next: Clinic) => {
      if (query.data) setDraft({ ...begun(query.data), clinic: next });
    },
    /** Of which day a draft is, or would be, and from when on it counts. */
    begun,
    countFrom: (from: string | null) => draft && setDraft({ ...draft, from }),
    discard: () => setDraft(null),
    act,
    leave,
  };
}

export type Registering = ReturnType<typeof useRegistry>;
