import { Button, Group, Text, Title } from "@mantine/core";
import { clockTime, sentenceOf, span, unwrap, useNow } from "@medspasync/kit";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Link } from "react-router";
import { api, type Schemas } from "../api/client";
import { keepDay, useShownDay } from "./days";
import { DayTabs } from "./checklist/DayTabs";
import { Lanes } from "./Lanes";
import { ClearancesOf } from "./proposal/Clearances";
import "./proposal/proposal.css";
import { ProposalPanel } from "./proposal/ProposalPanel";
import { Report } from "./proposal/Report";
import { type Proposal, usePropose } from "./proposal/useProposing";
import { VisitCard } from "./proposal/VisitCard";
import { Notice } from "./proposal/Notice";
import { useReported } from "./proposal/useReported";
import { LentCard } from "./lent/LentCard";
import { LentSide } from "./lent/LentSide";
import { NoRight, useMay } from "./rights";

type Day = Schemas["ScheduleDay"];
type Appointment = Schemas["Appointment"];

function useUndo(done: () => void) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (id: string) =>
      unwrap(api.POST("/api/schedule/replans/{replan_id}/undo", { params: { path: { replan_id: id } } })),
    onSuccess: (next) => {
      keepDay(queries, next);
      done();
    },
  });
}

/** Visits that a change of the clinic no longer allows where they are, and the way to plan them again. */
function Conflicts({ day, show }: { day: Day; show: (one: Proposal) => void }) {
  const propose = usePropose(day, show);
  const broken = day.appointments
    .filter((one) => one.conflict)
    .sort((one, other) => Date.parse(one.starts_at) - Date.parse(other.starts_at));
  if (broken.length === 0) return null;
  return (
    <section className="card side-card">
      <h2>
        In conflict <span className="count">{broken.length}</span>
      </h2>
      {broken.slice(0, 5).map((one) => (
        <div className="slip" key={one.id}>
          <b>{one.client_name}</b>
          <span>
            {one.service} · {clockTime(one.starts_at, day.timezone)}
          </span>
          <p>{one.conflict}</p>
        </div>
      ))}
      <Button variant="light" size="xs" loading={propose.isPending} onClick={() => propose.mutate({ kind: "clinic_changed" })}>
        Plan them again
      </Button>
      {propose.isError && <Notice>{sentenceOf(propose.error)}</Notice>}
    </section>
  );
}

interface SideProps {
  day: Day;
  show: (one: Proposal) => void;
  clear: (visit: string) => void;
  hold: (slot: Schemas["LentSlot"]) => void;
  undone: () => void;
}

function Side({ day, show, clear, hold, undone }: SideProps) {
  const undo = useUndo(undone);
  const today = useShownDay() === null;
  const may = useMay("change_schedule");
  const waiting = day.proposals ?? [];
  return (
    <aside className="side" aria-label="Unplaced visits and changes">
      <Conflicts day={day} show={show} />
      {waiting.length > 0 && (
        <section className="card side-card">
          <h2>
            To decide <span className="count">{waiting.length}</span>
          </h2>
          {waiting.map((one) => (
            <div className="slip" key={one.id}>
              <b>{one.cause}</b>
              <span>
                {one.answers[0]?.mode === "escalate" ? "A manager decides" : may ? "You can decide" : "The front desk can decide"}
              </span>
              <Button mt={6} variant="light" size="xs" onClick={() => show(one)}>
                Look at it
              </Button>
            </div>
          ))}
        </section>
      )}
      <section className="card side-card">
        <h2>
          To place <span className="count">{day.unplaced.length}</span>
        </h2>
        {day.unplaced.length === 0 && <p className="quiet">Everybody has a place{today && " today"}.</p>}
        {day.unplaced.map((one) => (
          <div className="slip" key={one.appointment_id}>
            <b>{one.client_name}</b>
            <span>
              {one.service} · {one.minutes} min
            </span>
            <p>{one.reason}</p>
            {day.asks_clearances && (
              <Button variant={one.uncleared ? "light" : "default"} size="xs" onClick={() => clear(one.appointment_id)}>
                Clearances
              </Button>
            )}
          </div>
        ))}
      </section>
      <LentSide day={day} choose={hold} />
      <section className="card side-card">
        <h2>{today ? "Changes today" : "Changes of this day"}</h2>
        {day.replans.length === 0 && <p className="quiet">The day runs as booked.</p>}
        {day.replans.slice(0, 4).map((plan) => (
          <div className="change" key={plan.id} data-undone={plan.undone}>
            <div className="change-head">
              <b>{plan.cause}</b>
              <span className="numbers">{clockTime(plan.made_at, day.timezone)}</span>
            </div>
            <p>
              {plan.undone ? "Taken back" : `${plan.moved.length} moved, ${plan.unplaced} to place, ${plan.unchanged} as they were`}
            </p>
            {plan.undoable && (
              <Button variant="default" size="xs" disabled={!may} loading={undo.isPending} onClick={() => undo.mutate(plan.id)}>
                Undo this change
              </Button>
            )}
          </div>
        ))}
        {undo.isError && <Notice>{sentenceOf(undo.error)}</Notice>}
      </section>
    </aside>
  );
}

