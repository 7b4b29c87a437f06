import { Button, Group, NativeSelect } from "@mantine/core";
import { words } from "@medspasync/kit";
import { CATEGORIES, type Clinic, type OtherVisits, type Service } from "./document";
import { Count, type Faults } from "./fields";

const LIMITS: [key: string, label: string][] = [
  ["at_least_minutes", "At least minutes"],
  ["at_most_minutes", "At most minutes"],
  ["at_least_days", "At least days"],
  ["at_most_days", "At most days"],
];

/** Which visits a rule is about: one service's, or those of a kind of treatment. */
function Which({ clinic, one, label, set, error }: { clinic: Clinic; one: OtherVisits; label: string; set: (next: OtherVisits) => void; error?: string }) {
  return (
    <NativeSelect
      size="md"
      label={label}
      value={one.category ? `category ${one.category}` : `service ${one.service ?? ""}`}
      error={error}
      data={[
        { group: "A service", items: clinic.services.map((other) => ({ value: `service ${other.id}`, label: other.name })) },
        { group: "A kind of treatment", items: CATEGORIES.map((name) => ({ value: `category ${name}`, label: words(name) })) },
      ]}
      onChange={(event) => {
        const [kind, name] = event.currentTarget.value.split(" ");
        const { service: _service, category: _category, ...limits } = one;
        set(kind === "category" ? { ...limits, category: name } : { ...limits, service: name });
      }}
    />
  );
}

/** What a service asks of its client's other visits: what comes before it, and what keeps some days away. */
export function OtherVisitRows({
  clinic,
  entry,
  change,
  faults,
}: {
  clinic: Clinic;
  entry: Service;
  change: (changes: Partial<Service>) => void;
  faults: Faults;
}) {
  const after = entry.after ?? [];
  const apart = entry.apart ?? [];
  const first = clinic.services.find((one) => one.id !== entry.id)?.id ?? entry.id;
  const swap = <T,>(all: T[], number: number, next: T) => all.map((one, index) => (index === number ? next : one));
  const without = <T,>(all: T[], number: number) => all.filter((_, index) => index !== number);
  const drop = (label: string, act: () => void) => (
    <Button variant="transparent" px={0} c="var(--clay)" aria-label={label} onClick={act}>
      Without it
    </Button>
  );
  return (
    <fieldset className="names">
      <legend>The client&rsquo;s other visits</legend>
      {after.map((one, number) => (
        <div className="part" key={`after ${number}`}>
          <div className="limits">
            <Which clinic={clinic} one={one} label="Has to come before" error={faults.of(`after.${number}`)} set={(next) => change({ after: swap(after, number, next) })} />
            {LIMITS.map(([key, label]) => (
              <Count
                key={key}
                label={label}
                step={1}
                usual={key.startsWith("at_most") ? "" : 0}
                value={one[key] as number | undefined}
                set={(value) => change({ after: swap(after, number, { ...one, [key]: value || undefined }) })}
              />
            ))}
          </div>
          {drop(`Without what has to come before, ${number + 1}`, () => change({ after: without(after, number) }))}
        </div>
      ))}
      {apart.map((one, number) => (
        <div className="part" key={`apart ${number}`}>
          <Group grow align="start">
            <Which clinic={clinic} one={one} label="Days apart from" error={faults.of(`apart.${number}`)} set={(next) => change({ apart: swap(apart, number, next) })} />
            <Count label="Days" step={1} value={Number(one.days ?? 0)} set={(days) => change({ apart: swap(apart, number, { ...one, days }) })} />
          </Group>
          {drop(`Without the days apart, ${number + 1}`, () => change({ apart: without(apart, number) }))}
        </div>
      ))}
      <Group mt="xs">
        <Button variant="light" disabled={after.length >= 8} onClick={() => change({ after: [...after, { service: first }] })}>
          Something before it
        </Button>
        <Button variant="light" disabled={apart.length >= 8} onClick={() => change({ apart: [...apart, { service: first, days: 7 }] })}>
          Days apart
        </Button>
      </Group>
    </fieldset>
  );
}
