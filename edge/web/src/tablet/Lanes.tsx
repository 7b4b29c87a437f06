import { clockTime, words } from "@medspasync/kit";
import type { CSSProperties } from "react";
import type { Schemas } from "../api/client";

type Day = Schemas["ScheduleDay"];
type Appointment = Schemas["Appointment"];

const HOUR_MS = 3_600_000;

/** A lane per provider, time from left to right, with the line of now. */
export function Lanes({ day, choose }: { day: Day; choose: (one: Appointment) => void }) {
  const from = Date.parse(day.opens_at);
  const length = Date.parse(day.closes_at) - from;
  const share = (iso: string) => Math.min(100, Math.max(0, ((Date.parse(iso) - from) / length) * 100));
  const hours = Array.from({ length: Math.floor(length / HOUR_MS) + 1 }, (_, index) =>
    new Date(from + index * HOUR_MS).toISOString(),
  );
  const now = Date.parse(day.now);
  return (
    <section className="card lanes" aria-label="Schedule by provider" style={{ "--lanes": day.providers.length } as CSSProperties}>
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
          <div className="lane-track">
            {hours.map((hour) => (
              <i className="lane-grid" key={hour} style={{ left: `${share(hour)}%` }} />
            ))}
            {(provider.absences ?? []).map((gone) => (
              <div
                className="lane-absence"
                key={gone.starts_at}
                style={{ left: `${share(gone.starts_at)}%`, width: `${share(gone.ends_at) - share(gone.starts_at)}%` }}
              >
                {gone.reason || "Out"}
              </div>
            ))}
            {day.appointments
              .filter((one) => one.provider_id === provider.id && one.status !== "cancelled")
              .map((one) => (
                <button
                  type="button"
                  key={one.id}
                  className="visit"
                  data-status={one.status}
                  data-moved={one.move ? "true" : undefined}
                  style={{ left: `${share(one.starts_at)}%`, width: `${share(one.ends_at) - share(one.starts_at)}%` }}
                  title={one.move?.reason ?? words(one.status)}
                  onClick={() => choose(one)}
                >
                  <b>{one.client_name}</b>
                  <span>{one.service}</span>
                  <span className="numbers">{clockTime(one.starts_at, day.timezone)}</span>
                  {one.move && <em>moved</em>}
                </button>
              ))}
            {now > from && now < from + length && (
              <i className="lane-now" style={{ left: `${share(day.now)}%` }} aria-hidden="true" />
            )}
          </div>
        </div>
      ))}
      <ul className="legend" aria-label="Colours">
        {["confirmed", "arrived", "in_progress", "completed", "tentative"].map((status) => (
          <li key={status} data-status={status}>
            {words(status)}
          </li>
        ))}
        <li data-moved="true">Moved</li>
      </ul>
    </section>
  );
}
