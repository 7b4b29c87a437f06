import { Button, Group, Modal, NativeSelect, Stack, Text, TextInput } from "@mantine/core";
import { sentenceOf, unwrap, words } from "@medspasync/kit";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, type Schemas } from "../../api/client";
import { Notice } from "./Notice";

type Day = Schemas["ScheduleDay"];
type Clearance = Schemas["Clearance"];
type Reason = Schemas["ClearanceWithdrawal"];

const REASONS: Reason[] = ["no_longer_true", "to_be_checked_again", "given_by_mistake", "client_asked"];
const REMEMBERED = "clearance-professional";
const MARKS: Record<Clearance["state"], string> = { confirmed: "✓", not_confirmed: "–", over: "!", withdrawn: "✕" };

function dateOf(day: string): string {
  const options = { day: "numeric", month: "long", year: "numeric", timeZone: "UTC" } as const;
  return new Intl.DateTimeFormat("en-GB", options).format(new Date(`${day}T12:00:00Z`));
}

function standing(one: Clearance): string {
  switch (one.state) {
    case "not_confirmed":
      return "Not confirmed";
    case "confirmed":
      return `Confirmed by ${one.by_name}, ${one.until ? `until ${dateOf(one.until)}` : "until withdrawn"}`;
    case "over":
      return `Confirmed by ${one.by_name} until ${one.until ? dateOf(one.until) : ""}, which is before the visit`;
    case "withdrawn":
      return `Withdrawn by ${one.by_name}: ${words(one.reason ?? "").toLowerCase()}`;
  }
}

/** Asks of a clearance what is to be known: until when it holds, or why no longer, and who says so. */
function Ask({
  day,
  one,
  professionals,
  busy,
  give,
  withdraw,
  cancel,
}: {
  day: Day;
  one: Clearance;
  professionals: Schemas["Professional"][];
  busy: boolean;
  give: (until: string | null, person: string) => void;
  withdraw: (reason: Reason, person: string) => void;
  cancel: () => void;
}) {
  const [picked, pick] = useState(() => sessionStorage.getItem(REMEMBERED) ?? "");
  const [until, setUntil] = useState(one.until && one.until >= day.day ? one.until : "");
  const [reason, setReason] = useState<Reason>("no_longer_true");
  const person = professionals.find((known) => known.id === picked);
  const taking = one.state === "confirmed";
  return (
    <div className="clearance-ask">
      <Group grow align="end">
        {taking ? (
          <NativeSelect
            size="md"
            label="Why"
            value={reason}
            onChange={(event) => setReason(event.currentTarget.value as Reason)}
            data={REASONS.map((value) => ({ value, label: words(value) }))}
          />
        ) : (
          <TextInput
            size="md"
            type="date"
            label="Last day (optional)"
            min={day.day}
            value={until}
            onChange={(event) => setUntil(event.currentTarget.value)}
          />
        )}
        <NativeSelect
          size="md"
          label={taking ? "Withdrawn by" : "Confirmed by"}
          value={person?.id ?? ""}
          onChange={(event) => {
            sessionStorage.setItem(REMEMBERED, event.currentTarget.value);
            pick(event.currentTarget.value);
          }}
          data={[
            ...(person ? [] : [{ value: "", label: "Who?" }]),
            ...professionals.map((known) => ({ value: known.id, label: known.name })),
          ]}
        />
      </Group>
      <Group justify="flex-end" mt="sm">
        <Button size="md" variant="default" onClick={cancel}>
          Cancel
        </Button>
        <Button
          size="md"
          className={taking ? "as-withdrawal" : undefined}
          loading={busy}
          disabled={person === undefined}
          onClick={() => person && (taking ? withdraw(reason, person.id) : give(until || null, person.id))}
        >
          {taking ? "Withdraw" : "Confirm"}
        </Button>
      </Group>
    </div>
  );
}

