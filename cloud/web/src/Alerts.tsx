import { Alert, Button, Group, TextInput } from "@mantine/core";
import { sentenceOf, unwrap } from "@medspasync/kit";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { api, type Schemas } from "./api/client";

type AuditAlert = Schemas["AuditAlert"];

const TITLES: Record<AuditAlert["kind"], string> = {
  mass_reads: "Many photographs opened",
  odd_hours: "Work outside opening hours",
  refused_access: "Refused accesses",
  failed_sign_ins: "Failed sign-ins",
  break_glass: "Break-glass",
  hub_history: "Hub history changed",
  mass_exports: "Many files taken out",
  key_use: "Keys used by hand",
};

function Acknowledge({ alert }: { alert: AuditAlert }) {
  const queries = useQueryClient();
  const [writing, setWriting] = useState(false);
  const acknowledge = useMutation({
    mutationFn: (note: string) =>
      unwrap(
        api.POST("/api/portal/alerts/{alert}/acknowledge", { params: { path: { alert: alert.id } }, body: { note } }),
      ),
    onSuccess: () => queries.invalidateQueries({ queryKey: ["alerts"] }),
  });
  const submit = (sent: FormEvent<HTMLFormElement>) => {
    sent.preventDefault();
    acknowledge.mutate(String(new FormData(sent.currentTarget).get("note")));
  };
  if (!writing) {
    return (
      <Button size="xs" variant="default" onClick={() => setWriting(true)}>
        Acknowledge…
      </Button>
    );
  }
  return (
    <form onSubmit={submit}>
      {acknowledge.error && <Alert color="red.9">{sentenceOf(acknowledge.error)}</Alert>}
      <TextInput label="What did you find?" name="note" required minLength={3} maxLength={1000} autoComplete="off" />
      <Group gap="xs" mt="xs">
        <Button type="submit" size="xs" loading={acknowledge.isPending}>
          Acknowledge
        </Button>
        <Button size="xs" variant="default" onClick={() => setWriting(false)}>
          Cancel
        </Button>
      </Group>
    </form>
  );
}

/** What the audit noticed: who, what, when, and what a person found. */
export function Alerts({ alerts, fleet }: { alerts: Schemas["Alerts"]; fleet?: Schemas["Fleet"] | undefined }) {
  const named = (id: string) => fleet?.locations.find((one) => one.id === id)?.name ?? id;
  return (
    <section className="card block" aria-labelledby="alerts">
      <h2 id="alerts">
        Alerts <small>{alerts.waiting}</small>
      </h2>
      {alerts.items.length === 0 && <p className="quiet">The audit shows nothing unusual.</p>}
      {alerts.items.slice(0, 20).map((one) => (
        <article className="parked" key={one.id} aria-label={TITLES[one.kind]}>
          <b>{TITLES[one.kind]}</b>
          <span className="numbers">
            {named(one.location_id)} · {one.day} · {one.actor}
          </span>
          <p>{one.sentence}</p>
          {one.acknowledged_at ? <p className="quiet">Acknowledged: {one.note}</p> : <Acknowledge alert={one} />}
        </article>
      ))}
    </section>
  );
}
