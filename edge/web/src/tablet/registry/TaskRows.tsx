import { ActionIcon, Button, Group, NativeSelect, TextInput } from "@mantine/core";
import type { Service, Task } from "./document";
import { Count, type Faults } from "./fields";
import { TaskTerms } from "./TaskTerms";

const OWNERS = [
  { value: "client", label: "Client" },
  { value: "front_desk", label: "Front desk" },
  { value: "provider", label: "Provider" },
  { value: "system", label: "System" },
];
const WHEN = [
  { value: "before", label: "before it begins" },
  { value: "after_start", label: "after it has begun" },
  { value: "after_end", label: "after it ends" },
];

function whenOf(task: Task): string {
  if (task.anchor === "end") return "after_end";
  return task.due > 0 ? "after_start" : "before";
}

function due(task: Task, when: string, minutes: number): Task {
  const size = Math.abs(Math.round(minutes));
  const anchor = when === "after_end" ? "end" : undefined;
  return { ...task, due: when === "before" ? -size : size, anchor };
}

function freshId(tasks: Task[]): string {
  let number = tasks.length + 1;
  while (tasks.some((one) => one.id === `task-${number}`)) number += 1;
  return `task-${number}`;
}

/** What has to be done around each visit of a service. */
export function TaskRows({ entry, set, faults }: { entry: Service; set: (tasks: Task[] | undefined) => void; faults: Faults }) {
  const tasks = entry.checklist ?? [];
  const change = (number: number, next: Task) => set(tasks.map((one, index) => (index === number ? next : one)));
  const without = (id: string) => {
    const left = tasks
      .filter((one) => one.id !== id)
      .map((one) => (one.after ? { ...one, after: one.after.filter((name) => name !== id) } : one));
    set(left.length > 0 ? left : undefined);
  };
  return (
    <fieldset className="names">
      <legend>Checklist</legend>
      {tasks.length === 0 && <p className="quiet">As usual for its kind of treatment.</p>}
      {tasks.map((task, number) => (
        <div className="task-row" key={task.id}>
          <TextInput
            aria-label={`Task ${number + 1}`}
            size="md"
            value={task.title}
            error={faults.of(`checklist.${number}`)}
            onChange={(event) => change(number, { ...task, title: event.currentTarget.value })}
          />
          <NativeSelect
            aria-label={`Who sees to task ${number + 1}`}
            size="md"
            value={task.owner}
            data={OWNERS}
            onChange={(event) => change(number, { ...task, owner: event.currentTarget.value })}
          />
          <Count label={`Minutes of task ${number + 1}`} value={Math.abs(task.due)} set={(minutes) => change(number, due(task, whenOf(task), minutes))} />
          <NativeSelect
            aria-label={`When task ${number + 1} is due`}
            size="md"
            value={whenOf(task)}
            data={WHEN}
            onChange={(event) => change(number, due(task, event.currentTarget.value, task.due))}
          />
          <ActionIcon variant="subtle" color="red.9" size="lg" aria-label={`Without task ${number + 1}`} onClick={() => without(task.id)}>
            ×
          </ActionIcon>
          <TaskTerms task={task} others={tasks.filter((one) => one.id !== task.id)} set={(next) => change(number, next)} />
        </div>
      ))}
      {faults.of("checklist") && tasks.length === 0 && <p className="field-fault" role="alert">{faults.of("checklist")}</p>}
      <Group mt="xs">
        <Button
          variant="light"
          disabled={tasks.length >= 20}
          onClick={() => set([...tasks, { id: freshId(tasks), title: "", owner: "front_desk", due: -10 }])}
        >
          Add a task
        </Button>
        {tasks.length > 0 && (
          <Button variant="transparent" px={0} c="var(--clay)" onClick={() => set(undefined)}>
            As usual for its kind
          </Button>
        )}
      </Group>
    </fieldset>
  );
}
