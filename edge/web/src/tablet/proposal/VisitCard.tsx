import { Button, Group, Modal, NativeSelect, Stack, Tabs, Text } from "@mantine/core";
import { clockTime, sentenceOf, unwrap, words } from "@medspasync/kit";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, type Schemas } from "../../api/client";
import { keepDay } from "../days";
import { nameOf } from "./times";
import { type Disruption, type Proposal, usePropose } from "./useProposing";
import { WhyNot } from "./WhyNot";
import { Clearances } from "./Clearances";
import { Notice } from "./Notice";
import { ForThoseWho, NoRight, useMay } from "../rights";

type Day = Schemas["ScheduleDay"];
type Visit = Schemas["Appointment"];
type Status = Schemas["AppointmentStatus"];

const NEXT: Partial<Record<Status, Status[]>> = {
  tentative: ["confirmed", "arrived"],
  confirmed: ["arrived"],
  arrived: ["in_progress"],
  in_progress: ["completed"],
};
const MINUTES = [5, 10, 15, 20, 30, 45, 60];

function Facts({ day, visit }: { day: Day; visit: Visit }) {
  return (
    <>
      <Text>
        {visit.service} · {clockTime(visit.starts_at, day.timezone)}–{clockTime(visit.ends_at, day.timezone)} ·{" "}
        <b>{words(visit.status)}</b>
      </Text>
      <div>
        {visit.stages.map((stage) => (
          <Text size="sm" c="sand.8" key={stage.starts_at + stage.name}>
            {clockTime(stage.starts_at, day.timezone)} {stage.name}:{" "}
            {[stage.provider_id, stage.room_id, stage.device_id].map((id) => nameOf(day, id)).filter(Boolean).join(", ")}
          </Text>
        ))}
      </div>
      {visit.conflict && <Notice title="It cannot stay where it is">{visit.conflict}</Notice>}
      {visit.move && (
        <Notice kind="stale" title={`Moved from ${clockTime(visit.move.from_starts_at, day.timezone)}`}>
          {visit.move.reason}
        </Notice>
      )}
      {visit.uncleared && <Notice title="Not cleared">{visit.uncleared}. When the day is next worked out, the visit loses its place.</Notice>}
    </>
  );
}

function Happened({ visit, busy, propose }: { visit: Visit; busy: boolean; propose: (what: Disruption) => void }) {
  const [minutes, setMinutes] = useState("15");
  const begun = visit.status === "in_progress";
  const id = { appointment_id: visit.id };
  return (
    <Stack gap="sm">
      <Group align="end">
        <NativeSelect
          size="md"
          w={130}
          label={begun ? "Minutes longer" : "Minutes late"}
          value={minutes}
          onChange={(event) => setMinutes(event.currentTarget.value)}
          data={MINUTES.map(String)}
        />
        <Button size="md" variant="light" loading={busy} onClick={() => propose({ kind: "runs_late", ...id, minutes: Number(minutes) })}>
          {begun ? "It takes longer" : "The client is late"}
        </Button>
      </Group>
      {!begun && (
        <Group>
          <Button size="md" variant="default" loading={busy} onClick={() => propose({ kind: "cancelled", ...id })}>
            Cancelled
          </Button>
          {visit.status !== "arrived" && (
            <Button size="md" variant="default" loading={busy} onClick={() => propose({ kind: "no_show", ...id })}>
              No show
            </Button>
          )}
        </Group>
      )}
    </Stack>
  );
}

function AddOn({ day, visit, busy, propose }: { day: Day; visit: Visit; busy: boolean; propose: (what: Disruption) => void }) {
  const [service, setService] = useState(day.services?.[0]?.id ?? "");
  const add = (urgent: boolean) => propose({ kind: "add_on", appointment_id: visit.id, service_id: service, urgent });
  return (
    <Stack gap="sm">
      <NativeSelect
        size="md"
        label="Another service for this client"
        value={service}
        onChange={(event) => setService(event.currentTarget.value)}
        data={(day.services ?? []).map((one) => ({ value: one.id, label: `${one.name}, ${one.minutes} min` }))}
      />
      <Text size="sm" c="sand.8">
        Directly after or before this visit, if possible with the same provider and in the same room.
      </Text>
      <Group>
        <Button size="md" loading={busy} onClick={() => add(false)}>
          Add where nobody moves
        </Button>
        <Button size="md" variant="default" loading={busy} onClick={() => add(true)}>
          Others may make way
        </Button>
      </Group>
    </Stack>
  );
}

/** A visit's card: how far it is, what happened, something added, and another time. */
export function VisitCard({ day, visit, done, close }: { day: Day; visit: Visit; done: (one: Proposal) => void; close: () => void }) {
  const queries = useQueryClient();
  const may = useMay("change_schedule");
  const propose = usePropose(day, (one) => {
    close();
    done(one);
  });
  const change = useMutation({
    mutationFn: (status: Status) =>
      unwrap(
        api.POST("/api/schedule/appointments/{appointment_id}/status", {
          params: { path: { appointment_id: visit.id } },
          body: { status },
        }),
      ),
    onSuccess: (next) => {
      keepDay(queries, next);
      close();
    },
  });
  const over = visit.status === "completed" || visit.status === "no_show" || visit.status === "cancelled";
  const report = (what: Disruption) => propose.mutate(what);
  return (
    <Modal opened onClose={close} title={visit.client_name} size="lg" centered radius="lg" closeButtonProps={{ "aria-label": "Close" }}>
      <Stack gap="sm">
        <Facts day={day} visit={visit} />
        {day.asks_clearances && <Clearances day={day} visit={visit.id} />}
        <NoRight to="change_schedule" />
        <Group>
          {(NEXT[visit.status] ?? []).map((status, index) => (
            <Button
              key={status}
              size="md"
              variant={index === 0 ? "filled" : "default"}
              disabled={!may}
              loading={change.isPending}
              onClick={() => change.mutate(status)}
            >
              {words(status)}
            </Button>
          ))}
        </Group>
        {!over && (
          <Tabs defaultValue="happened" keepMounted={false}>
            <Tabs.List>
              <Tabs.Tab value="happened">What happened</Tabs.Tab>
              <Tabs.Tab value="add">Add a service</Tabs.Tab>
              {visit.status !== "in_progress" && <Tabs.Tab value="when">Another time</Tabs.Tab>}
            </Tabs.List>
            <Tabs.Panel value="happened" pt="md">
              <ForThoseWho may="change_schedule">
                <Happened visit={visit} busy={propose.isPending} propose={report} />
              </ForThoseWho>
            </Tabs.Panel>
            <Tabs.Panel value="add" pt="md">
              <ForThoseWho may="change_schedule">
                <AddOn day={day} visit={visit} busy={propose.isPending} propose={report} />
              </ForThoseWho>
            </Tabs.Panel>
            <Tabs.Panel value="when" pt="md">
              <WhyNot day={day} visit={visit} may={may} busy={propose.isPending} propose={report} />
            </Tabs.Panel>
          </Tabs>
        )}
        {(change.isError || propose.isError) && <Notice>{sentenceOf(change.error ?? propose.error)}</Notice>}
      </Stack>
    </Modal>
  );
}
