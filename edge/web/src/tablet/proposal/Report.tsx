import { Button, Checkbox, Group, Modal, NativeSelect, SegmentedControl, Stack, Text } from "@mantine/core";
import { clockTime, sentenceOf } from "@medspasync/kit";
import { useState } from "react";
import type { Schemas } from "../../api/client";
import { momentOf, startsOf } from "./times";
import { type Disruption, type Proposal, usePropose } from "./useProposing";
import { Notice } from "./Notice";

type Day = Schemas["ScheduleDay"];
type Kind = "provider_out" | "room_out" | "device_out" | "walk_in";

const KINDS: { value: Kind; label: string }[] = [
  { value: "walk_in", label: "Walk-in" },
  { value: "provider_out", label: "Provider out" },
  { value: "room_out", label: "Room down" },
  { value: "device_out", label: "Device down" },
];

/** Reports what upsets the day and belongs to no booked visit. Nothing is changed that the clinic wants decided. */
export function Report({ day, first, done, close }: { day: Day; first: Kind; done: (one: Proposal) => void; close: () => void }) {
  const [kind, setKind] = useState<Kind>(first);
  const things = { provider_out: day.providers, room_out: day.rooms, device_out: day.devices, walk_in: day.services ?? [] }[kind];
  const [which, setWhich] = useState("");
  const [until, setUntil] = useState("");
  const [urgent, setUrgent] = useState(false);
  const propose = usePropose(day, (one) => {
    close();
    done(one);
  });
  const chosen = things.some((one) => one.id === which) ? which : (things[0]?.id ?? "");
  const from = Date.parse(day.now) > Date.parse(day.opens_at) ? day.now : day.opens_at;
  const end = until === "" ? day.closes_at : momentOf(day, until);
  const what = (): Disruption => {
    if (kind === "walk_in") return { kind, service_id: chosen, urgent, latest_at: end };
    const span = { starts_at: from, ends_at: end, reason: "" };
    if (kind === "provider_out") return { kind, provider_id: chosen, ...span };
    if (kind === "room_out") return { kind, room_id: chosen, ...span };
    return { kind, device_id: chosen, ...span };
  };
  return (
    <Modal opened onClose={close} title="What happened" size="lg" centered radius="lg" closeButtonProps={{ "aria-label": "Close" }}>
      <Stack>
        <SegmentedControl
          size="md"
          fullWidth
          aria-label="Kind"
          value={kind}
          onChange={(value) => {
            setKind(value as Kind);
            propose.reset();
          }}
          data={KINDS}
        />
        <Group grow align="end">
          <NativeSelect
            size="md"
            label={kind === "walk_in" ? "Service" : "Which"}
            value={chosen}
            onChange={(event) => setWhich(event.currentTarget.value)}
            data={things.map((one) => ({ value: one.id, label: one.name }))}
          />
          <NativeSelect
            size="md"
            label={kind === "walk_in" ? "Must be done by" : "Until"}
            value={until}
            onChange={(event) => setUntil(event.currentTarget.value)}
            data={[{ value: "", label: "Closing time" }, ...startsOf(day)]}
          />
        </Group>
        {kind === "walk_in" && (
          <Checkbox
            size="md"
            label="Urgent: others may be moved for it"
            checked={urgent}
            onChange={(event) => setUrgent(event.currentTarget.checked)}
          />
        )}
        <Text size="sm" c="sand.8">
          From {clockTime(from, day.timezone)}. Where anybody who was told a time has to move, you see a proposal first.
        </Text>
        {propose.isError && <Notice>{sentenceOf(propose.error)}</Notice>}
        <Group justify="flex-end">
          <Button variant="default" size="md" onClick={close}>
            Cancel
          </Button>
          <Button size="md" loading={propose.isPending} disabled={chosen === ""} onClick={() => propose.mutate(what())}>
            Work out the day
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
