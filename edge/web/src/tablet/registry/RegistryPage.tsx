import { Button, Group, NativeSelect, SegmentedControl, Text, TextInput, Title } from "@mantine/core";
import { sentenceOf } from "@medspasync/kit";
import { useState } from "react";
import { Link } from "react-router";
import { Notice } from "../proposal/Notice";
import "../proposal/proposal.css";
import type { Section } from "./document";
import { Editing, type Target } from "./Editing";
import { sentence } from "./fields";
import { Latest, ToCome } from "./Latest";
import "./registry.css";
import { ReviewPlan } from "./ReviewPlan";
import { DeviceRows, ProviderRows, RoomRows, ServiceRows } from "./Rows";
import { type Plan, type Registering, type State, useRegistry } from "./useRegistry";
import { count, dayAfter, dayText, hurtText } from "./words";

const SECTIONS: { value: Section; label: string; one: string }[] = [
  { value: "providers", label: "Providers", one: "provider" },
  { value: "rooms", label: "Rooms", one: "room" },
  { value: "devices", label: "Devices", one: "device" },
  { value: "services", label: "Services", one: "service" },
];
const ROWS = { providers: ProviderRows, rooms: RoomRows, devices: DeviceRows, services: ServiceRows };

/** A clinic's file that says something else: nothing of it counts until somebody takes it over. */
function FileNotice({ state, registering, take }: { state: State; registering: Registering; take: () => void }) {
  const { file } = state;
  if (!file.news) return null;
  const sentences = file.sentences ?? [];
  if (file.state === "unreadable") {
    return (
      <Notice kind="stale" title="The clinic's file cannot be read. What is on record here counts.">
        {sentences.join(" ")}
      </Notice>
    );
  }
  return (
    <section className="card file-news" aria-label="The clinic's file">
      <div>
        <b>The clinic's file says something else than what counts here</b>
        <p>
          {sentences.slice(0, 3).join(" ")}
          {sentences.length > 3 && ` And ${count(sentences.length - 3, "more change", "more changes")}.`}
        </p>
        {registering.leave.isError && <p className="field-fault">{sentenceOf(registering.leave.error)}</p>}
      </div>
      <Group gap="xs" wrap="nowrap">
        <Button variant="default" loading={registering.leave.isPending} onClick={() => registering.leave.mutate()}>
          Keep what is here
        </Button>
        <Button variant="light" onClick={take}>
          Take the file over…
        </Button>
      </Group>
    </section>
  );
}

/** What is drafted and not saved yet: how much, whether it is right, and whom it would hurt. */
function DraftBar({ registering, today, review }: { registering: Registering; today: string; review: () => void }) {
  const { draft, effect, overtaken, discard, countFrom } = registering;
  if (draft === null) return null;
  const faults = effect?.faults ?? [];
  const needed = effect?.needed ?? [];
  const hurt = effect?.hurt ?? [];
  const changes = effect?.sentences ?? [];
  const telling = () => {
    if (effect === undefined) return "Looking at what it changes…";
    if (overtaken) return "Somebody else has saved a change meanwhile. Discard this draft and begin again from theirs.";
    if (faults[0]) return `${faults.length > 1 ? `${faults.length} things are not right yet. ` : ""}${sentence(faults[0].message)}`;
    if (needed[0]) return sentence(needed[0]);
    if (hurt.length > 0) return `${hurtText(hurt)} would stand without what they need.`;
    return changes.length > 0 ? "Nobody who is booked is touched by it." : "It says what counts already.";
  };
  const soonest = dayAfter(today);
  const bad = overtaken || faults.length > 0 || needed.length > 0;
  return (
    <div className="card draft" role="status" data-tone={bad ? "bad" : hurt.length > 0 ? "warn" : "good"}>
      <span>
        {effect && (
          <b>{faults.length > 0 ? "The draft is not right yet." : `${count(changes.length, "change", "changes")} not saved yet.`}</b>
        )}{" "}
        {telling()}
      </span>
      <Group gap="xs" wrap="nowrap">
        <SegmentedControl
          aria-label="From when it counts"
          value={draft.from === null ? "now" : "later"}
          onChange={(when) => countFrom(when === "now" ? null : soonest)}
          data={[
            { value: "now", label: "From now" },
            { value: "later", label: "From a day on" },
          ]}
        />
        {draft.from !== null && (
          <TextInput
            type="date"
            aria-label="First day it counts for"
            min={soonest}
            max={dayAfter(today, 366)}
            value={draft.from}
            onChange={(event) => event.currentTarget.value && countFrom(event.currentTarget.value)}
          />
        )}
        <Button variant="default" onClick={discard}>
          Discard
        </Button>
        <Button disabled={bad || changes.length === 0} onClick={review}>
          See what changes…
        </Button>
      </Group>
    </div>
  );
}

/** A change that was just made: the day of each visit that it hurts, and from when on it counts, if not from now. */
interface Saved {
  waiting: string[];
  from: string | null;
}

const MOST_DAYS = 6;

/** Where the visits that a change hurts wait to be planned again, day by day. */
function Waiting({ saved, today }: { saved: Saved; today: string }) {
  const days = [...new Set(saved.waiting)].sort();
  if (days.length === 0) return saved.from ? "The days from then on are planned with it." : "It is planned with from now on.";
  return (
    <>
      {days.slice(0, MOST_DAYS).map((day) => {
        const waits = count(saved.waiting.filter((one) => one === day).length, "visit waits", "visits wait");
        return day === today ? (
          <Link key={day} to="/tablet">
            {waits} on the board to be planned again.
          </Link>
        ) : (
          <Link key={day} to={`/tablet?day=${day}`}>
            {waits} on {dayText(day, today)}.
          </Link>
        );
      })}
      {days.length > MOST_DAYS && ` And ${count(days.length - MOST_DAYS, "day more", "days more")}.`}
    </>
  );
}

