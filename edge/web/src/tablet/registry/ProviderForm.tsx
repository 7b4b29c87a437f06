import { Button, Group, Switch, TextInput } from "@mantine/core";
import { DayBar, HourScale } from "./DayBar";
import { type Clinic, namesOf, type Provider } from "./document";
import { Count, type Faults, Names, Span } from "./fields";
import { PaceFields } from "./PaceFields";
import type { Pace } from "./useRegistry";

const NEW_BREAK = { start: "12:30", end: "13:00" };
const NEW_LUNCH = { start: "12:00", end: "14:00", minutes: 30 };

/** Somebody who treats: what they can do, may do, and when they work. */
export function ProviderFields({
  clinic,
  paces,
  entry,
  set,
  faults,
}: {
  clinic: Clinic;
  paces: Pace[];
  entry: Provider;
  set: (next: Provider) => void;
  faults: Faults;
}) {
  const breaks = entry.breaks ?? [];
  const change = (changes: Partial<Provider>) => set({ ...entry, ...changes });
  return (
    <>
      <div className="form-bar">
        <HourScale hours={clinic.hours} />
        <DayBar provider={entry} hours={clinic.hours} />
      </div>
      <Group grow align="start">
        <TextInput
          size="md"
          label="Name on the board"
          value={entry.name}
          error={faults.of("name")}
          data-autofocus
          onChange={(event) => change({ name: event.currentTarget.value })}
        />
        <TextInput
          size="md"
          label="Tier, if any"
          value={entry.tier ?? ""}
          error={faults.of("tier")}
          onChange={(event) => change({ tier: event.currentTarget.value || undefined })}
        />
      </Group>
      <Span from="Works from" to="Until" value={entry.shift} set={(shift) => change({ shift })} error={faults.of("shift")} />
      {breaks.map((one, number) => (
        <div className="part" key={number}>
          <Span
            from={breaks.length > 1 ? `Break ${number + 1} from` : "Break from"}
            to="Until"
            value={one}
            set={(next) => change({ breaks: breaks.map((other, index) => (index === number ? next : other)) })}
            error={faults.of(`breaks.${number}`)}
          />
          <Button
            variant="transparent"
            px={0}
            c="var(--clay)"
            onClick={() => change({ breaks: breaks.filter((_, index) => index !== number) })}
          >
            Without it
          </Button>
        </div>
      ))}
      {entry.lunch && (
        <div className="part">
          <Span
            from="Lunch between"
            to="And"
            value={entry.lunch}
            set={(hours) => change({ lunch: { ...entry.lunch, ...hours } })}
            error={faults.of("lunch")}
          />
          <Count
            label="Minutes of it"
            value={entry.lunch.minutes ?? 30}
            set={(minutes) => change({ lunch: { ...NEW_LUNCH, ...entry.lunch, minutes } })}
          />
        </div>
      )}
      <Group>
        <Button variant="light" onClick={() => change({ breaks: [...breaks, NEW_BREAK] })}>
          Add a break
        </Button>
        <Switch
          size="md"
          label="Lunch wherever the plan leaves it"
          checked={entry.lunch !== undefined}
          onChange={(event) => change({ lunch: event.currentTarget.checked ? NEW_LUNCH : undefined })}
        />
      </Group>
      <Switch
        size="md"
        label="Away"
        description="Nobody is planned with them. Who is booked with them is marked on the board, to be planned again."
        checked={entry.away ?? false}
        onChange={(event) => change({ away: event.currentTarget.checked || undefined })}
      />
      <Names
        label="Skills"
        known={namesOf.skills(clinic)}
        chosen={entry.skills}
        set={(skills) => change({ skills })}
        error={faults.of("skills")}
      />
      <Names
        label="Licences"
        known={namesOf.licences(clinic)}
        chosen={entry.licences ?? []}
        set={(licences) => change({ licences })}
        error={faults.of("licences")}
      />
      <PaceFields clinic={clinic} entry={entry} told={paces} change={change} faults={faults} />
    </>
  );
}
