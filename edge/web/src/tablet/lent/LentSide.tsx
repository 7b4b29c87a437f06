import { Button } from "@mantine/core";
import { clockTime, sentenceOf } from "@medspasync/kit";
import { useState } from "react";
import type { Schemas } from "../../api/client";
import { Notice } from "../proposal/Notice";
import { useMay } from "../rights";
import { useSlotActs, useSlots } from "./useSlots";
import { fateText, stateText, whenText } from "./words";

type Day = Schemas["ScheduleDay"];
type Slot = Schemas["LentSlot"];
type Given = Schemas["GivenUpSlot"];

const FEW = 3;

/** A slot that was given up: by whom, what is known of it, and the way back or why there is none. */
function GivenUp({ day, given }: { day: Day; given: Given }) {
  const may = useMay("decide_schedule");
  const { hold } = useSlotActs(given, day.day);
  const by = given.given_up_by ? ` by ${given.given_up_by}` : "";
  const at = given.given_up_at ? ` at ${whenText(given.given_up_at, day)}` : "";
  return (
    <div className="slip">
      <b>
        {whenText(given.starts_at, day)} {given.service}
      </b>
      <span>
        Given up{by}
        {at}
      </span>
      <p>
        {fateText(given)}
        {given.fate === "not_known" && given.stays_because && ` It cannot be held again: ${given.stays_because}.`}
      </p>
      {!given.stays_because && (
        <Button variant="default" size="xs" disabled={!may} loading={hold.isPending} onClick={() => hold.mutate()}>
          Hold it again
        </Button>
      )}
      {hold.isError && <Notice>{sentenceOf(hold.error)}</Notice>}
    </div>
  );
}

/** What is held for online booking: in doubt first, then the next ones; and what was given up of it. */
export function LentSide({ day, choose }: { day: Day; choose: (one: Slot) => void }) {
  const [all, showAll] = useState(false);
  const { data: slots } = useSlots();
  if (!slots || slots.lent.length + slots.given_up.length === 0) return null;
  const doubtful = slots.lent.filter((one) => one.state === "in_doubt");
  const others = slots.lent.filter((one) => one.state !== "in_doubt");
  const shown = [...doubtful, ...(all ? others : others.slice(0, FEW))];
  return (
    <section className="card side-card" aria-labelledby="held-online">
      <h2 id="held-online">
        Held for online booking <span className="count">{slots.lent.length}</span>
      </h2>
      <ul className="held">
        {shown.map((one) => (
          <li key={one.id}>
            <button type="button" data-state={one.state} onClick={() => choose(one)}>
              <b>
                {whenText(one.starts_at, day)}–{clockTime(one.ends_at, day.timezone)} {one.service}
              </b>
              <span>{stateText(day, one)}</span>
            </button>
          </li>
        ))}
      </ul>
      {others.length > FEW && (
        <Button variant="subtle" size="compact-sm" onClick={() => showAll(!all)}>
          {all ? "Only the next ones" : `All ${slots.lent.length}`}
        </Button>
      )}
      {slots.given_up.map((one) => (
        <GivenUp key={one.id} day={day} given={one} />
      ))}
    </section>
  );
}
