import { span, unwrap, useNow } from "@medspasync/kit";
import { useQuery } from "@tanstack/react-query";
import { Suspense } from "react";
import { NavLink, Outlet, useLocation } from "react-router";
import { api } from "../api/client";
import "./tablet.css";

/** Whether the box answers, whether the hub is reached, and what waits for it. */
function Connection() {
  const now = useNow();
  const { data, isError, dataUpdatedAt } = useQuery({
    queryKey: ["status"],
    queryFn: () => unwrap(api.GET("/api/status")),
    refetchInterval: 2000,
  });
  if (data === undefined || (isError && now - dataUpdatedAt > 4000)) {
    const age = dataUpdatedAt > 0 ? ` · shown ${span((now - dataUpdatedAt) / 1000)} old` : "";
    return <span className="pill" data-tone="bad" role="status">{`Box not reached${age}`}</span>;
  }
  if (data.hub_log?.state === "rewritten") {
    return (
      <span className="pill" data-tone="bad" role="alert" title={data.hub_log.sentence}>
        The hub changed its history · call your compliance officer
      </span>
    );
  }
  const notice = data.notices?.[0];
  if (notice !== undefined) {
    return (
      <span className="pill" data-tone="bad" role="alert">
        {notice.sentence}
      </span>
    );
  }
  const waiting = `${data.backlog.events} events, ${data.backlog.images} photos to send`;
  if (!data.link.online) {
    const age = span((Date.parse(data.now) - Date.parse(data.link.since)) / 1000);
    return <span className="pill" data-tone="warn" role="status">{`Working offline ${age} · ${waiting}`}</span>;
  }
  const behind = data.backlog.events + data.backlog.images > 0;
  return (
    <span className="pill" data-tone={behind ? "warn" : "good"} role="status">
      {behind ? `Catching up · ${waiting}` : "In sync with the hub"}
    </span>
  );
}

/** The tablet's frame: where we are, how the box is, and the pages. */
export default function Shell() {
  const { data } = useQuery({ queryKey: ["status"], queryFn: () => unwrap(api.GET("/api/status")) });
  const ofToday = ["/tablet", "/tablet/checklist"].includes(useLocation().pathname.replace(/\/$/, ""));
  return (
    <div className="shell">
      <header className="shell-bar">
        <div>
          <div className="eyebrow">MedSpaSync</div>
          <div className="shell-place">{data?.location_name ?? "…"}</div>
        </div>
        <nav className="tabs" aria-label="Pages">
          <NavLink to="/tablet" end className={ofToday ? "active" : undefined}>
            Today
          </NavLink>
          <NavLink to="/tablet/waitlist">Waitlist</NavLink>
          <NavLink to="/tablet/captures">Captures</NavLink>
          <NavLink to="/tablet/review">Review</NavLink>
          <NavLink to="/tablet/progress">Progress</NavLink>
          <NavLink to="/tablet/erasures">Erasures</NavLink>
          <NavLink to="/tablet/clinic">Clinic</NavLink>
        </nav>
        <Connection />
      </header>
      <main className="shell-main">
        <Suspense fallback={null}>
          <Outlet />
        </Suspense>
      </main>
    </div>
  );
}
