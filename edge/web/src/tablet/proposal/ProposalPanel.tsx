import { Button } from "@mantine/core";
import { clockTime, sentenceOf } from "@medspasync/kit";
import { useState } from "react";
import type { Schemas } from "../../api/client";
import { Bars } from "./Bars";
import { EditStep } from "./EditStep";
import { Steps } from "./Steps";
import { type Proposal, useDeciding } from "./useProposing";
import { Notice } from "./Notice";
import { NoRight, useMay } from "../rights";

type Day = Schemas["ScheduleDay"];
type Step = Schemas["Step"];

const LETTERS = ["A", "B", "C", "D", "E"];

/** A proposal as a decision: what changes and why, what it costs, the other ways, and who may take it. */
export function ProposalPanel({
  day,
  proposal,
  choice,
  choose,
  show,
  accepted,
  focus,
  close,
}: {
  day: Day;
  proposal: Proposal;
  choice: number;
  choose: (choice: number) => void;
  show: (proposal: Proposal) => void;
  accepted: (id: string) => void;
  focus: (appointment: string) => void;
  close: () => void;
}) {
  const [editing, edit] = useState<Step | null>(null);
  const deciding = useDeciding(
    proposal,
    (next) => {
      edit(null);
      show(next);
    },
    accepted,
  );
  const may = useMay("change_schedule");
  const decides = useMay("decide_schedule");
  const answer = proposal.answers[choice] ?? proposal.answers[0];
  if (answer === undefined) return null;
  const manager = answer.mode === "escalate";
  const others = !may || (manager && !decides);
  const failed = deciding.accept.error ?? deciding.reject.error ?? deciding.renew.error;
  return (
    <aside className="card proposal" aria-label="Proposal">
      <header>
        <div>
          <span className="proposal-when numbers">
            Reported {clockTime(proposal.made_at, day.timezone)}
            {proposal.edited && " · edited"}
          </span>
          <h2>{proposal.cause}</h2>
        </div>
        <Button variant="subtle" size="compact-md" onClick={close}>
          Later
        </Button>
      </header>
      <div className="proposal-body">
        {editing ? (
          <EditStep
            key={editing.appointment_id}
            day={day}
            step={editing}
            busy={deciding.edit.isPending}
            error={deciding.edit.error}
            send={(pin) => deciding.edit.mutate(pin)}
            close={() => {
              deciding.edit.reset();
              edit(null);
            }}
          />
        ) : (
          <>
            <p className="who" data-mode={answer.mode}>
              <b>{manager ? (decides ? "A manager decides" : "A manager decides this") : may ? "You can decide this" : "The front desk can decide this"}</b>
              {answer.why.replace(" A manager decides.", "")}
            </p>
            {proposal.stale && (
              <Notice kind="stale" title="Out of date">
                {proposal.stale}
                <Button mt="xs" size="sm" variant="default" disabled={!may} loading={deciding.renew.isPending} onClick={() => deciding.renew.mutate()}>
                  Work it out again
                </Button>
              </Notice>
            )}
            {proposal.answers.length > 1 && (
              <div className="ways" role="radiogroup" aria-label="Ways to go on">
                {proposal.answers.map((one, index) => (
                  <button
                    type="button"
                    role="radio"
                    aria-checked={index === choice}
                    key={one.title + LETTERS[index]}
                    onClick={() => choose(index)}
                  >
                    <b>{LETTERS[index]}</b>
                    <span>
                      {one.title}
                      <small className="numbers">
                        {one.steps.length} {one.steps.length === 1 ? "change" : "changes"} ·{" "}
                        {one.cost_after >= one.cost_before ? "+" : "−"}
                        {Math.abs(one.cost_after - one.cost_before).toFixed(0)} points
                      </small>
                    </span>
                  </button>
                ))}
              </div>
            )}
            {answer.steps.length === 0 && <p className="quiet">Nobody moves.</p>}
            <Steps day={day} steps={answer.steps} edit={may ? edit : undefined} focus={focus} />
            <h3>What it is worth</h3>
            <Bars answer={answer} />
          </>
        )}
      </div>
      {!editing && (
        <footer>
          {failed != null && <Notice>{sentenceOf(failed)}</Notice>}
          {others && <NoRight to={may ? "decide_schedule" : "change_schedule"} id="not-yours" />}
          <div className="decide">
            <Button variant="default" size="md" disabled={!may} loading={deciding.reject.isPending} onClick={() => deciding.reject.mutate()}>
              Reject
            </Button>
            <Button
              size="md"
              className={manager ? "as-manager" : undefined}
              disabled={proposal.stale != null || others}
              aria-describedby={others ? "not-yours" : undefined}
              loading={deciding.accept.isPending}
              onClick={() => deciding.accept.mutate(choice)}
            >
              {manager ? "Approve as manager" : proposal.answers.length > 1 ? `Accept ${LETTERS[choice]}` : "Accept"}
            </Button>
          </div>
        </footer>
      )}
    </aside>
  );
}
