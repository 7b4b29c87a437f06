import { Alert, Button, Text, Title } from "@mantine/core";
import { sentenceOf, words } from "@medspasync/kit";
import { useState } from "react";
import "./checklist.css";
import { ForThoseWho, NoRight } from "../rights";
import { DayTabs } from "./DayTabs";
import { Proposals } from "./Proposals";
import { type Row, Tasks } from "./Tasks";
import { type Marking, useChecklist } from "./useChecklist";
import { Visits } from "./Visits";
import { isOpen, type Owner, OWNERS } from "./words";

const byDue = (one: Row, other: Row) => Date.parse(one.task.due_at) - Date.parse(other.task.due_at);
const TOLD = { done: "Done", skip: "Skipped", reopen: "Open again" };

/** What has to be done around today's visits: by visit, by time, by who sees to it. */
export default function ChecklistPage() {
  const [ahead, setAhead] = useState(false);
  const [chosen, choose] = useState<string | null>(null);
  const [owner, setOwner] = useState<Owner | null>(null);
  const [last, setLast] = useState<Marking | null>(null);
  const { day, error, mark } = useChecklist(ahead);
  if (day === undefined) return error ? <Alert color="red.9">{sentenceOf(error)}</Alert> : null;
  const visit = day.visits.find((one) => one.appointment_id === chosen);
  const all = day.visits.flatMap((one) => one.tasks.map((task) => ({ visit: one, task })));
  const open = all.filter((row) => isOpen(row.task));
  const overdue = open.filter((row) => row.task.state === "overdue").length;
  const own = visit ? all.filter((row) => row.visit === visit) : open;
  const rows = own.filter((row) => owner === null || row.task.owner === owner).sort(byDue);
  const marked = (marking: Marking) => mark.mutate(marking, { onSuccess: () => setLast(marking) });
  const switchTo = (next: boolean) => {
    setAhead(next);
    choose(null);
    setLast(null);
  };
  return (
    <>
      <header className="check-head">
        <div>
          <Title order={1} size="h2">
            Checklist
          </Title>
          <Text c="sand.8" size="sm">
            {open.length} open{overdue > 0 && `, ${overdue} overdue`} · {all.length - open.length} settled
          </Text>
        </div>
        <DayTabs />
        <div className="chips" role="group" aria-label="Day">
          <button type="button" aria-pressed={!ahead} onClick={() => switchTo(false)}>
            Today
          </button>
          <button type="button" aria-pressed={ahead} onClick={() => switchTo(true)}>
            Tomorrow
          </button>
        </div>
      </header>
      <NoRight to="change_schedule" />
      <div className="check">
        <Visits day={day} chosen={chosen} choose={choose} />
        <div className="check-side">
          {!visit && <Proposals day={day} />}
          <section className="card check-list" aria-labelledby="check-title">
            <div className="check-list-head">
              <h2 id="check-title">{visit ? visit.client_name : "To do next"}</h2>
              <div className="chips" role="group" aria-label="Who sees to it">
                <button type="button" aria-pressed={owner === null} onClick={() => setOwner(null)}>
                  Everybody
                </button>
                {OWNERS.map((one) => (
                  <button type="button" key={one} aria-pressed={owner === one} onClick={() => setOwner(one)}>
                    {words(one)}
                  </button>
                ))}
              </div>
            </div>
            {visit && (
              <p className="quiet">
                {visit.service} · {visit.provider} · {visit.room}
              </p>
            )}
            {mark.isError && <Alert color="red.9">{sentenceOf(mark.error)}</Alert>}
            {rows.length === 0 && <p className="quiet">Nothing is open here.</p>}
            <ForThoseWho may="change_schedule">
              <Tasks day={day} rows={rows} named={!visit} busy={mark.isPending} mark={marked} />
            </ForThoseWho>
          </section>
          {last && (
            <div className="check-last" role="status">
              <span>
                {TOLD[last.how]}: {last.title}
              </span>
              {last.how !== "reopen" && (
                <Button variant="white" disabled={mark.isPending} onClick={() => marked({ ...last, how: "reopen" })}>
                  Undo
                </Button>
              )}
            </div>
          )}
        </div>
      </div>
    </>
  );
}
