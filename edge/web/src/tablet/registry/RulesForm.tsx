import { Group, TextInput } from "@mantine/core";
import { DecidingFields } from "./DecidingFields";
import type { Clinic } from "./document";
import { Count, type Faults, Span } from "./fields";
import { Policies } from "./Policies";

/** Points of the plan's second level, with what counts where the clinic's file says nothing. */
const WEIGHTS: [key: string, label: string, usual: number][] = [
  ["wait", "A minute of waiting", 1],
  ["preference", "Preferred provider missed", 30],
  ["revenue", "One unit of money not earned", 1],
  ["device_change", "Another device", 5],
  ["idle", "A provider's free minute", 0.2],
  ["brittle", "A device without slack", 8],
  ["fairness", "Unevenness of work", 0.02],
  ["adjacency", "A minute between a visit and its add-on", 2],
  ["same_hands", "An add-on with somebody else", 15],
];
/** What holds for the whole clinic: its name and hours, how lengths are planned, what is better, who decides. */
export function RulesFields({ entry, set, faults }: { entry: Clinic; set: (next: Clinic) => void; faults: Faults }) {
  const weights = entry.weights ?? {};
  const policies = weights.policies ?? [];
  const weigh = (changes: Record<string, unknown>) => set({ ...entry, weights: { ...weights, ...changes } });
  return (
    <>
      <Group grow align="start">
        <TextInput size="md" label="The clinic's name" value={entry.clinic} error={faults.of("clinic")} onChange={(event) => set({ ...entry, clinic: event.currentTarget.value })} />
        <Count
          label="Share of visits a planned length covers, in %"
          step={1}
          value={Math.round((entry.planning_quantile ?? 0.68) * 100)}
          set={(percent) => set({ ...entry, planning_quantile: percent / 100 })}
          error={faults.of("planning_quantile")}
        />
      </Group>
      <Span from="Opens" to="Closes" value={entry.hours} set={(hours) => set({ ...entry, hours })} error={faults.of("hours")} />
      <DecidingFields deciding={entry.deciding ?? {}} set={(deciding) => set({ ...entry, deciding })} faults={faults} />
      <fieldset className="names">
        <legend>What costs how many points</legend>
        <div className="numbers-grid">
          {WEIGHTS.map(([key, label, usual]) => (
            <Count
              key={key}
              label={label}
              step={0.1}
              value={Number(weights[key] ?? usual)}
              set={(value) => weigh({ [key]: value })}
              error={faults.of(`weights.${key}`)}
            />
          ))}
          <Count
            label="Minutes of slack for a device, where lengths are no quantiles"
            value={Number(weights.brittle_minutes ?? 10)}
            set={(minutes) => weigh({ brittle_minutes: minutes })}
            error={faults.of("weights.brittle_minutes")}
          />
        </div>
      </fieldset>
      <Policies policies={policies} set={(next) => weigh({ policies: next })} faults={faults} />
    </>
  );
}