/** What was just done, with the way back. */
function Done({ id, day, close }: { id: string; day: Day; close: () => void }) {
  const undo = useUndo(close);
  const may = useMay("change_schedule");
  const made = day.replans.find((one) => one.id === id);
  if (!made || made.undone) return null;
  return (
    <div className="card done" role="status">
      <span>
        <b>The day is changed.</b> {made.cause}
      </span>
      {undo.isError && <span>{sentenceOf(undo.error)}</span>}
      <Group gap="xs" wrap="nowrap">
        {made.undoable && (
          <Button size="sm" variant="default" disabled={!may} loading={undo.isPending} onClick={() => undo.mutate(id)}>
            Undo
          </Button>
        )}
        <Button size="sm" variant="subtle" onClick={close}>
          Close
        </Button>
      </Group>
    </div>
  );
}

/** The schedule of today, or of a day to come: a lane per provider, what waits for a decision, and what was changed and why. */
export default function SchedulePage() {
  const [chosen, choose] = useState<Appointment | null>(null);
  const [held, hold] = useState<Schemas["LentSlot"] | null>(null);
  const [reporting, report] = useState<"walk_in" | "provider_out" | null>(null);
  const reported = useReported();
  const [looking, look] = useState<{ id: string; choice: number; focus?: string } | null>(
    reported?.state === "open" ? { id: reported.id, choice: 0 } : null,
  );
  const [made, make] = useState<string | null>(reported?.state === "executed" ? reported.id : null);
  const [clearing, clear] = useState<string | null>(null);
  const may = useMay("change_schedule");
  const queries = useQueryClient();
  const now = useNow();
  const on = useShownDay();
  const { data: day, error, dataUpdatedAt } = useQuery({
    queryKey: ["day", on],
    queryFn: () => unwrap(api.GET("/api/schedule", { params: { query: on === null ? {} : { day: on } } })),
    refetchInterval: 5000,
  });
  const edit = useMutation({
    mutationFn: ({ proposal, body }: { proposal: string; body: Schemas["Pin"] }) =>
      unwrap(api.POST("/api/schedule/proposals/{proposal_id}/edit", { params: { path: { proposal_id: proposal } }, body })),
    onSuccess: async (next) => {
      await queries.invalidateQueries({ queryKey: ["day"] });
      look({ id: next.id, choice: 0 });
    },
  });
  if (day === undefined) return error ? <Notice>{sentenceOf(error)}</Notice> : null;
  const title = new Intl.DateTimeFormat("en-GB", { weekday: "long", day: "numeric", month: "long", timeZone: "UTC" }).format(
    new Date(`${day.day}T12:00:00Z`),
  );
  const open = day.appointments.filter((one) => one.status !== "cancelled" && one.status !== "no_show").length;
  const proposal = day.proposals?.find((one) => one.id === looking?.id);
  const answer = proposal?.answers[looking?.choice ?? 0];
  const current = day.appointments.find((one) => one.id === chosen?.id);
  const waiting = day.unplaced.find((one) => one.appointment_id === clearing);
  const show = (one: Proposal) => {
    edit.reset();
    if (one.state === "executed") make(one.id);
    else look({ id: one.id, choice: 0 });
  };
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
        <Group gap="sm">
          {on === null ? (
            <>
              <DayTabs />
              <Button size="md" variant="light" disabled={!may} onClick={() => report("provider_out")}>
                Something is out…
              </Button>
              <Button size="md" disabled={!may} onClick={() => report("walk_in")}>
                Walk-in…
              </Button>
            </>
          ) : (
            <Button size="md" variant="light" component={Link} to="/tablet">
              Back to today
            </Button>
          )}
        </Group>
      </Group>
      <NoRight to="change_schedule" />
      {made && <Done id={made} day={day} close={() => make(null)} />}
      <div className="day" data-deciding={proposal !== undefined}>
        <Lanes
          day={day}
          choose={choose}
          chooseLent={hold}
          steps={answer?.steps}
          focus={looking?.focus}
          drop={
            proposal && may
              ? (step, starts_at, provider_id) =>
                  edit.mutate({ proposal: proposal.id, body: { appointment_id: step.appointment_id, starts_at, provider_id } })
              : undefined
          }
        />
        {proposal && looking ? (
          <div className="deciding">
            {edit.isError && (
              <Notice title="It cannot be there">
                {sentenceOf(edit.error)}
              </Notice>
            )}
            <ProposalPanel
              key={proposal.id}
              day={day}
              proposal={proposal}
              choice={looking.choice}
              choose={(choice) => look({ id: proposal.id, choice })}
              show={show}
              focus={(focus) => look({ ...looking, focus })}
              accepted={(id) => {
                make(id);
                look(null);
              }}
              close={() => look(null)}
            />
          </div>
        ) : (
          <Side day={day} show={show} clear={clear} hold={hold} undone={() => make(null)} />
        )}
      </div>
      {chosen && <VisitCard day={day} visit={current ?? chosen} done={show} close={() => choose(null)} />}
      {waiting && <ClearancesOf day={day} visit={waiting} close={() => clear(null)} />}
      {held && <LentCard day={day} chosen={held} close={() => hold(null)} />}
      {reporting && <Report day={day} first={reporting} done={show} close={() => report(null)} />}
    </>
  );
}
