import { Button, Group, NativeSelect } from "@mantine/core";
import type { Clinic, Provider } from "./document";
import { Count, type Faults, sentence } from "./fields";
import type { Pace } from "./useRegistry";

const USUAL = 100;

/** How long a provider takes against what a service is planned with, and what past visits say of it. */
export function PaceFields({
  clinic,
  entry,
  told,
  change,
  faults,
}: {
  clinic: Clinic;
  entry: Provider;
  told: Pace[];
  change: (changes: Partial<Provider>) => void;
  faults: Faults;
}) {
  const mine = told.filter((one) => one.provider === entry.id);
  const paces = entry.paces ?? [];
  const keep = (next: typeof paces) => change({ paces: next.length > 0 ? next : undefined });
  const left = clinic.services.find((service) => !paces.some((one) => one.service === service.id));
  return (
    <fieldset className="names">
      <legend>How long they take</legend>
      <div className="pace-fields">
        <Count
          label="Pace in per cent"
          description="Of a service's length; 100 is usual"
          value={entry.pace}
          usual={USUAL}
          step={1}
          set={(pace) => change({ pace: pace === USUAL ? undefined : pace })}
          error={faults.of("pace")}
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
      {paces.map((one, number) => (
        <div className="part" key={number}>
          <Group grow align="start">
            <NativeSelect
              size="md"
              label="Otherwise for"
              value={one.service}
              data={clinic.services
                .filter((service) => service.id === one.service || !paces.some((other) => other.service === service.id))
                .map((service) => ({ value: service.id, label: service.name }))}
              onChange={(event) => {
                const service = event.currentTarget.value;
                keep(paces.map((other, index) => (index === number ? { ...other, service } : other)));
              }}
            />
            <Count
              label="Per cent"
              value={one.percent}
              step={1}
              set={(percent) => keep(paces.map((other, index) => (index === number ? { ...other, percent } : other)))}
              error={faults.of(`paces.${number}`)}
            />
          </Group>
          <Button
            variant="transparent"
            px={0}
            c="var(--clay)"
            aria-label={`Without the pace for one service, ${number + 1}`}
            onClick={() => keep(paces.filter((_, index) => index !== number))}
          >
            Without it
          </Button>
        </div>
      ))}
      {left && (
        <Button variant="light" onClick={() => keep([...paces, { service: left.id, percent: entry.pace ?? USUAL }])}>
          Add a pace for one service
        </Button>
      )}
    </fieldset>
  );
}
