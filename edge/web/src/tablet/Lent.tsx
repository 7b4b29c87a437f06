import { Button, Group, Modal, Stack, Text } from "@mantine/core";
import { clockTime, sentenceOf, unwrap } from "@medspasync/kit";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import type { CSSProperties } from "react";
import { api, type Schemas } from "../api/client";
import { keepDay } from "./days";
import { Notice } from "./proposal/Notice";
import { nameOf } from "./proposal/times";
import { NoRight, useMay } from "./rights";

type Day = Schemas["ScheduleDay"];
type Slot = Schemas["LentSlot"];

const SAYS: Record<Slot["state"], string> = {
  lent: "held for online booking",
  asked_back: "asked back",
  in_doubt: "in doubt, held for online booking",
};

/** A place that the hub may sell, in its provider's lane. */
export function LentBlock({ day, slot, style, choose }: { day: Day; slot: Slot; style: CSSProperties; choose: () => void }) {
  return (
    <button
      type="button"
      className="lent"
      data-state={slot.state}
      style={style}
      title={SAYS[slot.state]}
      onClick={choose}
    >
      <b>{slot.service}</b>
      <span className="numbers">{clockTime(slot.starts_at, day.timezone)}</span>
      <em>{SAYS[slot.state]}</em>
    </button>
  );
}

function isHeld(day: Day, slot: Slot): boolean {
  return (day.lent ?? []).some((one) => one.id === slot.id);
}

function standing(day: Day, slot: Slot): string {
  if (!isHeld(day, slot)) {
    const sold = [...day.appointments.map((one) => one.id), ...day.unplaced.map((one) => one.appointment_id)];
    return sold.includes(`online-${slot.id}`) ? "Somebody has bought it: it is a visit on the board." : "Held no longer: the place is the clinic's again.";
  }
  const until = clockTime(slot.until, day.timezone);
  if (slot.state === "in_doubt") {
    return "The hub it was lent to has been restored since and may have sold it before. It stays held until its time is over, or until the clinic's administrator gives it up.";
  }
  if (slot.state === "asked_back") {
    return "Asked back. It stays held until the hub has answered: then it is the clinic's again, or a visit if somebody had bought it already.";
  }
  if (Date.parse(slot.until) <= Date.parse(day.now)) {
    return `The hub has sold it until ${until} only. It stays held until the hub has said that nobody bought it.`;
  }
  return `The hub can sell it until ${until}. Whoever buys it is on the board at this time.`;
}

/** What a held place is, until when, and the way to ask for it back; one that is sold or given back meanwhile says so. */
export function LentCard({ day, chosen, close }: { day: Day; chosen: Slot; close: () => void }) {
  const queries = useQueryClient();
  const may = useMay("change_schedule");
  const slot = day.lent?.find((one) => one.id === chosen.id) ?? chosen;
  const { data: status } = useQuery({ queryKey: ["status"], queryFn: () => unwrap(api.GET("/api/status")) });
  const recall = useMutation({
    mutationFn: () =>
      unwrap(
        api.POST("/api/schedule/slots/{day}/{slot_id}/recall", { params: { path: { day: day.day, slot_id: slot.id } } }),
      ),
    onSuccess: (next) => keepDay(queries, next),
    onError: () => queries.invalidateQueries({ queryKey: ["day"] }),
  });
  const held = isHeld(day, slot);
  const lent = held && slot.state === "lent";
  return (
    <Modal
      opened
      onClose={close}
      title="Held for online booking"
      size="lg"
      centered
      radius="lg"
      closeButtonProps={{ "aria-label": "Close" }}
    >
      <Stack gap="sm">
        <Text>
          {slot.service} · {clockTime(slot.starts_at, day.timezone)}–{clockTime(slot.ends_at, day.timezone)}
        </Text>
        {slot.stages.map((stage) => (
          <Text size="sm" c="sand.8" key={stage.starts_at + stage.name}>
            {clockTime(stage.starts_at, day.timezone)} {stage.name}:{" "}
            {[stage.provider_id, stage.room_id, stage.device_id].map((id) => nameOf(day, id)).filter(Boolean).join(", ")}
          </Text>
        ))}
        <div className="lent-says" data-state={slot.state} aria-live="polite">
          {standing(day, slot)}
          {held && slot.state === "asked_back" && status?.link.online === false && " The hub is not reached now; it is asked as soon as it is."}
        </div>
        {recall.isError && <Notice>{sentenceOf(recall.error)}</Notice>}
        {lent && <NoRight to="change_schedule" id="no-recall" />}
        <Group justify="flex-end">
          <Button variant="default" size="md" onClick={close}>
            Close
          </Button>
          {lent && (
            <Button
              size="md"
              loading={recall.isPending}
              disabled={!may}
              aria-describedby={may ? undefined : "no-recall"}
              onClick={() => recall.mutate()}
            >
              Recall
            </Button>
          )}
        </Group>
      </Stack>
    </Modal>
  );
}
