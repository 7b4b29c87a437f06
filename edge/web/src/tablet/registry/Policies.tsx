import { Button, Group, TextInput } from "@mantine/core";
import { words } from "@medspasync/kit";
import type { Hours, Policy } from "./document";
import { Count, type Faults, Span } from "./fields";

const AFTERNOON = { start: "16:00", end: "18:00" };
const KINDS: Record<string, { does: string; made: Policy }> = {
  protect_premium_hours: {
    does: "The best hours for services above a price",
    made: { kind: "protect_premium_hours", hours: [AFTERNOON], least_price: 100 },
  },
  avoid_multi_room_contention: {
    does: "Visits through several rooms outside the busy hours",
    made: { kind: "avoid_multi_room_contention", hours: [AFTERNOON] },
  },
  same_day_urgent_capacity: {
    does: "Hours kept for who is urgent, until shortly before",
    made: { kind: "same_day_urgent_capacity", hours: [AFTERNOON] },
  },
  members_first: {
    does: "Members before others when not everybody can be served",
    made: { kind: "members_first", points: { gold: 50 } },
  },
};
const USUAL: Record<string, number> = {
  protect_premium_hours: 40,
  avoid_multi_room_contention: 25,
  same_day_urgent_capacity: 60,
};

function HourRows({ hours, set, error }: { hours: Hours[]; set: (hours: Hours[]) => void; error?: string }) {
  return (
    <>
      {hours.map((one, number) => (
        <Span
          key={number}
          from="From"
          to="Until"
          value={one}
          set={(next) => set(hours.map((other, index) => (index === number ? next : other)))}
          error={number === 0 ? error : undefined}
        />
      ))}
      <Group gap="xs">
        <Button variant="subtle" size="compact-sm" disabled={hours.length >= 8} onClick={() => set([...hours, AFTERNOON])}>
          Other hours, too
        </Button>
        {hours.length > 1 && (
          <Button variant="transparent" size="compact-sm" c="var(--clay)" onClick={() => set(hours.slice(0, -1))}>
            Without the last
          </Button>
        )}
      </Group>
    </>
  );
}

function Tiers({ points, set }: { points: Record<string, number>; set: (points: Record<string, number>) => void }) {
  const rows = Object.entries(points);
  const change = (number: number, name: string, value: number) =>
    set(Object.fromEntries(rows.map((row, index) => (index === number ? [name, value] : row))));
  return (
    <>
      {rows.map(([name, value], number) => (
        <Group grow align="end" key={number}>
          <TextInput size="md" label="Clients of the tier" value={name} onChange={(event) => change(number, event.currentTarget.value, value)} />
          <Count label="Points for leaving one out" value={value} set={(next) => change(number, name, next)} />
        </Group>
      ))}
      <Button variant="subtle" size="compact-sm" onClick={() => set({ ...points, [`tier_${rows.length + 1}`]: 20 })}>
        Another tier
      </Button>
    </>
  );
}

/** What the clinic wants besides, in points; a policy never forbids. */
export function Policies({ policies, set, faults }: { policies: Policy[]; set: (policies: Policy[]) => void; faults: Faults }) {
  const change = (number: number, changes: Record<string, unknown>) =>
    set(policies.map((one, index) => (index === number ? { ...one, ...changes } : one)));
  const unused = Object.entries(KINDS).filter(([kind]) => policies.every((one) => one.kind !== kind));
  return (
    <fieldset className="names">
      <legend>Policies</legend>
      {policies.map((policy, number) => {
        const wrong = faults.of(`weights.policies.${number}`);
        return (
          <section className="part policy" key={number} aria-label={words(policy.kind)}>
            <div>
              <b>{KINDS[policy.kind]?.does ?? words(policy.kind)}</b>
              {policy.hours && <HourRows hours={policy.hours} set={(hours) => change(number, { hours })} />}
              {typeof policy.points === "object" ? (
                <Tiers points={policy.points} set={(points) => change(number, { points })} />
              ) : (
                <Group grow align="end">
                  {policy.kind === "protect_premium_hours" && (
                    <Count label="Price from which they are kept" step={1} value={Number(policy.least_price ?? 0)} set={(least_price) => change(number, { least_price })} />
                  )}
                  {policy.kind === "same_day_urgent_capacity" && (
                    <Count label="Free for anybody minutes before" value={Number(policy.release_minutes ?? 120)} set={(release_minutes) => change(number, { release_minutes })} />
                  )}
                  <Count label="Points where it is not kept" value={policy.points ?? USUAL[policy.kind]} set={(points) => change(number, { points })} />
                </Group>
              )}
              {wrong && <p className="field-fault" role="alert">{wrong}</p>}
            </div>
            <Button variant="transparent" px={0} c="var(--clay)" aria-label={`Without: ${words(policy.kind)}`} onClick={() => set(policies.filter((_, index) => index !== number))}>
              Without it
            </Button>
          </section>
        );
      })}
      <Group gap="xs">
        {unused.map(([kind, { does, made }]) => (
          <Button key={kind} variant="light" size="compact-md" onClick={() => set([...policies, made])}>
            {does}
          </Button>
        ))}
      </Group>
    </fieldset>
  );
}
