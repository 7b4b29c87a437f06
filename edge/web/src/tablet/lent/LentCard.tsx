import { Button, Group, Modal, Stack, Text } from "@mantine/core";
import { clockTime, sentenceOf, unwrap } from "@medspasync/kit";
import { useQuery } from "@tanstack/react-query";
import { type CSSProperties, useState } from "react";
import { api, type Schemas } from "../../api/client";
import { Notice } from "../proposal/Notice";
import { nameOf } from "../proposal/times";
import { NoRight, useMay } from "../rights";
import { GiveUp } from "./GiveUp";
import { useSlotActs, useSlots } from "./useSlots";
import { doubtText, fateText, SAYS, whenText } from "./words";

type Day = Schemas["ScheduleDay"];
type Slot = Schemas["LentSlot"];
type Given = Schemas["GivenUpSlot"];

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

function gone(day: Day, slot: Slot, given: Given | undefined): string {
  if (given) return `Given up: the place is the clinic's again. ${fateText(given)}`;
  const sold = [...day.appointments.map((one) => one.id), ...day.unplaced.map((one) => one.appointment_id)];
  if (sold.includes(`online-${slot.id}`)) return "Somebody has bought it: it is a visit on the board.";
  return slot.day === day.day
    ? "Held no longer: the place is the clinic's again."
    : "Held no longer: it is a visit of that day, or the place is the clinic's again.";
}

function standing(day: Day, slot: Slot): string {
  const until = whenText(slot.until, day);
  if (slot.state === "in_doubt") {
    const since = slot.doubt_since ? ` In doubt since ${whenText(slot.doubt_since, day)}.` : "";
    return `${doubtText(day, slot)}${since} It stays held until ${whenText(slot.held_until, day)}, unless a manager gives it up.`;
  }
  if (slot.state === "asked_back") {
    return "Asked back. It stays held until the hub has answered: then it is the clinic's again, or a visit if somebody had bought it already.";
  }
  if (Date.parse(slot.until) <= Date.parse(day.now)) {
    return `The hub has sold it until ${until} only. It stays held until the hub has said that nobody bought it.`;
  }
  return `The hub can sell it until ${until}. Whoever buys it is on the board at this time.`;
}

/** What a held place is, until when and how sure that is, and the ways to have it back. */
export function LentCard({ day, chosen, close }: { day: Day; chosen: Slot; close: () => void }) {
  const [asking, ask] = useState(false);
  const mayChange = useMay("change_schedule");
  const mayDecide = useMay("decide_schedule");
  const { data: slots } = useSlots();
  const { data: status } = useQuery({ queryKey: ["status"], queryFn: () => unwrap(api.GET("/api/status")) });
  const acts = useSlotActs(chosen, day.day);
  const known = chosen.day === day.day ? day.lent : slots?.lent;
  const held = known?.find((one) => one.id === chosen.id);
  const slot = held ?? chosen;
  const given = held ? undefined : slots?.given_up.find((one) => one.id === chosen.id);
  const failed = [acts.recall, acts.release, acts.hold].find((one) => one.isError);
  const lent = held?.state === "lent";
  const doubt = held?.doubt;
  const wide = whenText(slot.starts_at, day);
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
          {slot.service} · {wide}–{clockTime(slot.ends_at, day.timezone)}
        </Text>
        {slot.stages.map((stage) => (
          <Text size="sm" c="sand.8" key={stage.starts_at + stage.name}>
            {clockTime(stage.starts_at, day.timezone)} {stage.name}:{" "}
            {[stage.provider_id, stage.room_id, stage.device_id].map((id) => nameOf(day, id)).filter(Boolean).join(", ")}
          </Text>
        ))}
        {!asking && (
          <div className="lent-says" data-state={held?.state} aria-live="polite">
            {held ? standing(day, held) : gone(day, slot, given)}
            {held?.state === "asked_back" && status?.link.online === false && " The hub is not reached now; it is asked as soon as it is."}
          </div>
        )}
        {failed && <Notice>{sentenceOf(failed.error)}</Notice>}
        {lent && <NoRight to="change_schedule" id="no-recall" />}
        {doubt && <NoRight to="decide_schedule" id="no-release" say="Giving it up is left to a manager, who signs in here." />}
        {asking && held && doubt ? (
          <GiveUp
            day={day}
            slot={held}
            busy={acts.release.isPending}
            keep={() => ask(false)}
            giveUp={() => acts.release.mutate(doubt, { onSettled: () => ask(false) })}
          />
        ) : (
          <Group justify="flex-end">
            <Button variant="default" size="md" onClick={close}>
              Close
            </Button>
            {lent && (
              <Button
                size="md"
                loading={acts.recall.isPending}
                disabled={!mayChange}
                aria-describedby={mayChange ? undefined : "no-recall"}
                onClick={() => acts.recall.mutate()}
              >
                Recall
              </Button>
            )}
            {doubt && (
              <Button
                size="md"
                color="red.9"
                variant="outline"
                disabled={!mayDecide}
                aria-describedby={mayDecide ? undefined : "no-release"}
                onClick={() => ask(true)}
              >
                Give it up…
              </Button>
            )}
            {given && !given.stays_because && (
              <Button size="md" loading={acts.hold.isPending} disabled={!mayDecide} onClick={() => acts.hold.mutate()}>
                Hold it again
              </Button>
            )}
          </Group>
        )}
      </Stack>
    </Modal>
  );
}
