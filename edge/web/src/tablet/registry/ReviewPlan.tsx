import { Button, Checkbox, Group, Modal, Stack, Text } from "@mantine/core";
import { sentenceOf } from "@medspasync/kit";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Notice } from "../proposal/Notice";
import { sentence } from "./fields";
import { ask, type Plan, type Registering, type State } from "./useRegistry";
import { dayText, hurtText, visitTime } from "./words";

const SAYS: Record<Plan["kind"], { title: string; does: string }> = {
  save: { title: "What changes", does: "Save" },
  undo: { title: "Take the change back", does: "Take it back" },
  file: { title: "Take the clinic's file over", does: "Take it over" },
};

/** What is about to change, whom it would hurt, and the confirmation it needs then. */
export function ReviewPlan({
  plan,
  state,
  act,
  done,
  close,
}: {
  plan: Plan;
  state: State;
  act: Registering["act"];
  done: (hurt: string[]) => void;
  close: () => void;
}) {
  const [seen, see] = useState(false);
  const looked = useQuery({ queryKey: ["registry-plan", plan, state.version], queryFn: () => ask(plan), gcTime: 0 });
  const effect = looked.data;
  const from = plan.kind === "save" ? plan.draft.from : plan.kind === "undo" && (state.to_come ?? []).includes(plan.change) ? plan.change.valid_from : null;
  const hurt = effect?.hurt ?? [];
  const needed = effect?.needed ?? [];
  const faults = effect?.faults ?? [];
  const blocked = effect === undefined || needed.length > 0 || faults.length > 0;
  const go = () =>
    act.mutate({ plan, confirmed: hurt.map((one) => one.id) }, { onSuccess: () => done(hurt.map((one) => one.day)) });
  return (
    <Modal opened onClose={close} title={from ? `${SAYS[plan.kind].title}, from ${dayText(from, state.today)} on` : SAYS[plan.kind].title} size="lg" centered radius="lg" closeButtonProps={{ "aria-label": "Close" }}>
      <Stack gap="md">
        {looked.isError && <Notice>{sentenceOf(looked.error)}</Notice>}
        {effect && (
          <ul className="sentences">
            {(effect.sentences ?? []).map((text) => (
              <li key={text}>{text}</li>
            ))}
          </ul>
        )}
        {faults.map((one) => (
          <Notice key={`${one.section} ${one.entry} ${one.field}`} title={[one.section, one.entry].filter(Boolean).join(" · ")}>
            {sentence(one.message)}
          </Notice>
        ))}
        {needed.map((text) => (
          <Notice key={text}>{sentence(text)}</Notice>
        ))}
        {hurt.length > 0 && (
          <section className="hurt" aria-label="Visits it would hurt">
            <h3>{hurtText(hurt)} would stand without what they need</h3>
            <ul>
              {hurt.map((one) => (
                <li key={one.id}>
                  <b className="numbers">{visitTime(one, state.timezone)}</b>
                  <span>
                    {one.service}
                    {one.providers.length > 0 && `, ${one.providers.join(" and ")}`}
                  </span>
                  <em>{sentence(one.why)}</em>
                </li>
              ))}
            </ul>
            <Text size="sm">Nobody is dropped. They are marked on the board until you have their day planned again.</Text>
            <Checkbox
              size="md"
              mt="sm"
              label="I have looked at them"
              checked={seen}
              onChange={(event) => see(event.currentTarget.checked)}
            />
          </section>
        )}
        {act.isError && <Notice>{sentenceOf(act.error)}</Notice>}
        <Group justify="flex-end">
          <Button variant="default" size="md" onClick={close}>
            Back
          </Button>
          <Button size="md" loading={act.isPending} disabled={blocked || (hurt.length > 0 && !seen)} onClick={go}>
            {SAYS[plan.kind].does}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
