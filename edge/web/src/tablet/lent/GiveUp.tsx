import { Button, Checkbox, Group } from "@mantine/core";
import { useState } from "react";
import type { Schemas } from "../../api/client";
import { checkText, doubtText } from "./words";

interface Props {
  day: Schemas["ScheduleDay"];
  slot: Schemas["LentSlot"];
  busy: boolean;
  giveUp: () => void;
  keep: () => void;
}

/** What giving a slot up risks, and what to look at first; nothing happens before somebody says that they did. */
export function GiveUp({ day, slot, busy, giveUp, keep }: Props) {
  const [looked, look] = useState(false);
  return (
    <section aria-labelledby="give-up">
      <h3 id="give-up">Give this slot up?</h3>
      <dl className="give-up">
        <dt>In doubt</dt>
        <dd>{doubtText(day, slot)}</dd>
        <dt>The risk</dt>
        <dd>
          If somebody bought it, two clients may come to one place. A sale that is heard of later goes before everything
          else: others are moved for it, or its client has no place and has to be called.
        </dd>
        <dt>Who was told</dt>
        <dd>Whoever bought it: the portal confirms the time at once. Nobody is told that you give it up.</dd>
        <dt>Look first</dt>
        <dd>{checkText(slot)}</dd>
        <dt>The way back</dt>
        <dd>It can be held again as long as its place is free and nothing has been heard of a sale.</dd>
      </dl>
      <Checkbox
        size="md"
        mt="sm"
        label="I have looked, and take this risk"
        checked={looked}
        onChange={(event) => look(event.currentTarget.checked)}
      />
      <Group justify="flex-end" mt="md">
        <Button variant="default" size="md" onClick={keep}>
          Keep it held
        </Button>
        <Button color="red.9" size="md" disabled={!looked} loading={busy} onClick={giveUp}>
          Give it up
        </Button>
      </Group>
    </section>
  );
}
