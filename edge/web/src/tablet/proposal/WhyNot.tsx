import { Button, Group, NativeSelect, Stack, Text } from "@mantine/core";
import { clockTime, sentenceOf, unwrap } from "@medspasync/kit";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { api, type Schemas } from "../../api/client";
import { momentOf, nameOf, startsOf } from "./times";
import type { Disruption } from "./useProposing";
import { Notice } from "./Notice";

type Day = Schemas["ScheduleDay"];

/** Asks whether a visit could be at another time: the fewest reasons against it, and the next best places. */
export function WhyNot({
  day,
  visit,
  may,
  busy,
  propose,
}: {
  day: Day;
  visit: Schemas["Appointment"];
  /** Whether what is found can be proposed; anybody may ask. */
  may: boolean;
  busy: boolean;
  propose: (what: Disruption) => void;
}) {
  const starts = startsOf(day);
  const [start, setStart] = useState("");
  const [provider, setProvider] = useState("");
  const { data, error, isFetching } = useQuery({
    queryKey: ["why-not", visit.id, start, provider, day.revision],
    enabled: start !== "",
    retry: false,
    queryFn: () =>
      unwrap(
        api.GET("/api/schedule/appointments/{appointment_id}/why-not", {
          params: {
            path: { appointment_id: visit.id },
            query: { starts_at: momentOf(day, start), provider_id: provider || null },
          },
        }),
      ),
  });
  const move = (starts_at: string, provider_id: string | null = null, room_id: string | null = null) =>
    propose({ kind: "move_wanted", appointment_id: visit.id, starts_at, provider_id, room_id });
  return (
    <Stack gap="sm">
      <Group grow align="end">
        <NativeSelect
          size="md"
          label="Wished start"
          value={start}
          onChange={(event) => setStart(event.currentTarget.value)}
          data={[{ value: "", label: "Pick a time" }, ...starts]}
        />
        <NativeSelect
          size="md"
          label="With"
          value={provider}
          onChange={(event) => setProvider(event.currentTarget.value)}
          data={[{ value: "", label: "Anybody who may" }, ...day.providers.map((one) => ({ value: one.id, label: one.name }))]}
        />
      </Group>
      {error != null && <Notice>{sentenceOf(error)}</Notice>}
      {data && !isFetching && (
        <section className="why" aria-live="polite" aria-label="Answer">
          {data.possible ? (
            <>
              <Text fw={600}>{start} is possible; nobody has to move.</Text>
              <Button size="md" disabled={!may} loading={busy} onClick={() => move(data.starts_at, provider || null)}>
                Propose {start}
              </Button>
            </>
          ) : (
            <>
              <Text fw={600}>Why not {start}?</Text>
              <ul>
                {data.reasons.map((reason) => (
                  <li key={reason}>{reason}</li>
                ))}
              </ul>
              {data.slots.length > 0 && (
                <Text size="sm" c="sand.8">
                  Next best, with nobody moved
                </Text>
              )}
              <div className="why-slots">
                {data.slots.map((slot) => (
                  <button
                    type="button"
                    key={slot.starts_at + slot.provider_id + slot.room_id}
                    title={slot.sentence}
                    disabled={busy || !may}
                    onClick={() => move(slot.starts_at, slot.provider_id, slot.room_id)}
                  >
                    <b className="numbers">{clockTime(slot.starts_at, day.timezone)}</b>
                    <span>{[nameOf(day, slot.provider_id), nameOf(day, slot.room_id)].filter(Boolean).join(", ")}</span>
                  </button>
                ))}
              </div>
              <Button variant="subtle" size="compact-md" disabled={!may} loading={busy} onClick={() => move(data.starts_at, provider || null)}>
                See what {start} would take from others
              </Button>
            </>
          )}
        </section>
      )}
    </Stack>
  );
}
