import { Button, Group, NativeSelect, TextInput } from "@mantine/core";
import { words } from "@medspasync/kit";
import { type FormEvent, type RefObject, useEffect, useId, useState } from "react";
import { useTranslation } from "react-i18next";
import {
  type Action, type FindingType, type Grade, GRADES, likelyReason, type Mode, type Reason, reasonsFor, REGIONS, type Region, TYPES,
} from "./mode"; // prettier-ignore
import type { Correction, Finding, Review } from "./useReview";
import type { Box } from "./view";

type Deciding = Extract<Mode, { kind: "decide" }>;

interface Props {
  review: Review;
  mode: Deciding;
  busy: boolean;
  save: (correction: Correction) => void;
  cancel: () => void;
  form: RefObject<HTMLFormElement | null>;
}

interface ChoiceProps<Value extends string> {
  legend: string;
  values: Value[];
  value: Value | null;
  choose: (value: Value) => void;
  label: (value: Value) => string;
  numbered: boolean;
  first: boolean;
}

/** One question with its answers as radio buttons; numbered ones are chosen by their digit too. */
function Choice<Value extends string>({ legend, values, value, choose, label, numbered, first }: ChoiceProps<Value>) {
  const name = useId();
  return (
    <fieldset className="rv-choice">
      <legend>{legend}</legend>
      {values.map((one, index) => (
        <label key={one}>
          <input
            type="radio"
            name={name}
            checked={one === value}
            onChange={() => choose(one)}
            data-first={(first && (value === null ? index === 0 : one === value)) || undefined}
          />
          <span>
            {numbered && <kbd>{index + 1}</kbd>}
            {label(one)}
          </span>
        </label>
      ))}
    </fieldset>
  );
}

const boxed = (box: Box | undefined | null, other: Box | null) =>
  box && other && (box.x !== other.x || box.y !== other.y || box.w !== other.w || box.h !== other.h);

function useDigits(choose: (index: number) => void, cancel: () => void) {
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      const field = event.target as HTMLElement;
      if (event.key === "Escape") cancel();
      if (field.matches("input:not([type=radio]), select, textarea") || event.ctrlKey || event.metaKey || event.altKey) return;
      const digit = Number(event.key);
      if (event.key !== " " && digit >= 1) {
        event.preventDefault();
        choose(digit - 1);
      }
    };
    window.addEventListener("keydown", press);
    return () => window.removeEventListener("keydown", press);
  });
}

/** Asks what is needed to record one correction: type, grade or region, then why. */
export function Decision({ review, mode, busy, save, cancel, form }: Props) {
  const { t } = useTranslation("review");
  const { action, finding, box } = mode;
  const target: Finding | undefined = review.findings.find((one) => one.number === finding);
  const reasons = reasonsFor(review, action);
  const [type, setType] = useState<FindingType | null>(null);
  const [grade, setGrade] = useState<Grade | null>(null);
  const [region, setRegion] = useState<Region | null>(mode.region);
  const [said, say] = useState<Reason | null>(null);
  const [note, setNote] = useState("");
  const suggested = action === "redraw" && target && box ? likelyReason(target.box, box) : (reasons[0] ?? "other");
  const reason = said ?? suggested;
  const before = review.grades.find((one) => (one.region ?? null) === mode.region)?.grade;
  const types = TYPES.filter((one) => one !== target?.type);
  const grades = GRADES.filter((one) => one !== before);
  const asksType = action === "retype" || action === "add";
  const asksGrade = action === "regrade";
  const noteMissing = reason === "other" && note.trim() === "";
  const complete =
    (!asksType || type !== null) && (!asksGrade || grade !== null) && !noteMissing && (action !== "redraw" || boxed(target?.box, box));

  useEffect(() => {
    if (action !== "redraw" && action !== "add") form.current?.querySelector<HTMLElement>("[data-first]")?.focus();
  }, [action, finding, form]);
  useDigits((index) => {
    if (asksType) types[index] && setType(types[index]);
    else if (asksGrade) grades[index] && setGrade(grades[index]);
    else reasons[index] && say(reasons[index]);
  }, cancel);

  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!complete || busy) return;
    save({
      action,
      reason,
      note: note.trim(),
      contour: [],
      finding: action === "add" || asksGrade ? null : finding,
      type: asksType ? type : null,
      box: action === "redraw" || action === "add" ? box : null,
      region: action === "add" || asksGrade ? region : null,
      grade: asksGrade ? grade : null,
    });
  };
  const named = finding === null ? (asksGrade ? words(mode.region ?? t("wholeFace")) : "") : String(finding);
  return (
    <form className="rv-decision" ref={form} onSubmit={submit} aria-label={`${t(action)} ${named}`}>
      <h2>
        {t(action)} {named}
      </h2>
      {asksType && (
        <Choice legend={t("whichType")} values={types} value={type} choose={setType} label={words} numbered first />
      )}
      {asksGrade && (
        <Choice legend={t("whichGrade")} values={grades} value={grade} choose={setGrade} label={words} numbered first />
      )}
      {action === "add" && (
        <NativeSelect
          label={t("whichRegion")}
          value={region ?? ""}
          onChange={(event) => setRegion((event.currentTarget.value || null) as Region | null)}
          data={[{ value: "", label: t("elsewhere") }, ...REGIONS.map((one) => ({ value: one, label: words(one) }))]}
        />
      )}
      <Choice
        legend={t("why")}
        values={reasons}
        value={reason}
        choose={say}
        label={(one) => t(`reason_${one}`)}
        numbered={!asksType && !asksGrade}
        first={!asksType && !asksGrade}
      />
      <TextInput
        label={t("note")}
        value={note}
        maxLength={2000}
        autoComplete="off"
        error={said === "other" && noteMissing ? t("noteNeeded") : undefined}
        onChange={(event) => setNote(event.currentTarget.value)}
      />
      <Group justify="flex-end" gap="xs">
        <Button variant="default" onClick={cancel}>
          {t("cancel")} <kbd>Esc</kbd>
        </Button>
        <Button type="submit" loading={busy} disabled={!complete} color={action === "remove" ? "red.9" : undefined}>
          {t(labelOf(action))} <kbd>↵</kbd>
        </Button>
      </Group>
    </form>
  );
}

function labelOf(action: Action): "remove" | "add" | "save" {
  return action === "remove" || action === "add" ? action : "save";
}
