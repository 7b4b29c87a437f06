import { clockTime, words } from "@medspasync/kit";
import { type CSSProperties, useEffect, useRef } from "react";
import type { Schemas } from "../api/client";
import { LentBlock } from "./lent/LentCard";
import { Ghost } from "./proposal/Ghost";

type Day = Schemas["ScheduleDay"];
type Appointment = Schemas["Appointment"];
type Step = Schemas["Step"];
type Slot = Schemas["LentSlot"];

const HOUR_MS = 3_600_000;
const WIDE_HOUR_PIXELS = 168;
const NARROW_HOUR_PIXELS = 150;
const NAME_PIXELS = 118;

/** What one provider does in a visit: stages in a row that are theirs, as one block. A provider is in one place. */
function turns(one: { stages?: Schemas["Stage"][] }, provider: string): { starts_at: string; ends_at: string }[] {
  const own: { starts_at: string; ends_at: string }[] = [];
  for (const stage of one.stages ?? []) {
    if (stage.provider_id !== provider) continue;
    const last = own.at(-1);
    if (last && last.ends_at === stage.starts_at) last.ends_at = stage.ends_at;
    else own.push({ starts_at: stage.starts_at, ends_at: stage.ends_at });
  }
  return own;
}

/** A lane per provider, time from left to right, with the line of now, and where a proposal would have visits. */
export function Lanes({
  day,
  choose,
  chooseLent,
  steps = [],
  focus,
  drop,
}: {
  day: Day;
  choose: (one: Appointment) => void;
  chooseLent: (one: Slot) => void;
  steps?: Step[];
  focus?: string;
  drop?: (step: Step, starts_at: string, provider_id: string) => void;
}) {
  // Beside a proposal there is less room, and more of the day has to be seen.
  const hourPixels = steps.length > 0 ? NARROW_HOUR_PIXELS : WIDE_HOUR_PIXELS;
  const from = Date.parse(day.opens_at);
  const length = Date.parse(day.closes_at) - from;
  const share = (iso: string) => Math.min(100, Math.max(0, ((Date.parse(iso) - from) / length) * 100));
  const hours = Array.from({ length: Math.floor(length / HOUR_MS) + 1 }, (_, index) =>
    new Date(from + index * HOUR_MS).toISOString(),
  );
  const now = Date.parse(day.now);
  const width = NAME_PIXELS + (length / HOUR_MS) * hourPixels;
  const scroller = useRef<HTMLDivElement>(null);
  useEffect(() => {
    // Once a day: what comes next stands beside the names.
    scroller.current?.scrollTo({ left: ((Date.parse(day.now) - HOUR_MS / 2 - from) / HOUR_MS) * hourPixels });
  }, [day.day]);
  const leaving = new Set(steps.map((step) => step.appointment_id));
  const looked = steps.filter((step) => focus === undefined || step.appointment_id === focus);
  const [first] = looked.flatMap((step) => [step.from_starts_at, step.to_starts_at]).filter((at) => at != null).sort();
  useEffect(() => {
    // What a proposal changes first comes into sight.
    if (first) scroller.current?.scrollTo({ left: ((Date.parse(first) - HOUR_MS / 2 - from) / HOUR_MS) * hourPixels });
  }, [first, focus]);
  return (
    <section className="card lanes" aria-label="Schedule by provider" style={{ "--lanes": day.providers.length } as CSSProperties}>
      <div className="lane-scroll" ref={scroller} tabIndex={0} role="group" aria-label="Hours of the day">
      <div style={{ minWidth: `${width}px` }}>
      <div className="lane-hours numbers" aria-hidden="true">
        {hours.slice(0, -1).map((hour) => (
          <span key={hour} style={{ left: `${share(hour)}%` }}>
            {clockTime(hour, day.timezone)}
          </span>
        ))}
      </div>
      {day.providers.map((provider) => (
        <div className="lane" key={provider.id}>
          <div className="lane-name">
            <b>{provider.name}</b>
            <span>{provider.detail}</span>
          </div>
          <div className="lane-track" data-provider={provider.id}>
            {hours.map((hour) => (
              <i className="lane-grid" key={hour} style={{ left: `${share(hour)}%` }} />
            ))}
            {(provider.absences ?? []).map((gone) => (
              <div
                className="lane-absence"
                key={gone.starts_at}
                style={{ left: `${share(gone.starts_at)}%`, width: `${share(gone.ends_at) - share(gone.starts_at)}%` }}
              >
                <span>{gone.reason || "Out"}</span>
              </div>
            ))}
            {(day.lent ?? [])
              .flatMap((slot) => turns(slot, provider.id).map((turn) => ({ slot, turn })))
              .map(({ slot, turn }) => (
                <LentBlock
                  key={`${slot.id} ${turn.starts_at}`}
                  day={day}
                  slot={slot}
                  choose={() => chooseLent(slot)}
                  style={{ left: `${share(turn.starts_at)}%`, width: `${share(turn.ends_at) - share(turn.starts_at)}%` }}
                />
              ))}
            {day.appointments
              .filter((one) => one.status !== "cancelled")
              .flatMap((one) => turns(one, provider.id).map((turn) => ({ one, turn })))
              .map(({ one, turn }) => (
                <button
                  type="button"
                  key={`${one.id} ${turn.starts_at}`}
                  className="visit"
                  data-status={one.status}
                  data-moved={one.move ? "true" : undefined}
                  data-conflict={one.conflict ? "true" : undefined}
                  data-leaving={leaving.has(one.id) ? "true" : undefined}
                  data-uncleared={one.uncleared ? "true" : undefined}
                  style={{ left: `${share(turn.starts_at)}%`, width: `${share(turn.ends_at) - share(turn.starts_at)}%` }}
                  title={one.conflict ?? one.uncleared ?? (one.move ? `Moved: ${one.move.reason}` : words(one.status))}
                  onClick={() => choose(one)}
                >
                  <b>{one.client_name}</b>
                  {one.uncleared && <span className="visit-uncleared">Not cleared</span>}
                  <span>{one.service}</span>
                  <span className="numbers">{clockTime(turn.starts_at, day.timezone)}</span>
                </button>
              ))}
            {steps
              .flatMap((step) => turns(step, provider.id).map((turn) => ({ step, turn })))
              .map(({ step, turn }) => (
                <Ghost
                  key={`ghost ${step.appointment_id} ${turn.starts_at}`}
                  day={day}
                  step={step}
                  turn={turn}
                  drop={drop}
                  lit={step.appointment_id === focus}
                  style={{ left: `${share(turn.starts_at)}%`, width: `${share(turn.ends_at) - share(turn.starts_at)}%` }}
                />
              ))}
            {now > from && now < from + length && (
              <i className="lane-now" style={{ left: `${share(day.now)}%` }} aria-hidden="true" />
            )}
          </div>
        </div>
      ))}
      </div>
      </div>
      <ul className="legend" aria-label="Colours">
        {["confirmed", "arrived", "in_progress", "completed", "tentative"].map((status) => (
          <li key={status} data-status={status}>
            {words(status)}
          </li>
        ))}
        <li data-moved="true">Moved</li>
        {day.appointments.some((one) => one.uncleared) && <li data-uncleared="true">Not cleared</li>}
        {(day.lent ?? []).length > 0 && <li data-lent="true">Held for online booking</li>}
        {day.appointments.some((one) => one.conflict) && <li data-conflict="true">In conflict</li>}
        {steps.length > 0 && <li data-ghost="true">Proposed</li>}
      </ul>
    </section>
  );
}
