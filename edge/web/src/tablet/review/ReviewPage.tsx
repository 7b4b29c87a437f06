import { Alert, Button, Tabs, Title } from "@mantine/core";
import { sentenceOf, words } from "@medspasync/kit";
import { type ReactNode, useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate, useParams } from "react-router";
import { Decision } from "./Decision";
import { Figures } from "./Figures";
import { Chosen, FindingList } from "./Findings";
import { Grades } from "./Grades";
import { History } from "./History";
import { type Action, LOOK, type Mode, nearestRegion, nextUndecided, type Region } from "./mode";
import { Queue } from "./Queue";
import { Shortcuts } from "./Shortcuts";
import { Sign } from "./Sign";
import { Stage, type StageHandle } from "./Stage";
import { useKeys, useShortcutsOn } from "./useKeys";
import { type Correction, type Finding, type Review, type Step, useCapture, usePhotoAddress, useQueue, useReview } from "./useReview";
import { type Box, rounded } from "./view";
import "./words";
import "./review.css";

const FOUR_ROUTES = ["review_required", "suggest", "act", "not_assessed", "added"] as const;

/** Which finding is chosen and what is being done with it; a new photograph begins afresh. */
function useDesk(id: string | undefined) {
  const [chosen, choose] = useState<number | null>(null);
  const [mode, setMode] = useState<Mode>(LOOK);
  const [of, setOf] = useState(id);
  if (of !== id) {
    setOf(id);
    choose(null);
    setMode(LOOK);
  }
  return { chosen, choose, mode, setMode };
}

function Tool({ label, hint, glyph, act, disabled, busy }: { label: string; hint: string; glyph: string; act: () => void; disabled: boolean; busy?: boolean }) {
  return (
    <Button variant="default" className="rv-tool" disabled={disabled} loading={busy} onClick={act} aria-keyshortcuts={hint}>
      <span aria-hidden="true" className="rv-glyph">
        {glyph}
      </span>
      {label}
      <kbd aria-hidden="true">{hint}</kbd>
    </Button>
  );
}

