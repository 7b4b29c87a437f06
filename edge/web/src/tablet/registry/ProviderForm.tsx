import { Button, Group, Switch, TextInput } from "@mantine/core";
import { DayBar, HourScale } from "./DayBar";
import { type Clinic, namesOf, type Provider } from "./document";
import { Count, type Faults, Names, sentence, Span } from "./fields";
import type { Pace } from "./useRegistry";

const NEW_BREAK = { start: "12:30", end: "13:00" };
const NEW_LUNCH = { start: "12:00", end: "14:00", minutes: 30 };

const USUAL = 100;

/** How long they take against what a service is planned with, and what past visits say of it. */
function PaceFields({ entry, paces, set, error }: { entry: Provider; paces: Pace[]; set: (pace?: number) => void; error?: string }) {
  const mine = paces.filter((one) => one.provider === entry.id);
  return (
    <div className="pace-fields">
      <Count
        label="Pace in per cent"
        description="Of a service's length; 100 is usual"
        value={entry.pace}
        usual={USUAL}
        step={1}
        set={(pace) => set(pace === USUAL ? undefined : pace)}
        error={error}
      />
      {mine.length > 0 && (
        <ul className="pace-told" aria-label="By past visits">
          {mine.map((one) => (
            <li key={one.service ?? ""} data-counts={one.counts}>
              {sentence(one.text)}
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

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
      <PaceFields entry={entry} paces={paces} set={(pace) => change({ pace })} error={faults.of("pace")} />
    </>
  );
}
