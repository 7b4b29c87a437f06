import { clockTime } from "@medspasync/kit";
import { type PointerEvent, useRef, useState } from "react";
import type { Schemas } from "../../api/client";

type Day = Schemas["ScheduleDay"];
type Step = Schemas["Step"];

const GRID_MS = 5 * 60_000;
const SLACK_PIXELS = 6;

/** A visit where a proposal would have it; dragged along or across the lanes, it asks for that place. */
export function Ghost({
  day,
  step,
  turn,
  style,
  lit,
  drop,
}: {
  day: Day;
  step: Step;
  turn: { starts_at: string; ends_at: string };
  style: { left: string; width: string };
  lit: boolean;
  drop?: (step: Step, starts_at: string, provider_id: string) => void;
}) {
  const from = useRef<{ x: number; y: number } | null>(null);
  const [by, setBy] = useState({ x: 0, y: 0 });
  const movable = drop !== undefined;
  const length = Date.parse(day.closes_at) - Date.parse(day.opens_at);
  const grip = (event: PointerEvent<HTMLElement>) => {
    if (!movable) return;
    event.currentTarget.setPointerCapture(event.pointerId);
    from.current = { x: event.clientX, y: event.clientY };
  };
  const drag = (event: PointerEvent<HTMLElement>) => {
    if (from.current) setBy({ x: event.clientX - from.current.x, y: event.clientY - from.current.y });
  };
  const end = (event: PointerEvent<HTMLElement>) => {
    const begun = from.current;
    from.current = null;
    setBy({ x: 0, y: 0 });
    const track = event.currentTarget.parentElement;
    if (!begun || !track || !drop || step.to_starts_at == null) return;
    const far = { x: event.clientX - begun.x, y: event.clientY - begun.y };
    if (Math.hypot(far.x, far.y) < SLACK_PIXELS) return;
    const later = Math.round(((far.x / track.clientWidth) * length) / GRID_MS) * GRID_MS;
    // The ghost lies under the pointer: the lane is the one beneath it.
    const lane = document
      .elementsFromPoint(event.clientX, event.clientY)
      .map((one) => one.closest<HTMLElement>("[data-provider]"))
      .find((one) => one !== null);
    const provider = lane?.dataset.provider;
    if (provider) drop(step, new Date(Date.parse(step.to_starts_at) + later).toISOString(), provider);
  };
  return (
    <div
      className="visit ghost"
      data-kind={step.kind}
      data-movable={movable}
      data-lit={lit}
      data-ghost={step.appointment_id}
      title={movable ? `${step.reason} Drag it to put it elsewhere.` : step.reason}
      style={{ ...style, transform: `translate(${by.x}px, ${by.y}px)` }}
      onPointerDown={grip}
      onPointerMove={drag}
      onPointerUp={end}
      onPointerCancel={() => {
        from.current = null;
        setBy({ x: 0, y: 0 });
      }}
    >
      <b>{step.client_name}</b>
      <span>{step.service}</span>
      <span className="numbers">→ {clockTime(turn.starts_at, day.timezone)}</span>
    </div>
  );
}
