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

/** What is about to be done with the registry: the draft saved, the latest change taken back, the file taken over. */
export type Plan = { kind: "save"; document: Clinic } | { kind: "undo"; change: Change } | { kind: "file" };

const asDocument = (clinic: Clinic) => clinic as unknown as Record<string, never>;

/** Asks the box what a plan would change and hurt. */
export function ask(plan: Plan): Promise<Effect> {
  return unwrap(
    api.POST("/api/clinic/registry/check", {
      body: {
        document: plan.kind === "save" ? asDocument(plan.document) : null,
        undo: plan.kind === "undo" ? plan.change.id : null,
      },
    }),
  );
}

function carryOut(plan: Plan, version: number, confirmed: string[]): Promise<State> {
  if (plan.kind === "save") {
    return unwrap(api.POST("/api/clinic/registry", { body: { version, confirmed, document: asDocument(plan.document) } }));
  }
  if (plan.kind === "undo") {
    return unwrap(api.POST("/api/clinic/registry/undo", { body: { version, confirmed, change: plan.change.id } }));
  }
  return unwrap(api.POST("/api/clinic/registry/file", { body: { version, confirmed, take: true } }));
}

/** The registry as the box has it, a draft of it, and what can be done with both. */
export function useRegistry() {
  const queries = useQueryClient();
  const [draft, setDraft] = useState<{ version: number; clinic: Clinic } | null>(null);
  const query = useQuery({
    queryKey: ["registry"],
    queryFn: () => unwrap(api.GET("/api/clinic/registry")),
    refetchInterval: 5000,
  });
  const settled = (state: State) => {
    queries.setQueryData(["registry"], state);
    return Promise.all(["day", "waitlist", "checklist"].map((name) => queries.invalidateQueries({ queryKey: [name] })));
  };
  const act = useMutation({
    mutationFn: ({ plan, confirmed }: { plan: Plan; confirmed: string[] }) =>
      carryOut(plan, plan.kind === "save" ? (draft?.version ?? 0) : (query.data?.version ?? 0), confirmed),
    onSuccess: (state) => {
      setDraft(null);
      return settled(state);
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
    queryFn: () => ask({ kind: "save", document: (draft as { clinic: Clinic }).clinic }),
    placeholderData: (last) => last,
  });
  return {
    ...query,
    clinic,
    counts,
    drafted: draft !== null,
    /** Another tablet saved something since this draft was begun. */
    overtaken: draft !== null && query.data !== undefined && draft.version !== query.data.version,
    effect: draft === null ? undefined : effect.data,
    change: (next: Clinic) => setDraft({ version: draft?.version ?? query.data?.version ?? 0, clinic: next }),
    discard: () => setDraft(null),
    act,
    leave,
  };
}

export type Registering = ReturnType<typeof useRegistry>;
