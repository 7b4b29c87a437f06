import { Button } from "@mantine/core";
import { clockTime } from "@medspasync/kit";
import type { Schemas } from "../../api/client";
import { nameOf } from "./times";

type Day = Schemas["ScheduleDay"];
type Step = Schemas["Step"];

const KINDS: Record<Step["kind"], string> = {
  moved: "Moves",
  new: "New",
  unplaced: "Loses its place",
  declined: "Gets no place",
};

function Where({ day, at, provider, room }: { day: Day; at?: string | null; provider?: string | null; room?: string | null }) {
  if (!at) return <span className="where">no place</span>;
  return (
    <span className="where">
      <b className="numbers">{clockTime(at, day.timezone)}</b> {[nameOf(day, provider), nameOf(day, room)].filter(Boolean).join(", ")}
    </span>
  );
}

/** One line for each visit: from where to where, why, and whom to tell. */
export function Steps({
  day,
  steps,
  edit,
  focus,
}: {
  day: Day;
  steps: Step[];
  edit?: (step: Step) => void;
  focus: (appointment: string) => void;
}) {
  return (
    <ul className="steps" aria-label="What changes">
      {steps.map((step) => (
        <li key={step.appointment_id} data-kind={step.kind}>
          <div className="step-head">
            <button type="button" className="step-name" title="Show it on the board" onClick={() => focus(step.appointment_id)}>
              {step.client_name}
            </button>
            <span className="step-kind">{KINDS[step.kind]}</span>
          </div>
          <span className="step-service">{step.service}</span>
          <div className="step-way">
            {step.kind !== "new" && step.from_starts_at && (
              <>
                <Where day={day} at={step.from_starts_at} provider={step.from_provider_id} room={step.from_room_id} />
                <span aria-label="to">→</span>
              </>
            )}
            <Where day={day} at={step.to_starts_at} provider={step.to_provider_id} room={step.to_room_id} />
          </div>
          <p>{step.reason}</p>
          <div className="step-foot">
            {step.notify ? <span className="tell">Tell the client</span> : <span className="quiet">Nobody to tell</span>}
            {edit && (step.kind === "moved" || step.kind === "new" || step.kind === "unplaced") && (
              <Button variant="subtle" size="compact-sm" onClick={() => edit(step)} aria-label={`Put elsewhere… ${step.client_name}`}>
                Put elsewhere…
              </Button>
            )}
          </div>
        </li>
      ))}
    </ul>
  );
}
