import { Alert, Button, Group, NativeSelect, Stack, TextInput } from "@mantine/core";
import { clockTime, sentenceOf, unwrap } from "@medspasync/kit";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { api, type Schemas } from "./api/client";

const TONES = { tentative: "warn", accepted: "good", declined: "bad" } as const;
const STATES = { tentative: "Waiting for the clinic", accepted: "Accepted", declined: "Declined" } as const;
const WINDOW_MS = 2 * 3_600_000;

/** Ask a clinic for a visit, and see what its box has answered. */
export function Bookings({ fleet }: { fleet: Schemas["Fleet"] }) {
  const queries = useQueryClient();
  const { data } = useQuery({
    queryKey: ["bookings"],
    queryFn: () => unwrap(api.GET("/api/portal/booking-requests")),
    refetchInterval: 3000,
  });
  const [place, setPlace] = useState(fleet.locations[0]?.id ?? "");
  const ask = useMutation({
    mutationFn: (body: Schemas["NewBookingRequest"]) => unwrap(api.POST("/api/portal/booking-requests", { body })),
    onSuccess: () => queries.invalidateQueries({ queryKey: ["bookings"] }),
  });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = event.currentTarget;
    const entry = new FormData(form);
    const from = new Date(String(entry.get("from")));
    ask.mutate(
      {
        location_id: place,
        service: String(entry.get("service")),
        client_name: String(entry.get("name")),
        wanted_from: from.toISOString(),
        wanted_until: new Date(from.getTime() + WINDOW_MS).toISOString(),
      },
      { onSuccess: () => form.reset() },
    );
  };
  const zone = (id: string) => fleet.locations.find((one) => one.id === id)?.timezone ?? "UTC";
  return (
    <section className="card block" aria-labelledby="bookings">
      <h2 id="bookings">Ask for a visit</h2>
      <form onSubmit={submit}>
        <Stack gap="xs">
          <Group grow align="start">
            <NativeSelect
              label="Location"
              value={place}
              onChange={(event) => setPlace(event.currentTarget.value)}
              data={fleet.locations.map((one) => ({ value: one.id, label: one.name }))}
            />
            <NativeSelect label="Service" name="service" data={data?.services[place] ?? []} />
          </Group>
          <Group grow align="start">
            <TextInput label="Client" name="name" required maxLength={120} autoComplete="off" />
            <TextInput label="From" name="from" type="datetime-local" required />
          </Group>
          {ask.isError && <Alert color="red.9">{sentenceOf(ask.error)}</Alert>}
          <Button type="submit" loading={ask.isPending}>
            Send request
          </Button>
        </Stack>
      </form>
      <ul className="requests" aria-label="Requests">
        {(data?.items ?? []).slice(0, 4).map((one) => (
          <li key={one.id}>
            <div>
              <b>{one.service}</b>
              <span className="numbers">
                {new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", timeZone: zone(one.location_id) }).format(
                  new Date(one.wanted_from),
                )}{" "}
                {clockTime(one.starts_at ?? one.wanted_from, zone(one.location_id))}
              </span>
              {one.reason && <p>{one.reason}</p>}
            </div>
            <span className="pill" data-tone={TONES[one.state]}>
              {STATES[one.state]}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}