/** Photographs wait at the left; the one at hand is looked at, corrected and signed. */
export default function ReviewPage() {
  const { t, i18n } = useTranslation("review");
  const params = useParams();
  const go = useNavigate();
  const [signed, showSigned] = useState(false);
  const queue = useQueue(signed);
  const id = params["id"] ?? queue.data?.items[0]?.capture_id;
  const { review, error, step } = useReview(id);
  const capture = useCapture(id).data;
  const { address, error: photoError } = usePhotoAddress(id);
  const { chosen, choose, mode, setMode } = useDesk(id);
  const [hidden, hide] = useState(false);
  const [helping, help] = useState(false);
  const [counting, count] = useState(false);
  const [signing, ask] = useState(false);
  const [on, turn] = useShortcutsOn();
  const stage = useRef<StageHandle>(null);
  const form = useRef<HTMLFormElement>(null);

  // The address names what is looked at, so that it stays when the queue moves on.
  useEffect(() => {
    if (params["id"] === undefined && id !== undefined) void go(`/tablet/review/${id}`, { replace: true });
  }, [params, id, go]);
  useEffect(() => {
    if (review && chosen === null && mode.kind === "look") choose(nextUndecided(review.findings, null));
    // Only when another photograph comes: what needs a decision is offered once.
  }, [review?.capture_id]);

  const target = review?.findings.find((one) => one.number === chosen);
  const open = review !== undefined && !review.signed && !step.isPending;
  const editing = mode.kind === "decide" ? mode.box : null;
  useEffect(() => {
    if (editing !== null && mode.kind === "decide") stage.current?.focusEditor();
  }, [editing === null]);

  const take = (what: Step, then?: (next: Review) => void) => {
    if (step.isPending) return;
    step.mutate(what, {
      onSuccess: (next) => {
        setMode(LOOK);
        then?.(next);
      },
    });
  };
  const onward = (next: Review) => choose(nextUndecided(next.findings, chosen) ?? chosen);
  const agree = (numbers: number[], then: (next: Review) => void) =>
    take({ kind: "correct", corrections: numbers.map((finding) => ({ action: "confirm", reason: "agreed", finding, contour: [], note: "" })) }, then);
  const decide = (action: Action, finding: Finding | null, box: Box | null, region: Region | null = null) => {
    step.reset();
    setMode({ kind: "decide", action, finding: finding?.number ?? null, box, region });
  };
  const save = (correction: Correction) =>
    take({ kind: "correct", corrections: [correction] }, (next) => {
      if (correction.action === "add") choose(next.findings.at(-1)?.number ?? null);
      else if (correction.action === "remove") onward(next);
    });
  const draw = () => {
    step.reset();
    setMode({ kind: "draw" });
  };
  const edit = (box: Box) => {
    if (review === undefined) return;
    const kept = rounded(box, review);
    if (mode.kind === "decide") setMode({ ...mode, box: kept });
    else decide("add", null, kept, nearestRegion(review.findings, kept));
  };

  const can = {
    confirm: open && target?.standing === "proposed",
    change: open && target !== undefined && target.standing !== "removed",
    undo: open && review.entries.some((one) => one.undoable),
  };
  const undecided = review?.findings.filter((one) => one.undecided) ?? [];
  const act = {
    confirm: () => target && agree([target.number], onward),
    remove: () => target && decide("remove", target, null),
    retype: () => target && decide("retype", target, null),
    redraw: () => target && decide("redraw", target, target.box),
    undo: () => {
      const last = review?.entries.findLast((one) => one.undoable);
      if (last) take({ kind: "undo", correction: last.id }, () => last.finding && choose(last.finding));
    },
    rest: () => undecided.length > 0 && agree(undecided.map((one) => one.number), () => {}),
    jump: () => review && choose(nextUndecided(review.findings, chosen)),
  };
  const along = (by: 1 | -1) => {
    if (!review?.findings.length) return;
    const at = review.findings.findIndex((one) => one.number === chosen);
    const next = at < 0 && by < 0 ? review.findings.length - 1 : (at + by + review.findings.length) % review.findings.length;
    choose(review.findings[next]?.number ?? null);
  };
  const neighbour = (by: 1 | -1) => {
    const items = queue.data?.items ?? [];
    const at = items.findIndex((one) => one.capture_id === id);
    return at < 0 ? items[0] : items[at + by];
  };
  const turnTo = (by: 1 | -1) => {
    const next = neighbour(by);
    if (next && next.capture_id !== id) void go(`/tablet/review/${next.capture_id}`);
  };
  const looking = mode.kind === "look";
  useKeys(
    {
      ...(looking && {
        j: () => along(1),
        k: () => along(-1),
        n: act.jump,
        "]": () => turnTo(1),
        "[": () => turnTo(-1),
        s: () => open && undecided.length === 0 && ask(true),
        ...(can.undo && { u: act.undo }),
        ...(open && { C: act.rest, a: draw }),
        ...(can.confirm && { c: act.confirm }),
        ...(can.change && { x: act.remove, Delete: act.remove, t: act.retype, d: act.redraw }),
      }),
      z: () => stage.current?.closeUp(),
      "+": () => stage.current?.zoom(1.5),
      "=": () => stage.current?.zoom(1.5),
      "-": () => stage.current?.zoom(1 / 1.5),
      "0": () => stage.current?.fit(),
      h: () => hide(!hidden),
      "?": () => help(true),
      ...(mode.kind !== "decide" && { Escape: () => (looking ? choose(null) : setMode(LOOK)) }),
    },
    on,
  );

  const wrong = step.error ?? error ?? photoError ?? queue.error;
  const frame = (inside: ReactNode) => (
    <div className="rv">
      <Queue queue={queue.data} signed={signed} show={showSigned} current={id} figures={() => count(true)} />
      {inside}
      <Shortcuts open={helping} close={() => help(false)} on={on} turn={turn} />
      <Figures open={counting} close={() => count(false)} />
    </div>
  );
  if (review === undefined || id === undefined) {
    return frame(
      <section className="card rv-empty">
        <Title order={1} size="h3">
          {t("title")}
        </Title>
        {wrong ? <Alert color="red.9">{sentenceOf(wrong)}</Alert> : <p className="quiet">{queue.data ? t("nothingWaiting") : t("loading")}</p>}
      </section>,
    );
  }
  const needing = review.findings.filter((one) => one.route === "review_required").length;
  return frame(
    <>
      <section className="rv-centre" aria-label={t("title")}>
        {address ? (
          <Stage
            address={address}
            photo={review}
            findings={review.findings}
            chosen={chosen}
            choose={(number) => looking && choose(number)}
            hidden={hidden}
            hide={hide}
            help={() => help(true)}
            drawing={mode.kind === "draw"}
            editing={editing}
            edit={edit}
            submit={() => form.current?.requestSubmit()}
            handle={stage}
          />
        ) : (
          <div className="stage">
            <p className="stage-hint">{t("loading")}</p>
          </div>
        )}
        <ul className="rv-legend">
          {FOUR_ROUTES.map((one) => (
            <li key={one} data-route={one}>
              {t(`route_${one}`)}
            </li>
          ))}
        </ul>
        <div className="rv-tools" role="group" aria-label={t("actionsLabel")}>
          <Tool glyph="✓" label={t("confirm")} hint="C" act={act.confirm} disabled={!can.confirm || !looking} />
          <Tool glyph="×" label={t("remove")} hint="X" act={act.remove} disabled={!can.change || !looking} />
          <Tool glyph="⇄" label={t("retype")} hint="T" act={act.retype} disabled={!can.change || !looking} />
          <Tool glyph="▢" label={t("redraw")} hint="D" act={act.redraw} disabled={!can.change || !looking} />
          <i aria-hidden="true" />
          <Tool glyph="+" label={t("add")} hint="A" act={draw} disabled={!open || !looking} />
          <Tool glyph="↶" label={t("undo")} hint="U" act={act.undo} disabled={!can.undo || !looking} />
        </div>
      </section>
      <aside className="card rv-panel" aria-label={t("findings")}>
        <header>
          <Title order={1} size="h3">
            {capture?.client_name ?? "…"}
          </Title>
          {capture && (
            <p>
              {words(capture.view)} ·{" "}
              {new Date(capture.taken_at).toLocaleString(i18n.language === "en" ? "en-GB" : i18n.language, { dateStyle: "medium", timeStyle: "short" })}
            </p>
          )}
          <p className="rv-notice">{t("notice")}</p>
          {needing > 0 && (
            <div className="rv-progress">
              <progress max={needing} value={needing - undecided.length} aria-label={t("decidedOf", { done: needing - undecided.length, all: needing })} />
              <span className="numbers">{t("decidedOf", { done: needing - undecided.length, all: needing })}</span>
            </div>
          )}
        </header>
        {wrong && (
          <Alert color="red.9" p="xs" className="rv-wrong" withCloseButton={step.isError} closeButtonLabel={t("cancel")} onClose={step.reset}>
            {sentenceOf(wrong)}
          </Alert>
        )}
        {mode.kind === "decide" ? (
          <div className="rv-scroll" tabIndex={-1}>
            <Decision key={`${mode.action} ${mode.finding} ${mode.region}`} review={review} mode={mode} busy={step.isPending} save={save} cancel={() => setMode(LOOK)} form={form} />
          </div>
        ) : (
          <>
            {target ? <Chosen finding={target} address={address} photo={review} /> : <p className="rv-chosen quiet">{t("select")}</p>}
            <Tabs key={id} defaultValue="findings" keepMounted={false} className="rv-tabs">
              <Tabs.List grow>
                <Tabs.Tab value="findings">{t("findings")}</Tabs.Tab>
                <Tabs.Tab value="grades">{t("grades")}</Tabs.Tab>
                <Tabs.Tab value="history">{t("history")}</Tabs.Tab>
              </Tabs.List>
              <Tabs.Panel value="findings" className="rv-scroll">
                <FindingList review={review} chosen={chosen} choose={choose} rest={act.rest} busy={step.isPending} />
              </Tabs.Panel>
              <Tabs.Panel value="grades" className="rv-scroll">
                <Grades review={review} capture={capture} regrade={(region) => decide("regrade", null, null, region)} />
              </Tabs.Panel>
              <Tabs.Panel value="history" className="rv-scroll">
                <History review={review} busy={step.isPending} undo={(entry) => take({ kind: "undo", correction: entry.id })} />
              </Tabs.Panel>
            </Tabs>
            <Sign
              review={review}
              busy={step.isPending}
              sign={(signer) => take({ kind: "sign", signer }, () => ask(false))}
              reopen={() => take({ kind: "reopen" })}
              asking={signing}
              ask={ask}
              jump={act.jump}
              next={neighbour(1) && neighbour(1)?.capture_id !== id ? () => turnTo(1) : undefined}
            />
          </>
        )}
      </aside>
    </>,
  );
}
