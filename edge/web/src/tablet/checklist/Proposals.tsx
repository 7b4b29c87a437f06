import { Alert, Button, Group, Modal, Stack, Text } from "@mantine/core";
import { sentenceOf, unwrap, words } from "@medspasync/kit";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, type Schemas } from "../../api/client";
import { usePropose } from "../proposal/useProposing";
import { useShowOnBoard } from "../proposal/useReported";
import { useMay } from "../rights";
import type { Day } from "./words";

type Proposal = Schemas["ReportProposal"];

const TITLES: Record<Proposal["kind"], string> = {
  not_arrived: "Not here yet",
  missing: "Did not come?",
  not_prepared: "Start slips",
  room_not_ready: "Room not ready",
  still_under_way: "Takes longer",
};

/** Tells what seems to have happened; a person says that it did. What follows is decided on the board. */
function Report({ day, proposal, close }: { day: Day; proposal: Proposal; close: () => void }) {
  const queries = useQueryClient();
  const show = useShowOnBoard();
  const { disruption } = proposal;
  const propose = usePropose({ day: day.day }, show);
  const mark = useMutation({
    mutationFn: () =>
      unwrap(
        api.POST("/api/schedule/appointments/{appointment_id}/status", {
          params: { path: { appointment_id: proposal.appointment_id } },
          body: { status: proposal.status ?? "no_show" },
        }),
      ),
    onSuccess: async () => {
      await queries.invalidateQueries();
      close();
    },
  });
  const error = propose.error ?? mark.error;
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
          {disruption
            ? "Nothing is reported before you do. Where anybody who was told a time has to move, you see a proposal on the board first."
            : "Nothing is changed until you confirm."}
        </Text>
        {error && <Alert color="red.9">{sentenceOf(error)}</Alert>}
        <Group justify="flex-end">
          <Button variant="default" size="md" onClick={close}>
            Leave as it is
          </Button>
          {disruption ? (
            <Button size="md" loading={propose.isPending} onClick={() => propose.mutate(disruption)}>
              {what}
            </Button>
          ) : (
            <Button size="md" loading={mark.isPending} onClick={() => mark.mutate()}>
              {`Mark as ${words(proposal.status ?? "no_show").toLowerCase()}`}
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
  const may = useMay("change_schedule");
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
          <Button variant="light" disabled={!may} aria-label={`Look: ${TITLES[one.kind]}, ${one.client_name}`} onClick={() => choose(one)}>
            Look…
          </Button>
        </div>
      ))}
      {chosen && <Report day={day} proposal={chosen} close={() => choose(null)} />}
    </section>
  );
}
