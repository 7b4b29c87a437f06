import { Button } from "@mantine/core";
import { useState } from "react";
import type { Change, State } from "./useRegistry";
import { dayText, whenText } from "./words";

const SHORT = 3;

function Sentences({ all }: { all: string[] }) {
  const [open, setOpen] = useState(false);
  const shown = open ? all : all.slice(0, SHORT);
  return (
    <>
      {shown.map((text) => (
        <p key={text}>{text}</p>
      ))}
      {all.length > shown.length && (
        <button type="button" className="more" onClick={() => setOpen(true)}>
          {all.length - shown.length} more
        </button>
      )}
    </>
  );
}

/** What is yet to come, the next first, with the way back from each. */
export function ToCome({ state, undo }: { state: State; undo: (change: Change) => void }) {
  const coming = state.to_come ?? [];
  if (coming.length === 0) return null;
  return (
    <section className="card side-card latest" aria-label="Yet to come">
      <h2>Yet to come</h2>
      {coming.map((one) => (
        <div className="change" key={one.id}>
          <div className="change-head">
            <b>From {dayText(one.valid_from ?? state.today, state.today)}</b>
            <span>{one.made_by}</span>
          </div>
          <Sentences all={one.sentences} />
          <Button variant="default" size="xs" onClick={() => undo(one)}>
            Take it back
          </Button>
        </div>
      ))}
    </section>
  );
}

/** Who changed what of late, with the way back from the latest. */
export function Latest({ state, undo }: { state: State; undo: (change: Change) => void }) {
  const when = (iso: string) => whenText(iso, state.today, state.timezone);
  return (
    <section className="card side-card latest">
      <h2>Changed of late</h2>
      {state.changes.length === 0 && (
        <p className="quiet">{state.to_come?.length ? "Nothing that counts already." : "Nothing was changed here yet. The clinic's file counts."}</p>
      )}
      {state.changes.slice(0, 8).map((one) => (
        <div className="change" key={one.id} data-undone={Boolean(one.undone_at)}>
          <div className="change-head">
            <b>{one.origin === "file" ? `${one.made_by}, from the file` : one.made_by}</b>
            <span className="numbers">{when(one.made_at)}</span>
          </div>
          {one.valid_from && <p>For the days from {dayText(one.valid_from, state.today)} on:</p>}
          <Sentences all={one.sentences} />
          {one.undone_at && (
            <p>
              Taken back {when(one.undone_at)}
              {one.undone_by ? ` by ${one.undone_by}` : ""}
            </p>
          )}
          {one.undoable && (
            <Button variant="default" size="xs" onClick={() => undo(one)}>
              Undo this change
            </Button>
          )}
        </div>
      ))}
    </section>
  );
}