/** What has to be confirmed of a visit's client: by whom it was, until when, and the way to confirm or withdraw it. */
export function Clearances({ day, visit }: { day: Day; visit: string }) {
  const queries = useQueryClient();
  const [asking, ask] = useState<string | null>(null);
  const [others, showOthers] = useState(false);
  const path = { appointment_id: visit };
  const { data, error } = useQuery({
    queryKey: ["clearances", visit, day.revision],
    placeholderData: (before) => before,
    queryFn: () => unwrap(api.GET("/api/schedule/appointments/{appointment_id}/clearances", { params: { path } })),
  });
  const onSuccess = async (next: Schemas["VisitClearances"]) => {
    ask(null);
    queries.setQueryData(["clearances", visit, day.revision], next);
    await queries.invalidateQueries({ queryKey: ["day"] });
  };
  const give = useMutation({
    mutationFn: (body: Schemas["NewClearance"]) =>
      unwrap(api.POST("/api/schedule/appointments/{appointment_id}/clearances", { params: { path }, body })),
    onSuccess,
  });
  const withdraw = useMutation({
    mutationFn: (body: Schemas["WithdrawnClearance"]) =>
      unwrap(api.POST("/api/schedule/appointments/{appointment_id}/clearances/withdraw", { params: { path }, body })),
    onSuccess,
  });
  if (data === undefined) return error ? <Notice>{sentenceOf(error)}</Notice> : null;
  const own = data.clearances.filter((one) => one.asked);
  const rest = data.clearances.filter((one) => !one.asked);
  const failed = give.error ?? withdraw.error;
  const open = (name: string | null) => {
    give.reset();
    withdraw.reset();
    ask(name);
  };
  return (
    <section className="clearances" aria-label="Clearances">
      <div className="clearances-head">
        <h3>Clearances</h3>
        {rest.length > 0 && (
          <Button size="xs" variant="subtle" onClick={() => showOthers(!others)} aria-expanded={others}>
            {others ? "Only this service's" : `Of other services (${rest.length})`}
          </Button>
        )}
      </div>
      {own.length === 0 && !others && <Text size="sm" c="sand.8">This service asks for none.</Text>}
      {!data.registered && (
        <Text size="sm" c="sand.8">
          This client is not registered here. Nothing can be confirmed before they are.
        </Text>
      )}
      <ul>
        {[...own, ...(others ? rest : [])].map((one) => (
          <li key={one.name} data-state={one.state}>
            <i aria-hidden="true">{MARKS[one.state]}</i>
            <div>
              <b>{words(one.name)}</b>
              <span>{standing(one)}</span>
            </div>
            {data.registered && asking !== one.name && (
              <Button
                size="sm"
                variant={one.state === "confirmed" ? "default" : "light"}
                aria-label={`${one.state === "confirmed" ? "Withdraw" : "Confirm"} ${words(one.name)}`}
                onClick={() => open(one.name)}
              >
                {one.state === "confirmed" ? "Withdraw" : "Confirm"}
              </Button>
            )}
            {asking === one.name && (
              <Ask
                day={day}
                one={one}
                professionals={data.professionals}
                busy={give.isPending || withdraw.isPending}
                give={(until, person_id) => give.mutate({ name: one.name, until, person_id })}
                withdraw={(reason, person_id) => withdraw.mutate({ name: one.name, reason, person_id })}
                cancel={() => open(null)}
              />
            )}
          </li>
        ))}
      </ul>
      {failed && <Notice>{sentenceOf(failed)}</Notice>}
    </section>
  );
}

/** The clearances of a visit that has no place, and so no card. */
export function ClearancesOf({ day, visit, close }: { day: Day; visit: Schemas["Unplaced"]; close: () => void }) {
  return (
    <Modal opened onClose={close} title={visit.client_name} size="lg" centered radius="lg" closeButtonProps={{ "aria-label": "Close" }}>
      <Stack gap="sm">
        <Text>
          {visit.service} · {visit.minutes} min · without a place
        </Text>
        {visit.uncleared && <Notice title="Not cleared">{visit.reason}.</Notice>}
        <Clearances day={day} visit={visit.appointment_id} />
        <Text size="sm" c="sand.8">
          Once all that this service asks for is confirmed, the visit gets a place when the day is next worked out.
        </Text>
      </Stack>
    </Modal>
  );
}