/** Which days' clinic is looked at, where another is yet to come; a draft keeps to the one that it was made of. */
function Shown({ state, registering }: { state: State; registering: Registering }) {
  const days = [...new Set((state.to_come ?? []).map((one) => one.valid_from ?? ""))];
  if (days.length === 0 && registering.on === null) return null;
  return (
    <NativeSelect
      size="md"
      aria-label="Which days' clinic to look at"
      disabled={registering.draft !== null}
      value={registering.on ?? ""}
      data={[{ value: "", label: "As it is now" }, ...days.map((day) => ({ value: day, label: `From ${dayText(day, state.today)} on` }))]}
      onChange={(event) => registering.showOn(event.currentTarget.value || null)}
    />
  );
}

/** Whom and what the clinic plans with, to be changed while the day runs. */
export default function RegistryPage() {
  const registering = useRegistry();
  const { data: state, clinic, counts, error } = registering;
  const [section, setSection] = useState<Section>("providers");
  const [target, setTarget] = useState<Target | null>(null);
  const [plan, setPlan] = useState<Plan | null>(null);
  const [saved, setSaved] = useState<Saved | null>(null);
  if (state === undefined || clinic === undefined || counts === undefined) {
    return error ? <Notice>{sentenceOf(error)}</Notice> : null;
  }
  const Rows = ROWS[section];
  const shown = SECTIONS.find((one) => one.value === section) ?? SECTIONS[0];
  const undoable = [...state.changes, ...(state.to_come ?? [])].filter((one) => one.undoable);
  const latest = undoable.sort((one, other) => other.made_at.localeCompare(one.made_at))[0];
  const look = (next: Plan) => {
    registering.act.reset();
    setSaved(null);
    setPlan(next);
  };
  return (
    <>
      <Group justify="space-between" mb="md">
        <div>
          <Title order={1} size="h2">
            {clinic.clinic}
          </Title>
          <Text c="sand.8" size="sm">
            Open {clinic.hours.start}–{clinic.hours.end} · {count(clinic.providers.length, "provider", "providers")} ·{" "}
            {count(clinic.rooms.length, "room", "rooms")} · {count(clinic.devices?.length ?? 0, "device", "devices")} ·{" "}
            {count(clinic.services.length, "service", "services")}
            {error !== null && " · the box does not answer"}
          </Text>
        </div>
        <Group gap="sm">
          <Shown state={state} registering={registering} />
          <Button size="md" variant="light" onClick={() => setTarget({ section: "rules" })}>
            Hours and rules…
          </Button>
        </Group>
      </Group>
      <FileNotice state={state} registering={registering} take={() => look({ kind: "file" })} />
      {saved !== null && (
        <div className="card done" role="status">
          <span>
            <b>{saved.from ? `The clinic changes on ${dayText(saved.from, state.today)}.` : "The clinic is changed."}</b>{" "}
            <Waiting saved={saved} today={state.today} />
          </span>
          <Group gap="xs" wrap="nowrap">
            {latest && (
              <Button size="sm" variant="default" onClick={() => look({ kind: "undo", change: latest })}>
                Undo
              </Button>
            )}
            <Button size="sm" variant="subtle" onClick={() => setSaved(null)}>
              Close
            </Button>
          </Group>
        </div>
      )}
      <div className="day">
        <section className="card registry" aria-label={shown?.label}>
          <Group justify="space-between" className="registry-head">
            <SegmentedControl
              size="md"
              aria-label="What to look at"
              value={section}
              onChange={(value) => setSection(value as Section)}
              data={SECTIONS.map(({ value, label }) => ({ value, label }))}
            />
            <Button variant="light" onClick={() => setTarget({ section, id: null })}>
              Add a {shown?.one}…
            </Button>
          </Group>
          <Rows
            clinic={clinic}
            counts={counts}
            faults={registering.effect?.faults ?? []}
            paces={state.paces ?? []}
            edit={(where, id) => setTarget({ section: where, id })}
          />
        </section>
        <aside className="side" aria-label="Changes of late">
          <ToCome state={state} undo={(change) => look({ kind: "undo", change })} />
          <Latest state={state} undo={(change) => look({ kind: "undo", change })} />
          {state.file.state === "differs" && !state.file.news && (
            <section className="card side-card">
              <h2>The clinic's file</h2>
              <p className="quiet">It says something else than what counts here.</p>
              <Button mt="xs" variant="default" size="xs" onClick={() => look({ kind: "file" })}>
                Take it over…
              </Button>
            </section>
          )}
        </aside>
      </div>
      <DraftBar
        registering={registering}
        today={state.today}
        review={() => registering.draft && look({ kind: "save", draft: registering.draft })}
      />
      {target && (
        <Editing
          key={JSON.stringify(target)}
          clinic={clinic}
          begun={registering.begun(state)}
          paces={state.paces ?? []}
          target={target}
          keep={registering.change}
          close={() => setTarget(null)}
        />
      )}
      {plan && (
        <ReviewPlan
          plan={plan}
          state={state}
          act={registering.act}
          done={(hurt) => {
            setPlan(null);
            if (plan.kind === "undo" && plan.change.valid_from === registering.on) registering.showOn(null);
            setSaved(plan.kind === "undo" ? null : { waiting: hurt, from: plan.kind === "save" ? plan.draft.from : null });
          }}
          close={() => setPlan(null)}
        />
      )}
    </>
  );
}
