import { Alert, Button, Group, Modal, NativeSelect, Stack, Text } from "@mantine/core";
import { sentenceOf, unwrap, words } from "@medspasync/kit";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, type Schemas } from "../../api/client";
import { REFUSALS } from "./words";

interface Props {
  erasure: Schemas["Erasure"];
  people: Schemas["ErasurePerson"][];
  close: () => void;
}

/** A colleague's decision, with what it means; only somebody else than who asked may make it. */
export function DecideErasure({ erasure, people, close }: Props) {
  const queries = useQueryClient();
  const others = people.filter((one) => one.name !== erasure.requested_by);
  const [person, setPerson] = useState(others[0]?.id ?? "");
  const [reason, setReason] = useState<Schemas["RefusalReason"]>("record_must_be_kept");
  const params = { path: { erasure_id: erasure.id } };
  const done = {
    onSuccess: async () => {
      await queries.invalidateQueries();
      close();
    },
  };
  const approve = useMutation({
    mutationFn: () => unwrap(api.POST("/api/erasures/{erasure_id}/approve", { params, body: { person_id: person } })),
    ...done,
  });
  const refuse = useMutation({
    mutationFn: () =>
      unwrap(api.POST("/api/erasures/{erasure_id}/refuse", { params, body: { person_id: person, reason } })),
    ...done,
  });
  const error = approve.error ?? refuse.error;
  const name = erasure.client_name ?? erasure.client_id;
  return (
    <Modal opened onClose={close} title={`Erase ${name}?`} size="lg" centered radius="lg" closeButtonProps={{ "aria-label": "Close" }}>
      <Stack>
        <Text>
          The key to {name}'s name, notes and photographs is destroyed, here and in escrow. No copy and no backup opens
          them any more, and nobody can bring them back. What was booked stays, without a name.
        </Text>
        <NativeSelect
          size="md"
          label="Decided by"
          value={person}
          onChange={(event) => setPerson(event.currentTarget.value)}
          data={others.map((one) => ({ value: one.id, label: one.name }))}
        />
        {error && <Alert color="red.9">{sentenceOf(error)}</Alert>}
        <Group justify="space-between" align="end">
          <Group gap="xs" align="end">
            <NativeSelect
              label="Why not"
              value={reason}
              onChange={(event) => setReason(event.currentTarget.value as Schemas["RefusalReason"])}
              data={REFUSALS.map((one) => ({ value: one, label: words(one) }))}
            />
            <Button variant="default" loading={refuse.isPending} onClick={() => refuse.mutate()}>
              Refuse
            </Button>
          </Group>
          <Button size="md" color="red.9" loading={approve.isPending} onClick={() => approve.mutate()}>
            Erase for good
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
