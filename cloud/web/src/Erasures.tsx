import { Alert, Button, Group, NativeSelect, Stack, TextInput } from "@mantine/core";
import { sentenceOf, unwrap, words } from "@medspasync/kit";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { api, type Schemas } from "./api/client";

type Erasure = Schemas["Erasure"];

const STATES: Record<Erasure["state"], { tone: string; text: string }> = {
  requested: { tone: "warn", text: "Waits for another person" },
  approved: { tone: "warn", text: "Approved, at the clinic" },
  refused: { tone: "bad", text: "Refused" },
  erased: { tone: "warn", text: "Erased, receipt to come" },
  confirmed: { tone: "good", text: "Erased and proven" },
};
const REASONS: Schemas["ErasureReason"][] = [
  "client_asked",
  "consent_withdrawn",
  "retention_ended",
  "registered_twice",
  "authority_ordered",
];
const BASES: [Schemas["LegalBasis"], string][] = [
  ["gdpr_article_17", "GDPR, Article 17"],
  ["ccpa_right_to_delete", "CCPA, right to delete"],
  ["state_privacy_law", "State privacy law"],
  ["retention_policy", "Retention policy"],
  ["court_order", "Court order"],
];
const basisOf = (basis: string) => BASES.find(([id]) => id === basis)?.[1] ?? words(basis);
const day = (iso: string) => new Intl.DateTimeFormat("en-GB", { dateStyle: "medium" }).format(new Date(iso));

function Ask({ close }: { close: () => void }) {
  const queries = useQueryClient();
  const ask = useMutation({
    mutationFn: (body: Schemas["NewErasure"]) => unwrap(api.POST("/api/portal/erasures", { body })),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: ["erasures"] });
      close();
    },
  });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const entry = new FormData(event.currentTarget);
    ask.mutate({
      client_id: String(entry.get("client")).trim(),
      reason: String(entry.get("reason")) as Schemas["ErasureReason"],
      legal_basis: String(entry.get("basis")) as Schemas["LegalBasis"],
    });
  };
  return (
    <form className="erasure-form" onSubmit={submit} aria-label="Ask for an erasure">
      <Stack gap="xs">
        <Group grow align="start">
          <TextInput label="Client number" name="client" required maxLength={64} autoComplete="off" />
          <NativeSelect label="Reason" name="reason" data={REASONS.map((one) => ({ value: one, label: words(one) }))} />
          <NativeSelect label="Legal basis" name="basis" data={BASES.map(([value, label]) => ({ value, label }))} />
        </Group>
        {ask.isError && <Alert color="red.9">{sentenceOf(ask.error)}</Alert>}
        <Group gap="xs">
          <Button type="submit" loading={ask.isPending}>
            Send to the clinic
          </Button>
          <Button variant="default" onClick={close}>
            Leave it
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

function Outcome({ erasure }: { erasure: Erasure }) {
  const queries = useQueryClient();
  const approve = useMutation({
    mutationFn: () =>
      unwrap(api.POST("/api/portal/erasures/{erasure}/approve", { params: { path: { erasure: erasure.id } } })),
    onSuccess: () => queries.invalidateQueries({ queryKey: ["erasures"] }),
  });
  if (erasure.receipt_at) {
    return (
      <a className="receipt" href={`/api/portal/erased/${encodeURIComponent(erasure.client_id)}/receipt`} download>
        Signed receipt
      </a>
    );
  }
  if (!erasure.may_approve) return <>–</>;
  return (
    <>
      {approve.isError && <Alert color="red.9">{sentenceOf(approve.error)}</Alert>}
      <Button size="xs" color="red.9" loading={approve.isPending} onClick={() => approve.mutate()}>
        Approve for good
      </Button>
    </>
  );
}

/** Clients to be deleted and those who are: who asked, who approved, and the receipt that proves it. */
export function Erasures({ fleet }: { fleet?: Schemas["Fleet"] | undefined }) {
  const [asking, setAsking] = useState(false);
  const { data, error } = useQuery({
    queryKey: ["erasures"],
    queryFn: () => unwrap(api.GET("/api/portal/erasures")),
    refetchInterval: 3000,
  });
  const named = (id: string) => fleet?.locations.find((one) => one.id === id)?.name ?? id;
  return (
    <section className="card block" aria-labelledby="erasures">
      <div className="erasures-head">
        <div>
          <h2 id="erasures">Erasures</h2>
          <p className="quiet">
            One person asks, another approves. Then the client's key is destroyed at the clinic and in escrow, and nothing
            of them can be opened any more, in no backup either.
          </p>
        </div>
        {!asking && (
          <Button variant="default" onClick={() => setAsking(true)}>
            Ask for an erasure…
          </Button>
        )}
      </div>
      {asking && <Ask close={() => setAsking(false)} />}
      {error && <Alert color="red.9">{sentenceOf(error)}</Alert>}
      {data?.items.length === 0 && <p className="quiet">Nobody has been erased yet.</p>}
      {data && data.items.length > 0 && (
        <div className="scroll" tabIndex={0} role="region" aria-label="Requests to erase">
          <table className="table numbers">
            <thead>
              <tr>
                <th scope="col">Client</th>
                <th scope="col">Why</th>
                <th scope="col">Asked</th>
                <th scope="col">Where it stands</th>
                <th scope="col">Proof</th>
              </tr>
            </thead>
            <tbody>
              {data.items.map((one) => (
                <tr key={one.id}>
                  <th scope="row">
                    {one.client_id}
                    <span>{named(one.location_id)}</span>
                  </th>
                  <td>
                    {words(one.reason)}
                    <br />
                    <small>{basisOf(one.legal_basis)}</small>
                  </td>
                  <td>{day(one.requested_at)}</td>
                  <td>
                    <span className="pill" data-tone={STATES[one.state].tone}>
                      {STATES[one.state].text}
                    </span>
                  </td>
                  <td>
                    <Outcome erasure={one} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}
