import { Alert, Button, Group, Modal, NativeSelect, Stack, Text, TextInput } from "@mantine/core";
import { sentenceOf, unwrap, words } from "@medspasync/kit";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, type Schemas } from "../../api/client";
import { BASES, REASONS } from "./words";

/** Finds a client and asks that they be deleted; a colleague decides. */
export function AskErasure({ people, close }: { people: Schemas["ErasurePerson"][]; close: () => void }) {
  const queries = useQueryClient();
  const [name, setName] = useState("");
  const [client, setClient] = useState("");
  const [person, setPerson] = useState(people[0]?.id ?? "");
  const [reason, setReason] = useState<Schemas["ErasureReason"]>("client_asked");
  const [basis, setBasis] = useState<Schemas["LegalBasis"]>("gdpr_article_17");
  const found = useQuery({
    queryKey: ["clients", name],
    enabled: name.trim().length > 1,
    queryFn: () => unwrap(api.POST("/api/clients/search", { body: { query: name.trim(), limit: 8 } })),
  });
  const ask = useMutation({
    mutationFn: () =>
      unwrap(api.POST("/api/erasures", { body: { client_id: client, reason, legal_basis: basis, person_id: person } })),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: ["erasures"] });
      close();
    },
  });
  const error = found.error ?? ask.error;
  return (
    <Modal opened onClose={close} title="Erase a client" size="lg" centered radius="lg" closeButtonProps={{ "aria-label": "Close" }}>
      <Stack>
        <TextInput
          size="md"
          label="Find by name"
          value={name}
          autoComplete="off"
          onChange={(event) => {
            setName(event.currentTarget.value);
            setClient("");
          }}
        />
        <div className="found-clients" role="group" aria-label="Clients found">
          {(found.data ?? []).map((one) => (
            <button type="button" key={one.id} aria-pressed={client === one.id} onClick={() => setClient(one.id)}>
              <b>{one.name}</b>
              <span>
                {one.born_on ? `Born ${one.born_on} · ` : ""}
                {one.captures} photographs
              </span>
            </button>
          ))}
        </div>
        <Group grow align="start">
          <NativeSelect
            size="md"
            label="Reason"
            value={reason}
            onChange={(event) => setReason(event.currentTarget.value as Schemas["ErasureReason"])}
            data={REASONS.map((one) => ({ value: one, label: words(one) }))}
          />
          <NativeSelect
            size="md"
            label="Legal basis"
            value={basis}
            onChange={(event) => setBasis(event.currentTarget.value as Schemas["LegalBasis"])}
            data={[...BASES]}
          />
        </Group>
        <NativeSelect
          size="md"
          label="Asked by"
          value={person}
          onChange={(event) => setPerson(event.currentTarget.value)}
          data={people.map((one) => ({ value: one.id, label: one.name }))}
        />
        <Text size="sm" c="sand.8">
          Nothing is erased until a colleague approves it.
        </Text>
        {error && <Alert color="red.9">{sentenceOf(error)}</Alert>}
        <Group justify="flex-end">
          <Button variant="default" size="md" onClick={close}>
            Leave it
          </Button>
          <Button size="md" disabled={client === ""} loading={ask.isPending} onClick={() => ask.mutate()}>
            Ask a colleague
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
