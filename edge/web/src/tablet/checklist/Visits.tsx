import { clockTime, words } from "@medspasync/kit";
import type { Day, Visit } from "./words";

function Progress({ visit }: { visit: Visit }) {
  const total = visit.tasks.length;
  const overdue = visit.overdue > 0 ? `, ${visit.overdue} overdue` : "";
  return (
    <span className="dots" role="img" aria-label={`${visit.settled} of ${total} settled${overdue}`}>
      {visit.tasks.map((task) => (
        <i key={task.id} data-state={task.state} title={task.title} />
      ))}
    </span>
  );
}

interface Props {
  day: Day;
  chosen: string | null;
  choose: (visit: string | null) => void;
}

/** Every visit with how far its tasks have come; one is chosen to see its own. */
export function Visits({ day, chosen, choose }: Props) {
  return (
    <section className="card check-visits" aria-label="Visits">
      {day.visits.length === 0 && <p className="quiet">No visits on this day.</p>}
      {day.visits.map((visit) => {
        const active = visit.appointment_id === chosen;
        return (
          <button
            type="button"
            key={visit.appointment_id}
            className="check-visit"
            data-status={visit.status}
            aria-pressed={active}
            onClick={() => choose(active ? null : visit.appointment_id)}
          >
            <span className="check-time numbers">{clockTime(visit.starts_at, day.timezone)}</span>
            <span className="check-who">
              <b>{visit.client_name}</b>
              <small>
                {visit.service} · {words(visit.status)}
              </small>
            </span>
            <span className="check-count numbers" data-overdue={visit.overdue > 0}>
              {visit.overdue > 0 ? `${visit.overdue} overdue` : `${visit.settled}/${visit.tasks.length}`}
            </span>
            <Progress visit={visit} />
          </button>
        );
      })}
    </section>
  );
}
