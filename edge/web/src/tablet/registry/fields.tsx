import { Button, Chip, Group, Modal, Stack, TextInput } from "@mantine/core";
import { words } from "@medspasync/kit";
import { type ReactNode, useState } from "react";
import { Notice } from "../proposal/Notice";
import type { Hours } from "./document";
import type { Fault } from "./useRegistry";

/** The faults of one entry, by field. */
export class Faults {
  constructor(private readonly all: Fault[]) {}

  /** What is wrong with a field, or with anything in it. */
  of(field: string): string | undefined {
    const mine = this.all.filter((one) => one.field === field || one.field.startsWith(`${field}.`));
    return mine.length > 0 ? mine.map((one) => sentence(one.message)).join(" ") : undefined;
  }

  /** What belongs to none of these fields. */
  beside(...fields: string[]): string[] {
    return this.all.filter((one) => !fields.some((name) => one.field === name || one.field.startsWith(`${name}.`))).map((one) => one.message);
  }
}

export function sentence(text: string): string {
  const plain = text.replaceAll("`", "");
  return `${plain.charAt(0).toUpperCase()}${plain.slice(1)}${/[.!?]$/.test(plain) ? "" : "."}`;
}

/** A time of day on the grid of five minutes. */
export function Time({ label, value, set, error }: { label: string; value: string; set: (time: string) => void; error?: ReactNode }) {
  return (
    <TextInput
      size="md"
      type="time"
      step={300}
      label={label}
      value={value}
      error={error}
      onChange={(event) => set(event.currentTarget.value)}
    />
  );
}

/** A whole number of minutes, or another count. */
export function Count({
  label,
  value,
  set,
  step = 5,
  error,
  description,
  usual = 0,
}: {
  label: string;
  value: number | undefined;
  /** What stands there while nothing is set. */
  usual?: number | "";
  set: (value: number) => void;
  step?: number;
  error?: ReactNode;
  description?: string;
}) {
  return (
    <TextInput
      size="md"
      type="number"
      inputMode="decimal"
      min={0}
      step={step}
      label={label}
      description={description}
      value={value ?? usual}
      error={error}
      onChange={(event) => set(Number(event.currentTarget.value))}
    />
  );
}

/** A count that may be left out; what counts then stands in its place, paler. */
export function MaybeCount({
  label,
  value,
  usual,
  set,
  step = 1,
  error,
}: {
  label: string;
  value: number | undefined;
  usual: number | string;
  set: (value: number | undefined) => void;
  step?: number;
  error?: ReactNode;
}) {
  return (
    <TextInput
      size="md"
      type="number"
      inputMode="decimal"
      min={0}
      step={step}
      aria-label={label}
      placeholder={String(usual)}
      value={value ?? ""}
      error={error}
      onChange={(event) => set(event.currentTarget.value === "" ? undefined : Number(event.currentTarget.value))}
    />
  );
}

/** Two times beside each other. */
export function Span({ from, to, value, set, error }: { from: string; to: string; value: Hours; set: (hours: Hours) => void; error?: string }) {
  return (
    <div>
      <Group grow align="start" gap="sm">
        <Time label={from} value={value.start} set={(start) => set({ ...value, start })} />
        <Time label={to} value={value.end} set={(end) => set({ ...value, end })} />
      </Group>
      {error && <p className="field-fault" role="alert">{error}</p>}
    </div>
  );
}

/** Names to choose from by touch, and one more that nobody has yet. */
export function Names({
  label,
  known,
  chosen,
  set,
  error,
  add = "Another…",
}: {
  label: string;
  known: string[];
  chosen: string[];
  set: (names: string[]) => void;
  error?: string;
  add?: string;
}) {
  const [text, setText] = useState("");
  const key = text.trim().toLowerCase().replace(/[^a-z0-9]+/g, "_").replace(/^_+|_+$/g, "");
  const all = [...new Set([...known, ...chosen])].sort();
  const take = () => {
    if (key) set([...new Set([...chosen, key])]);
    setText("");
  };
  return (
    <fieldset className="names">
      <legend>{label}</legend>
      <Chip.Group multiple value={chosen} onChange={set}>
        <Group gap={6}>
          {all.map((name) => (
            <Chip key={name} value={name} variant="outline">
              {words(name)}
            </Chip>
          ))}
          <TextInput
            aria-label={`${label}: another`}
            placeholder={add}
            w={150}
            value={text}
            onChange={(event) => setText(event.currentTarget.value)}
            onBlur={take}
            onKeyDown={(event) => {
              if (event.key !== "Enter") return;
              event.preventDefault();
              take();
            }}
          />
        </Group>
      </Chip.Group>
      {error && <p className="field-fault" role="alert">{error}</p>}
    </fieldset>
  );
}

/** A form over the page: what is wrong besides the fields, the way out, and what keeps it. */
export function Form({
  title,
  faults,
  busy,
  keep,
  remove,
  close,
  children,
}: {
  title: string;
  faults: string[];
  busy: boolean;
  keep: () => void;
  remove?: () => void;
  close: () => void;
  children: ReactNode;
}) {
  return (
    <Modal opened onClose={close} title={title} size="xl" centered radius="lg" closeButtonProps={{ "aria-label": "Close" }}>
      <form
        className="entry-form"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          keep();
        }}
      >
        <Stack gap="md">
          {children}
          {faults.map((text) => (
            <Notice key={text}>{sentence(text)}</Notice>
          ))}
          <div className="form-foot">
            {remove ? (
              <Button variant="transparent" px={0} c="var(--clay)" onClick={remove}>
                Remove
              </Button>
            ) : (
              <span />
            )}
            <Group gap="sm">
              <Button variant="default" size="md" onClick={close}>
                Leave it
              </Button>
              <Button type="submit" size="md" loading={busy}>
                Keep in the draft
              </Button>
            </Group>
          </div>
        </Stack>
      </form>
    </Modal>
  );
}
