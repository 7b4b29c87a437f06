import { Alert, Button, Group, TextInput } from "@mantine/core";
import { sentenceOf, unwrap } from "@medspasync/kit";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { api, type Schemas } from "./api/client";

type Event = Schemas["ParkedEvent"];

function Decision({ event }: { event: Event }) {
  const queries = useQueryClient();
  const [skipping, setSkipping] = useState(false);
  const path = { event: event.id };
  const done = { onSuccess: () => queries.invalidateQueries({ queryKey: ["parked"] }) };
  const replay = useMutation({
    mutationFn: () => unwrap(api.POST("/api/portal/parked/{event}/replay", { params: { path } })),
    ...done,
  });
  const skip = useMutation({
    mutationFn: (reason: string) =>
      unwrap(api.POST("/api/portal/parked/{event}/skip", { params: { path }, body: { reason } })),
    ...done,
  });
  const submit = (sent: FormEvent<HTMLFormElement>) => {
    sent.preventDefault();
    skip.mutate(String(new FormData(sent.currentTarget).get("reason")));
  };
  const error = replay.error ?? skip.error;
  return (
    <>
      {error && <Alert color="red.9">{sentenceOf(error)}</Alert>}
      {!replay.isPending && replay.data && replay.data.set_aside > 0 && (
        <p className="quiet" role="status">
          Tried again; it still cannot be applied.
        </p>
      )}
      {skipping ? (
        <form onSubmit={submit}>
          <TextInput label="Why is it to have no effect?" name="reason" required maxLength={500} autoComplete="off" />
          <Group gap="xs" mt="xs">
            <Button type="submit" size="xs" color="red.9" loading={skip.isPending}>
              Skip for good
            </Button>
            <Button size="xs" variant="default" onClick={() => setSkipping(false)}>
              Keep
            </Button>
          </Group>
        </form>
      ) : (
        <Group gap="xs">
          <Button size="xs" variant="default" loading={replay.isPending} onClick={() => replay.mutate()}>
            Replay
          </Button>
          <Button size="xs" variant="default" onClick={() => setSkipping(true)}>
            Skip…
          </Button>
        </Group>
      )}
    </>
  );
}

/** Events that could not be applied: why, what to do, and a person's decision. */
export function Parked({ parked, fleet }: { parked: Schemas["Parked"]; fleet?: Schemas["Fleet"] | undefined }) {
  const named = (id: string) => fleet?.locations.find((one) => one.id === id)?.name ?? id;
  return (
    <section className="card block" aria-labelledby="parked">
      <h2 id="parked">
        Set aside <small>{parked.items.length}</small>
      </h2>
      {parked.items.length === 0 && <p className="quiet">Every event that arrived was applied.</p>}
      {parked.items.map((one) => (
        <article className="parked" key={one.id} aria-label={one.type}>
          <b>{one.type}</b>
          <span className="numbers">
            {named(one.location_id)} · no. {one.seq} · {one.waiting} waiting behind it
          </span>
          <p>
            {one.reason} <strong>{one.action}</strong>
          </p>
          <Decision event={one} />
        </article>
      ))}
    </section>
  );
}
