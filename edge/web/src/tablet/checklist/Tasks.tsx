import { Button, Menu } from "@mantine/core";
import { clockTime, words } from "@medspasync/kit";
import type { Marking } from "./useChecklist";
import { distance, dueTime, isOpen, REASONS, type Day, type Task, type Visit } from "./words";

export interface Row {
  visit: Visit;
  task: Task;
}

interface Props {
  day: Day;
  rows: Row[];
  named: boolean;
  busy: boolean;
  mark: (marking: Marking) => void;
}

function settled(task: Task): string {
  if (task.state === "skipped") return `Skipped: ${words(task.reason ?? "").toLowerCase()}`;
  return task.by_itself ? "Done by itself" : "Done";
}

function Actions({ visit, task, busy, mark }: Row & Pick<Props, "busy" | "mark">) {
  const marking = { visit: visit.appointment_id, task: task.id, title: task.title };
  const label = `${task.title}, ${visit.client_name}`;
  if (!isOpen(task)) {
    if (task.by_itself) return null;
    return (
      <Button
        variant="default"
        disabled={busy}
        aria-label={`Undo: ${label}`}
        onClick={() => mark({ ...marking, how: "reopen" })}
      >
        Undo
      </Button>
    );
  }
  return (
    <>
      <Menu position="bottom-end" shadow="md" withInitialFocusPlaceholder={false}>
        <Menu.Target>
          <Button variant="default" disabled={busy} aria-label={`Skip: ${label}`}>
            Skip
          </Button>
        </Menu.Target>
        <Menu.Dropdown aria-label="Why it is skipped">
          {REASONS.map((reason) => (
            <Menu.Item key={reason} onClick={() => mark({ ...marking, how: "skip", reason })}>
              {words(reason)}
            </Menu.Item>
          ))}
        </Menu.Dropdown>
      </Menu>
      <Button
        disabled={busy || task.waits_for.length > 0}
        aria-label={`Done: ${label}`}
        onClick={() => mark({ ...marking, how: "done" })}
      >
        Done
      </Button>
    </>
  );
}

/** Tasks by the time they are due, with who sees to them and what they wait for. */
export function Tasks({ day, rows, named, busy, mark }: Props) {
  return (
    <ul className="check-tasks">
      {rows.map(({ visit, task }) => (
        <li key={visit.appointment_id + task.id} data-state={task.state} aria-label={`${task.title}, ${visit.client_name}`}>
          <span className="check-due numbers">
            {dueTime(task, day)}
            <small>{isOpen(task) && distance(task.due_at, day.now)}</small>
          </span>
          <span className="check-what">
            <b>{task.title}</b>
            <small>
              {named && `${visit.client_name} · ${visit.service} at ${clockTime(visit.starts_at, day.timezone)}`}
              {named && task.waits_for.length > 0 && " · "}
              {isOpen(task) && task.waits_for.length > 0 && `after ${task.waits_for.join(" and ").toLowerCase()}`}
              {!isOpen(task) && settled(task)}
            </small>
          </span>
          <span className="check-owner" data-owner={task.owner}>
            {words(task.owner)}
          </span>
          {task.state === "overdue" ? (
            <span className="pill" data-tone="bad">
              Overdue
            </span>
          ) : (
            <span />
          )}
          <span className="check-actions">
            <Actions visit={visit} task={task} busy={busy} mark={mark} />
          </span>
        </li>
      ))}
    </ul>
  );
}
