import { Button, Group, NativeSelect, Switch, TextInput } from "@mantine/core";
import { words } from "@medspasync/kit";
import { CATEGORIES, type Clinic, namesOf, type Quantiles, type Service, type Stage } from "./document";
import { Count, type Faults, Names } from "./fields";
import { OtherVisitRows } from "./OtherVisits";
import { TaskRows } from "./TaskRows";

const MOST_STAGES = 8;
const LEAVES = "";
const none = { value: "", label: "None" };
const choice = (name: string) => ({ value: name, label: words(name) });

function Length({ stage, set, error }: { stage: Stage; set: (next: Stage) => void; error?: string }) {
  const quantiles = stage.duration;
  if (quantiles === undefined) {
    return <Count label="Minutes" value={stage.minutes} set={(minutes) => set({ ...stage, minutes })} error={error} />;
  }
  const quantile = (label: string, key: keyof Quantiles) => (
    <Count label={label} step={1} value={quantiles[key]} set={(value) => set({ ...stage, duration: { ...quantiles, [key]: value || undefined } })} />
  );
  return (
    <div>
      <Group grow gap="xs" wrap="nowrap" align="start">
        {quantile("Half take", "p50")}
        {quantile("80 % take", "p80")}
        {quantile("95 % take", "p95")}
      </Group>
      {error && <p className="field-fault" role="alert">{error}</p>}
    </div>
  );
}

function StageFields({
  clinic,
  stage,
  number,
  set,
  remove,
  faults,
}: {
  clinic: Clinic;
  stage: Stage;
  number: number;
  set: (next: Stage) => void;
  remove?: () => void;
  faults: Faults;
}) {
  const at = (field: string) => faults.of(`stages.${number}.${field}`);
  const who = (skill: string) =>
    set(
      skill === LEAVES
        ? { ...stage, skill: undefined, licence: undefined, provider_may_leave: true }
        : { ...stage, skill, provider_may_leave: undefined },
    );
  return (
    <fieldset className="stage-fields">
      <legend>Part {number + 1}</legend>
      <Group grow align="start">
        <TextInput size="md" label="Name" value={stage.name} error={at("name")} onChange={(event) => set({ ...stage, name: event.currentTarget.value })} />
        <Length stage={stage} set={set} error={at("minutes") ?? at("duration")} />
      </Group>
      <Group grow align="start" mt="xs">
        <NativeSelect
          size="md"
          label="Provider with the skill"
          value={stage.skill ?? LEAVES}
          error={at("skill")}
          data={[...namesOf.skills(clinic).map(choice), { value: LEAVES, label: "Nobody" }]}
          onChange={(event) => who(event.currentTarget.value)}
        />
        <NativeSelect
          size="md"
          label="And the licence"
          value={stage.licence ?? ""}
          disabled={stage.skill === undefined}
          error={at("licence")}
          data={[none, ...namesOf.licences(clinic).map(choice)]}
          onChange={(event) => set({ ...stage, licence: event.currentTarget.value || undefined })}
        />
        <NativeSelect
          size="md"
          label="Room"
          value={stage.room}
          error={at("room")}
          data={namesOf.roomTypes(clinic).map(choice)}
          onChange={(event) => set({ ...stage, room: event.currentTarget.value })}
        />
        <NativeSelect
          size="md"
          label="Device"
          value={stage.device ?? ""}
          error={at("device")}
          data={[none, ...namesOf.deviceTypes(clinic).map(choice)]}
          onChange={(event) => set({ ...stage, device: event.currentTarget.value || undefined })}
        />
      </Group>
      <Group justify="space-between" mt="xs">
        <Switch
          label="Its length as quantiles"
          checked={stage.duration !== undefined}
          onChange={(event) => {
            const minutes = stage.minutes ?? 30;
            set(
              event.currentTarget.checked
                ? { ...stage, minutes: undefined, duration: { p50: minutes, p80: Math.round(minutes * 1.3) } }
                : { ...stage, duration: undefined, minutes: Math.ceil((stage.duration?.p80 ?? 30) / 5) * 5 },
            );
          }}
        />
        {remove && (
          <Button variant="transparent" px={0} c="var(--clay)" onClick={remove}>
            Without this part
          </Button>
        )}
      </Group>
    </fieldset>
  );
}

/** What a client books: its parts in a row, its price, and what is done around a visit. */
export function ServiceFields({
  clinic,
  entry,
  set,
  faults,
}: {
  clinic: Clinic;
  entry: Service;
  set: (next: Service) => void;
  faults: Faults;
}) {
  const change = (changes: Partial<Service>) => set({ ...entry, ...changes });
  const { stages } = entry;
  const last = stages.at(-1);
  return (
    <>
      <Group grow align="start">
        <TextInput size="md" label="Name" data-autofocus value={entry.name} error={faults.of("name")} onChange={(event) => change({ name: event.currentTarget.value })} />
        <NativeSelect
          size="md"
          label="Kind of treatment"
          value={entry.category}
          error={faults.of("category")}
          data={CATEGORIES.map(choice)}
          onChange={(event) => change({ category: event.currentTarget.value })}
        />
        <Count label="Price" step={1} value={entry.price} set={(price) => change({ price })} error={faults.of("price")} />
        <Count label="How often, against others" step={1} value={entry.share} usual={1} set={(share) => change({ share })} error={faults.of("share")} />
      </Group>
      {stages.map((stage, number) => (
        <StageFields
          key={number}
          clinic={clinic}
          stage={stage}
          number={number}
          faults={faults}
          set={(next) => change({ stages: stages.map((one, index) => (index === number ? next : one)) })}
          remove={stages.length > 1 ? () => change({ stages: stages.filter((_, index) => index !== number) }) : undefined}
        />
      ))}
      {stages.length < MOST_STAGES && (
        <Button
          variant="light"
          className="add-part"
          onClick={() => change({ stages: [...stages, { name: "", minutes: 15, skill: last?.skill, room: last?.room ?? "", provider_may_leave: last?.skill ? undefined : true }] })}
        >
          Add a part
        </Button>
      )}
      <Names
        label="Clearances that a licensed professional gives"
        known={namesOf.clearances(clinic)}
        chosen={entry.clearances ?? []}
        set={(clearances) => change({ clearances })}
        error={faults.of("clearances")}
      />
      <OtherVisitRows clinic={clinic} entry={entry} change={change} faults={faults} />
      <TaskRows entry={entry} set={(checklist) => change({ checklist })} faults={faults} />
    </>
  );
}
