import { Alert, Button, Group, Modal, NativeSelect, Stack, Text } from "@mantine/core";
import { clockTime, sentenceOf, unwrap } from "@medspasync/kit";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, type Schemas } from "../api/client";

type Day = Schemas["ScheduleDay"];

/** Asks who is out, shows what that would move, and only then does it. */
export function ProviderOut({ day, first, close }: { day: Day; first: string; close: () => void }) {
  const queries = useQueryClient();
  const [provider, setProvider] = useState(first);
  const from = Date.parse(day.now) > Date.parse(day.opens_at) ? day.now : day.opens_at;
  const body: Schemas["DisruptionRequest"] = {
    day: day.day,
    revision: day.revision,
    disruption: { kind: "provider_out", provider_id: provider, starts_at: from, ends_at: day.closes_at, reason: "Called in sick" },
  };
  const preview = useMutation({ mutationFn: () => unwrap(api.POST("/api/schedule/disruptions/preview", { body })) });
  const apply = useMutation({
    mutationFn: () => unwrap(api.POST("/api/schedule/disruptions", { body })),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: ["day"] });
      close();
    },
  });
  const named = (id?: string | null) => day.providers.find((one) => one.id === id)?.name ?? "";
  const plan = preview.data;
  return (
    <Modal opened onClose={close} title="A provider is out" size="lg" centered radius="lg" closeButtonProps={{ "aria-label": "Close" }}>
      <Stack>
        <NativeSelect
          size="md"
          label="Who"
          value={provider}
          onChange={(event) => {
            setProvider(event.currentTarget.value);
            preview.reset();
          }}
          data={day.providers.map((one) => ({ value: one.id, label: one.name }))}
        />
        <Text size="sm" c="sand.8">
          From {clockTime(from, day.timezone)} to the end of the day. Nothing is changed until you confirm.
        </Text>
        {plan && (
          <div className="plan" aria-live="polite">
            <Text fw={600}>
              Moved: {plan.moved.length} · To place: {plan.unplaced.length} · As they were: {plan.unchanged}
            </Text>
            {plan.moved.map((move) => (
              <div className="plan-row" key={move.appointment_id}>
                <b>{move.client_name}</b>
                <span className="numbers">
                  {clockTime(move.from_starts_at, day.timezone)} → {clockTime(move.to_starts_at, day.timezone)}{" "}
                  {named(move.to_provider_id)}
                </span>
                <p>{move.reason}</p>
              </div>
            ))}
            {plan.unplaced.map((one) => (
              <div className="plan-row" key={one.appointment_id}>
                <b>{one.client_name}</b>
                <span>to place</span>
                <p>{one.reason}</p>
              </div>
            ))}
          </div>
        )}
        {(preview.isError || apply.isError) && <Alert color="red.9">{sentenceOf(preview.error ?? apply.error)}</Alert>}
        <Group justify="flex-end">
          <Button variant="default" size="md" onClick={close}>
            Leave as it is
          </Button>
          {plan ? (
            <Button size="md" loading={apply.isPending} onClick={() => apply.mutate()}>
              Change the day
            </Button>
          ) : (
            <Button size="md" loading={preview.isPending} onClick={() => preview.mutate()}>
              Show what would change
            </Button>
          )}
        </Group>
      </Stack>
    </Modal>
  );
}
