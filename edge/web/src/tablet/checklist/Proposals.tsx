import { Alert, Button, Group, Modal, Stack, Text } from "@mantine/core";
import { clockTime, sentenceOf, unwrap, words } from "@medspasync/kit";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, type Schemas } from "../../api/client";
import type { Day } from "./words";

type Proposal = Schemas["ReportProposal"];

const TITLES: Record<Proposal["kind"], string> = {
  not_arrived: "Not here yet",
  missing: "Did not come?",
  not_prepared: "Start slips",
  room_not_ready: "Room not ready",
  still_under_way: "Takes longer",
};

/** Shows what reporting it would change, and reports it only then. */
function Report({ day, proposal, close }: { day: Day; proposal: Proposal; close: () => void }) {
  const queries = useQueryClient();
  const disruption = proposal.disruption;
  const request = () => {
    if (!disruption) throw new Error("there is nothing to replan");
    return { day: day.day, disruption };
  };
  const preview = useMutation({
    mutationFn: () => unwrap(api.POST("/api/schedule/disruptions/preview", { body: request() })),
  });
  const report = useMutation({
    mutationFn: async () => {
      if (disruption) return unwrap(api.POST("/api/schedule/disruptions", { body: request() }));
      return unwrap(
        api.POST("/api/schedule/appointments/{appointment_id}/status", {
          params: { path: { appointment_id: proposal.appointment_id } },
          body: { status: proposal.status ?? "no_show" },
        }),
      );
    },
    onSuccess: async () => {
      await queries.invalidateQueries();
      close();
    },
  });
  const plan = preview.data;
  const error = preview.error ?? report.error;
  const what = disruption?.kind === "runs_late" ? `Report ${disruption.minutes} minutes late` : "Report the room out";
  return (
    <Modal
      opened
      onClose={close}
      title={`${TITLES[proposal.kind]}: ${proposal.client_name}`}
      size="lg"
      centered
      radius="lg"
      closeButtonProps={{ "aria-label": "Close" }}
    >
      <Stack>
        <Text>{proposal.why}</Text>
        <Text size="sm" c="sand.8">
          Nothing is changed until you confirm.
        </Text>
        {plan && (
          <div className="plan" aria-live="polite">
            <Text fw={600}>
              Moved: {plan.moved.length} · To place: {plan.unplaced.length} · As they were: {plan.unchanged}
            </Text>
            {plan.moved.map((move) => (
              <div className="plan-row" key={move.appointment_id}>
                <b>{move.client_name}</b>
                <span className="numbers">
                  {clockTime(move.from_starts_at, day.timezone)} → {clockTime(move.to_starts_at, day.timezone)}
                </span>
                <p>{move.reason}</p>
              </div>
            ))}
          </div>
        )}
        {error && <Alert color="red.9">{sentenceOf(error)}</Alert>}
        <Group justify="flex-end">
          <Button variant="default" size="md" onClick={close}>
            Leave as it is
          </Button>
          {disruption && !plan ? (
            <Button size="md" loading={preview.isPending} onClick={() => preview.mutate()}>
              Show what would change
            </Button>
          ) : (
            <Button size="md" loading={report.isPending} onClick={() => report.mutate()}>
              {disruption ? what : `Mark as ${words(proposal.status ?? "no_show").toLowerCase()}`}
            </Button>
          )}
        </Group>
      </Stack>
    </Modal>
  );
}

/** What seems to have happened; a person decides whether it did. */
export function Proposals({ day }: { day: Day }) {
  const [chosen, choose] = useState<Proposal | null>(null);
  if (day.proposals.length === 0) return null;
  return (
    <section className="check-proposals" aria-label="Seems to have happened">
      {day.proposals.map((one) => (
        <div key={one.appointment_id + one.kind} className="check-proposal">
          <div>
            <b>
              {TITLES[one.kind]}: {one.client_name}
            </b>
            <p>{one.why}</p>
          </div>
          <Button variant="light" aria-label={`Look: ${TITLES[one.kind]}, ${one.client_name}`} onClick={() => choose(one)}>
            Look…
          </Button>
        </div>
      ))}
      {chosen && <Report day={day} proposal={chosen} close={() => choose(null)} />}
    </section>
  );
}
