import { Alert, Button, Checkbox, Chip, Group, Modal, NativeSelect, Stack, TextInput } from "@mantine/core";
import { sentenceOf, unwrap } from "@medspasync/kit";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, type Schemas } from "../../api/client";
import { WEEKDAYS } from "./words";

type Entry = Schemas["WaitlistEntry"];
type List = Schemas["Waitlist"];
type Wish = Schemas["WaitlistWish"];
type Window = Schemas["WaitlistWindow"];

const NOBODY = "";

function firstWindow(list: List): Window {
  const day = (ahead: number) =>
    new Intl.DateTimeFormat("en-CA", { dateStyle: "short", timeZone: list.timezone }).format(
      new Date(Date.parse(list.now) + ahead * 86_400_000),
    );
  return { first_day: day(0), last_day: day(6), starts: list.opens, ends: list.closes, weekdays: [] };
}

/** One stretch of days and the hours that suit. */
function WindowFields({ window, set }: { window: Window; set: (changes: Partial<Window>) => void }) {
  const field = (label: string, type: string, key: "first_day" | "last_day" | "starts" | "ends") => (
    <TextInput
      size="md"
      type={type}
      label={label}
      required
      withAsterisk={false}
      value={type === "time" ? window[key].slice(0, 5) : window[key]}
      onChange={(event) => set({ [key]: event.currentTarget.value })}
    />
  );
  return (
    <div className="wish-window">
      <Group grow align="start">
        {field("From day", "date", "first_day")}
        {field("To day", "date", "last_day")}
        {field("Between", "time", "starts")}
        {field("And", "time", "ends")}
      </Group>
      <Chip.Group
        multiple
        value={window.weekdays.map(String)}
        onChange={(chosen) => set({ weekdays: chosen.map(Number).sort() })}
      >
        <Group gap={6} mt="xs" role="group" aria-label="Only on these days">
          <span className="wish-only">Only on</span>
          {WEEKDAYS.map((name, day) => (
            <Chip key={name} value={String(day)} size="sm" variant="outline">
              {name}
            </Chip>
          ))}
        </Group>
      </Chip.Group>
    </div>
  );
}

/** Finds the client a new entry is for. */
function ClientFields({ chosen, choose }: { chosen: string; choose: (client: string) => void }) {
  const [name, setName] = useState("");
  const found = useQuery({
    queryKey: ["clients", name],
    enabled: name.trim().length > 1,
    queryFn: () => unwrap(api.POST("/api/clients/search", { body: { query: name.trim(), limit: 4 } })),
  });
  return (
    <>
      <TextInput
        size="md"
        label="Client"
        placeholder="Find by name"
        value={name}
        autoComplete="off"
        data-autofocus
        error={found.error && sentenceOf(found.error)}
        onChange={(event) => {
          setName(event.currentTarget.value);
          choose("");
        }}
      />
      {found.data && (
        <div className="wish-clients" role="group" aria-label="Clients found">
          {found.data.length === 0 && <p className="quiet">Nobody of that name is registered.</p>}
          {found.data.map((one) => (
            <button type="button" key={one.id} aria-pressed={chosen === one.id} onClick={() => choose(one.id)}>
              <b>{one.name}</b>
              {one.born_on && <span>Born {one.born_on}</span>}
            </button>
          ))}
        </div>
      )}
    </>
  );
}

