import { Chip, Group, NativeSelect, Switch } from "@mantine/core";
import type { Task } from "./document";
import { Count } from "./fields";

/** What the box knows by itself, and a task may wait for. */
const FACTS = [
  { value: "", label: "Somebody says so" },
  { value: "confirmed", label: "The client has confirmed" },
  { value: "arrived", label: "The client is here" },
  { value: "consented", label: "Consent is on record" },
  { value: "photographed", label: "A photograph is stored" },
];

/** What is said of a task in a line, while its terms are not open. */
function told(task: Task, others: Task[]): string {
  const after = others.filter((one) => task.after?.includes(one.id)).map((one) => one.title);
  const parts = [
    task.readies_room && "its room is made ready by it",
    task.holds_start && !task.readies_room && "the visit cannot begin without it",
    task.takes ? `takes ${task.takes} minutes` : "",
    task.done_by && `done when ${FACTS.find((one) => one.value === task.done_by)?.label.toLowerCase() ?? task.done_by}`,
    after.length > 0 && `after ${after.join(", ")}`,
  ].filter(Boolean);
  const text = parts.join(" · ");
  return text ? `${text.charAt(0).toUpperCase()}${text.slice(1)}` : "Holds nothing up";
}

/** What a task holds up, what it waits for, and how it gets done. */
export function TaskTerms({ task, others, set }: { task: Task; others: Task[]; set: (next: Task) => void }) {
  return (
    <details className="task-terms">
      <summary>{told(task, others)}</summary>
      <Group align="end" gap="lg">
        <Switch
          label="The visit cannot begin without it"
          checked={task.holds_start ?? false}
          onChange={(event) => {
            const holds = event.currentTarget.checked;
            set(holds ? { ...task, holds_start: true } : { ...task, holds_start: undefined, takes: undefined, readies_room: undefined });
          }}
        />
        <Switch
          label="Its room is made ready by it"
          disabled={!task.holds_start}
          checked={task.readies_room ?? false}
          onChange={(event) => set({ ...task, readies_room: event.currentTarget.checked || undefined })}
        />
      </Group>
      <Group grow align="start" gap="sm">
        <NativeSelect
          size="md"
          label="Done when"
          value={task.done_by ?? ""}
          data={FACTS}
          onChange={(event) => set({ ...task, done_by: event.currentTarget.value || undefined })}
        />
        {task.holds_start && (
          <Count label="Minutes that it takes" value={task.takes} set={(takes) => set({ ...task, takes: takes || undefined })} />
        )}
      </Group>
      {others.length > 0 && (
        <fieldset className="names">
          <legend>Comes after</legend>
          <Chip.Group multiple value={task.after ?? []} onChange={(after) => set({ ...task, after: after.length > 0 ? after : undefined })}>
            <Group gap={6}>
              {others.map((one) => (
                <Chip key={one.id} value={one.id} variant="outline">
                  {one.title || "Without a name yet"}
                </Chip>
              ))}
            </Group>
          </Chip.Group>
        </fieldset>
      )}
    </details>
  );
}
