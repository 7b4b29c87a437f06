import { Alert, Button, Text, Title } from "@mantine/core";
import { sentenceOf, unwrap, words } from "@medspasync/kit";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { api, type Schemas } from "../../api/client";
import { AskErasure } from "./AskErasure";
import { DecideErasure } from "./DecideErasure";
import "./erasure.css";
import { BASES, STATES } from "./words";

type Erasure = Schemas["Erasure"];

const day = (iso: string) => new Intl.DateTimeFormat("en-GB", { dateStyle: "medium" }).format(new Date(iso));
const basisOf = (basis: string) => BASES.find((one) => one.value === basis)?.label ?? words(basis);

function told({ requested_by, decided_by, state }: Erasure): string {
  if (!decided_by) return `${requested_by} asked`;
  return `${requested_by} asked, ${decided_by} ${state === "refused" ? "refused" : "approved"}`;
}

/** Clients to be deleted and those who are: who asked, who decided, and the hub's receipt. */
export default function ErasuresPage() {
  const [asking, setAsking] = useState(false);
  const [deciding, setDeciding] = useState<Erasure | null>(null);
  const { data, error } = useQuery({
    queryKey: ["erasures"],
    queryFn: () => unwrap(api.GET("/api/erasures")),
    refetchInterval: 3000,
  });
  return (
    <section className="card erasures" aria-labelledby="erasures">
      <div className="erasures-head">
        <div>
          <Title order={1} size="h3" id="erasures">
            Erasures
          </Title>
          <Text size="sm" c="sand.8">
            One person asks, a colleague decides. Then the client's key is destroyed, and nothing of them can be opened
            any more, in no backup either.
          </Text>
        </div>
        <Button size="md" onClick={() => setAsking(true)} disabled={data === undefined}>
          Erase a client…
        </Button>
      </div>
      {error && <Alert color="red.9">{sentenceOf(error)}</Alert>}
      {data?.items.length === 0 && <p className="quiet">Nobody has been erased yet.</p>}
      <ul className="erasure-list">
        {(data?.items ?? []).map((one) => (
          <li key={one.id} aria-label={one.client_name ?? one.client_id}>
            <div>
              <b>{one.client_name ?? "This client was erased"}</b>
              <span>
                {words(one.reason)} · {basisOf(one.legal_basis)} · {day(one.requested_at)}
              </span>
              <span>{told(one)}</span>
            </div>
            <div className="erasure-state">
              <span className="pill" data-tone={STATES[one.state].tone}>
                {STATES[one.state].text}
              </span>
              {one.state === "requested" && (
                <Button variant="default" onClick={() => setDeciding(one)}>
                  Decide…
                </Button>
              )}
              {one.proven && (
                <a href={`/api/erasures/${encodeURIComponent(one.id)}/receipt`} download>
                  Signed receipt
                </a>
              )}
            </div>
          </li>
        ))}
      </ul>
      {asking && data && <AskErasure people={data.people} close={() => setAsking(false)} />}
      {deciding && data && <DecideErasure erasure={deciding} people={data.people} close={() => setDeciding(null)} />}
    </section>
  );
}