/** Notes what a client waits for, or changes it. */
export function EntryForm({ list, entry, close }: { list: List; entry: Entry | null; close: () => void }) {
  const queries = useQueryClient();
  const [client, setClient] = useState(entry?.client_id ?? "");
  const [service, setService] = useState(entry?.service_id ?? list.services[0]?.id ?? "");
  const [windows, setWindows] = useState(entry?.windows ?? [firstWindow(list)]);
  const [preferred, setPreferred] = useState(entry?.preferred_provider_id ?? NOBODY);
  const [last, setLast] = useState(entry?.last_provider_id ?? NOBODY);
  const [travel, setTravel] = useState(String(entry?.travel_minutes ?? 0));
  const [notice, setNotice] = useState(String(entry?.notice_minutes ?? 0));
  const [messages, setMessages] = useState(entry?.messages ?? false);
  const wish: Wish = {
    service_id: service,
    windows,
    preferred_provider_id: preferred || null,
    last_provider_id: last || null,
    travel_minutes: Number(travel),
    notice_minutes: Number(notice),
    tier: entry?.tier ?? null,
    messages,
  };
  const save = useMutation({
    mutationFn: () =>
      entry
        ? unwrap(api.PUT("/api/waitlist/entries/{entry_id}", { params: { path: { entry_id: entry.id } }, body: wish }))
        : unwrap(api.POST("/api/waitlist/entries", { body: { ...wish, client_id: client } })),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: ["waitlist"] });
      close();
    },
  });
  const anybody = [{ value: NOBODY, label: "Anybody" }, ...list.providers.map((one) => ({ value: one.id, label: one.name }))];
  const change = (number: number, changes: Partial<Window>) =>
    setWindows(windows.map((one, index) => (index === number ? { ...one, ...changes } : one)));
  const minutes = (label: string, value: string, set: (value: string) => void, most: number) => (
    <TextInput
      size="md"
      type="number"
      min={0}
      max={most}
      step={5}
      label={label}
      value={value}
      onChange={(event) => set(event.currentTarget.value)}
    />
  );
  return (
    <Modal
      opened
      onClose={close}
      title={entry ? `What ${entry.client_name} waits for` : "Add to the waitlist"}
      size="xl"
      centered
      radius="lg"
      closeButtonProps={{ "aria-label": "Close" }}
    >
      <form
        onSubmit={(event) => {
          event.preventDefault();
          save.mutate();
        }}
      >
        <Stack gap="sm">
          {!entry && <ClientFields chosen={client} choose={setClient} />}
          <Group grow align="start">
            <NativeSelect
              size="md"
              label="Service"
              value={service}
              onChange={(event) => setService(event.currentTarget.value)}
              data={list.services.map((one) => ({ value: one.id, label: `${one.name}, ${one.minutes} min` }))}
            />
            <NativeSelect
              size="md"
              label="Would like"
              value={preferred}
              onChange={(event) => setPreferred(event.currentTarget.value)}
              data={anybody}
            />
            <NativeSelect
              size="md"
              label="Was seen by"
              value={last}
              onChange={(event) => setLast(event.currentTarget.value)}
              data={[{ value: NOBODY, label: "Not known" }, ...anybody.slice(1)]}
            />
          </Group>
          {windows.map((window, number) => (
            <WindowFields key={number} window={window} set={(changes) => change(number, changes)} />
          ))}
          <Group gap="xs">
            <Button
              variant="subtle"
              size="compact-md"
              disabled={windows.length >= 8}
              onClick={() => setWindows([...windows, firstWindow(list)])}
            >
              Other days, too
            </Button>
            {windows.length > 1 && (
                <Button variant="transparent" size="compact-md" c="var(--clay)" onClick={() => setWindows(windows.slice(0, -1))}>
                Without the last
              </Button>
            )}
          </Group>
          <Group grow align="end">
            {minutes("Minutes to get here", travel, setTravel, 720)}
            {minutes("Minutes of notice besides", notice, setNotice, 10_080)}
            <Checkbox
              size="md"
              pb={10}
              label="Agreed to messages"
              checked={messages}
              onChange={(event) => setMessages(event.currentTarget.checked)}
            />
          </Group>
          {save.isError && <Alert color="red.9">{sentenceOf(save.error)}</Alert>}
          <Group justify="flex-end">
            <Button variant="default" size="md" onClick={close}>
              Leave it
            </Button>
            <Button type="submit" size="md" disabled={client === ""} loading={save.isPending}>
              {entry ? "Change it" : "Add to the waitlist"}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
