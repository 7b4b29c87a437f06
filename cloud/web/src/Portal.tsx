import { Alert } from "@mantine/core";
import { sentenceOf, span, unwrap, useNow } from "@medspasync/kit";
import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense } from "react";
import { api, type Schemas } from "./api/client";
import { Alerts } from "./Alerts";
import { Bookings } from "./Bookings";
import { Erasures } from "./Erasures";
import { Parked } from "./Parked";
import "./portal.css";

const ActivityChart = lazy(() => import("./ActivityChart"));
type Device = Schemas["Device"];

function health(device: Device): { tone: string; text: string } {
  if (device.fenced) return { tone: "bad", text: "Held for review" };
  if (device.alarm) return { tone: "bad", text: "Needs attention" };
  if (!device.online) return { tone: "warn", text: "Offline, working" };
  return device.lag_events > 0 ? { tone: "warn", text: "Catching up" } : { tone: "good", text: "Healthy" };
}

function Fleet({ fleet }: { fleet: Schemas["Fleet"] }) {
  const now = Date.parse(fleet.now);
  const ago = (iso?: string | null) => (iso ? `${span((now - Date.parse(iso)) / 1000)} ago` : "never");
  return (
    <section className="card block" aria-labelledby="fleet">
      <h2 id="fleet">Locations</h2>
      <div className="scroll" tabIndex={0} role="region" aria-label="Locations and devices">
        <table className="table numbers">
          <thead>
            <tr>
              <th scope="col">Location</th>
              <th scope="col">Health</th>
              <th scope="col">Last contact</th>
              <th scope="col" className="right">To come</th>
              <th scope="col" className="right">Behind</th>
              <th scope="col" className="right">Photos missing</th>
              <th scope="col">Version</th>
            </tr>
          </thead>
          <tbody>
            {fleet.locations.flatMap((place) =>
              place.devices.map((device) => {
                const { tone, text } = health(device);
                return (
                  <tr key={device.id}>
                    <th scope="row">
                      {place.name}
                      <span>{device.name}</span>
                    </th>
                    <td>
                      <span className="pill" data-tone={tone}>
                        {text}
                      </span>
                      {device.alarm && <p className="alarm">{device.alarm}</p>}
                    </td>
                    <td>{ago(device.last_contact_at)}</td>
                    <td className="right">{device.lag_events.toLocaleString("en")}</td>
                    <td className="right">{device.lag_events > 0 ? span(device.lag_seconds) : "–"}</td>
                    <td className="right">{device.blobs_missing}</td>
                    <td>{(device.versions ?? [])[0]?.version ?? "–"}</td>
                  </tr>
                );
              }),
            )}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function Figures({ summary }: { summary: Schemas["Summary"] }) {
  const figures: [string, string, string?][] = [
    ["Devices online", `${summary.devices_online} of ${summary.devices}`],
    ["Photographs today", summary.captures_today.toLocaleString("en")],
    ["Features outlined today", summary.findings_today.toLocaleString("en")],
    ["Day changes today", summary.replans_today.toLocaleString("en")],
    ["Events today", summary.events_today.toLocaleString("en")],
  ];
  return (
    <dl className="figures">
      {figures.map(([label, value]) => (
        <div className="card" key={label}>
          <dt>{label}</dt>
          <dd className="numbers">{value}</dd>
        </div>
      ))}
    </dl>
  );
}

/** All clinics on one page: how they are, what they did, what waits for a person. */
export function Portal() {
  const now = useNow();
  const every = { refetchInterval: 3000 };
  const summary = useQuery({ queryKey: ["summary"], queryFn: () => unwrap(api.GET("/api/portal/summary")), ...every });
  const fleet = useQuery({ queryKey: ["fleet"], queryFn: () => unwrap(api.GET("/api/portal/fleet")), ...every });
  const parked = useQuery({ queryKey: ["parked"], queryFn: () => unwrap(api.GET("/api/portal/parked")), ...every });
  const alerts = useQuery({ queryKey: ["alerts"], queryFn: () => unwrap(api.GET("/api/portal/alerts")), ...every });
  const activity = useQuery({
    queryKey: ["activity"],
    queryFn: () => unwrap(api.GET("/api/portal/activity", { params: { query: { days: 14 } } })),
    refetchInterval: 10_000,
  });
  const error = summary.error ?? fleet.error ?? parked.error ?? alerts.error ?? activity.error;
  const age = (now - fleet.dataUpdatedAt) / 1000;
  return (
    <div className="portal">
      <header className="portal-head">
        <div>
          <div className="eyebrow">MedSpaSync portal</div>
          <h1>{summary.data?.tenant_name ?? "…"}</h1>
        </div>
        <span className="pill" data-tone={error ? "bad" : "good"} role="status">
          {error && fleet.dataUpdatedAt > 0 ? `Hub not reached · shown ${span(age)} old` : error ? "Hub not reached" : "Live"}
        </span>
      </header>
      <main>
        {error && <Alert color="red.9">{sentenceOf(error)}</Alert>}
        {summary.data && <Figures summary={summary.data} />}
        <div className="columns">
          <div className="column">
            {fleet.data && <Fleet fleet={fleet.data} />}
            <section className="card block" aria-labelledby="activity">
              <h2 id="activity">Photographs and outlined features, last 14 days</h2>
              <Suspense fallback={<div className="chart" />}>
                {activity.data && fleet.data && <ActivityChart activity={activity.data} fleet={fleet.data} />}
              </Suspense>
            </section>
            <Erasures fleet={fleet.data} />
          </div>
          <div className="column">
            {alerts.data && <Alerts alerts={alerts.data} fleet={fleet.data} />}
            {fleet.data && <Bookings fleet={fleet.data} />}
            {parked.data && <Parked parked={parked.data} fleet={fleet.data} />}
          </div>
        </div>
      </main>
    </div>
  );
}
