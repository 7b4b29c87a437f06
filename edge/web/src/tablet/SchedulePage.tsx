import { Alert, Button, Group, Modal, Stack, Text, Title } from "@mantine/core";
import { clockTime, sentenceOf, span, unwrap, useNow, words } from "@medspasync/kit";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, type Schemas } from "../api/client";
import { DayTabs } from "./checklist/DayTabs";
import { Lanes } from "./Lanes";
import { ProviderOut } from "./ProviderOut";

type Day = Schemas["ScheduleDay"];
type Appointment = Schemas["Appointment"];
type Status = Schemas["AppointmentStatus"];

const NEXT: Partial<Record<Status, Status[]>> = {
  tentative: ["confirmed", "cancelled"],
  confirmed: ["arrived", "no_show", "cancelled"],
  arrived: ["in_progress"],
  in_progress: ["completed"],
};

function Details({ day, chosen, close }: { day: Day; chosen: Appointment; close: () => void }) {
  const queries = useQueryClient();
  const change = useMutation({
    mutationFn: (status: Status) =>
      unwrap(
        api.POST("/api/schedule/appointments/{appointment_id}/status", {
          params: { path: { appointment_id: chosen.id } },
          body: { status },
        }),
      ),
    onSuccess: (next) => {
      queries.setQueryData(["day"], next);
      close();
    },
  });
  const named = (id?: string | null) =>
    [...day.rooms, ...day.devices, ...day.providers].find((one) => one.id === id)?.name;
  return (
    <Modal opened onClose={close} title={chosen.client_name} centered radius="lg" closeButtonProps={{ "aria-label": "Close" }}>
      <Stack gap="sm">
        <Text>
          {chosen.service} · {clockTime(chosen.starts_at, day.timezone)}–{clockTime(chosen.ends_at, day.timezone)} ·{" "}
          <b>{words(chosen.status)}</b>
        </Text>
        {chosen.stages.map((stage) => (
          <Text size="sm" c="sand.8" key={stage.starts_at + stage.name}>
            {clockTime(stage.starts_at, day.timezone)} {stage.name}:{" "}
            {[named(stage.provider_id), named(stage.room_id), named(stage.device_id)].filter(Boolean).join(", ")}
          </Text>
        ))}
        {chosen.move && (
          <Alert color="yellow.9" title={`Moved from ${clockTime(chosen.move.from_starts_at, day.timezone)}`}>
            {chosen.move.reason}
          </Alert>
        )}
        {change.isError && <Alert color="red.9">{sentenceOf(change.error)}</Alert>}
        <Group>
          {(NEXT[chosen.status] ?? []).map((status, index) => (
            <Button
              key={status}
              size="md"
              variant={index === 0 ? "filled" : "default"}
              loading={change.isPending}
              onClick={() => change.mutate(status)}
            >
              {words(status)}
            </Button>
          ))}
        </Group>
      </Stack>
    </Modal>
  );
}

function Side({ day }: { day: Day }) {
  const queries = useQueryClient();
  const undo = useMutation({
    mutationFn: (id: string) =>
      unwrap(api.POST("/api/schedule/replans/{replan_id}/undo", { params: { path: { replan_id: id } } })),
    onSuccess: (next) => queries.setQueryData(["day"], next),
  });
  return (
    <aside className="side" aria-label="Unplaced visits and changes">
      <section className="card side-card">
        <h2>
          To place <span className="count">{day.unplaced.length}</span>
        </h2>
        {day.unplaced.length === 0 && <p className="quiet">Everybody has a place today.</p>}
        {day.unplaced.map((one) => (
          <div className="slip" key={one.appointment_id}>
            <b>{one.client_name}</b>
            <span>
              {one.service} · {one.minutes} min
            </span>
            <p>{one.reason}</p>
          </div>
        ))}
      </section>
      <section className="card side-card">
        <h2>Changes today</h2>
        {day.replans.length === 0 && <p className="quiet">The day runs as booked.</p>}
        {day.replans.slice(0, 4).map((plan) => (
          <div className="change" key={plan.id ?? plan.made_at} data-undone={plan.undone}>
            <div className="change-head">
              <b>{plan.cause}</b>
              <span className="numbers">{clockTime(plan.made_at, day.timezone)}</span>
            </div>
            <p>
              {plan.undone ? "Taken back" : `${plan.moved.length} moved, ${plan.unplaced.length} to place, ${plan.unchanged} as they were`}
            </p>
            {plan.undoable && plan.id && (
              <Button variant="default" size="xs" loading={undo.isPending} onClick={() => undo.mutate(plan.id as string)}>
                Undo this change
              </Button>
            )}
          </div>
        ))}
        {undo.isError && <Alert color="red.9">{sentenceOf(undo.error)}</Alert>}
      </section>
    </aside>
  );
}

/** Today's schedule: a lane per provider, who has no place, and what was changed and why. */
export default function SchedulePage() {
  const [chosen, choose] = useState<Appointment | null>(null);
  const [asking, ask] = useState<string | null>(null);
  const now = useNow();
  const { data: day, error, dataUpdatedAt } = useQuery({
    queryKey: ["day"],
    queryFn: () => unwrap(api.GET("/api/schedule")),
    refetchInterval: 5000,
  });
  if (day === undefined) return error ? <Alert color="red.9">{sentenceOf(error)}</Alert> : null;
  const title = new Intl.DateTimeFormat("en-GB", { weekday: "long", day: "numeric", month: "long", timeZone: "UTC" }).format(
    new Date(`${day.day}T12:00:00Z`),
  );
  const open = day.appointments.filter((one) => one.status !== "cancelled" && one.status !== "no_show").length;
  return (
    <>
      <Group justify="space-between" mb="md">
        <div>
          <Title order={1} size="h2">
            {title}
          </Title>
          <Text c="sand.8" size="sm">
            Visits {open} · Providers {day.providers.length} · Rooms {day.rooms.length} · Devices {day.devices.length}
            {error !== null && ` · shown ${span((now - dataUpdatedAt) / 1000)} old`}
          </Text>
        </div>
        <Group>
          <DayTabs />
          <Button size="md" variant="light" onClick={() => ask(day.providers[0]?.id ?? null)}>
            Provider out…
          </Button>
        </Group>
      </Group>
      <div className="day">
        <Lanes day={day} choose={choose} />
        <Side day={day} />
      </div>
      {chosen && <Details day={day} chosen={chosen} close={() => choose(null)} />}
      {asking !== null && <ProviderOut day={day} first={asking} close={() => ask(null)} />}
    </>
  );
}
