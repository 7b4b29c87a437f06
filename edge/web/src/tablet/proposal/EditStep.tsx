import { Button, Group, NativeSelect, Text } from "@mantine/core";
import { clockTime, sentenceOf } from "@medspasync/kit";
import { useState } from "react";
import type { Schemas } from "../../api/client";
import { momentOf, startsOf } from "./times";
import { Notice } from "./Notice";

type Day = Schemas["ScheduleDay"];
type Step = Schemas["Step"];

const ANY = { value: "", label: "Whichever suits the day" };

/** Puts one visit of a proposal elsewhere; the rest is planned again around it. */
export function EditStep({
  day,
  step,
  busy,
  error,
  send,
  close,
}: {
  day: Day;
  step: Step;
  busy: boolean;
  error: unknown;
  send: (pin: Schemas["Pin"]) => void;
  close: () => void;
}) {
  const at = step.to_starts_at ?? step.from_starts_at;
  const [start, setStart] = useState(at ? clockTime(at, day.timezone) : "");
  const [provider, setProvider] = useState("");
  const [room, setRoom] = useState("");
  const starts = startsOf(day);
  return (
    <section className="edit-step" aria-label={`Where to put ${step.client_name}`}>
      <Text fw={600}>
        {step.client_name}, {step.service}
      </Text>
      <NativeSelect
        label="Start"
        size="md"
        value={start}
        onChange={(event) => setStart(event.currentTarget.value)}
        data={start === "" || starts.includes(start) ? ["", ...starts] : [start, ...starts]}
      />
      <NativeSelect
        label="With"
        size="md"
        value={provider}
        onChange={(event) => setProvider(event.currentTarget.value)}
        data={[ANY, ...day.providers.map((one) => ({ value: one.id, label: one.name }))]}
      />
      <NativeSelect
        label="In"
        size="md"
        value={room}
        onChange={(event) => setRoom(event.currentTarget.value)}
        data={[ANY, ...day.rooms.map((one) => ({ value: one.id, label: one.name }))]}
      />
      {error != null && (
        <Notice title="It cannot be there">
          {sentenceOf(error)}
        </Notice>
      )}
      <Group justify="flex-end">
        <Button variant="default" size="md" onClick={close}>
          Back
        </Button>
        <Button
          size="md"
          loading={busy}
          disabled={start === ""}
          onClick={() =>
            send({
              appointment_id: step.appointment_id,
              starts_at: momentOf(day, start),
              provider_id: provider || null,
              room_id: room || null,
            })
          }
        >
          Plan around it
        </Button>
      </Group>
    </section>
  );
}
