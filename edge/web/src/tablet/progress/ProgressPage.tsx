import { Alert, Loader } from "@mantine/core";
import { sentenceOf } from "@medspasync/kit";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate, useParams } from "react-router";
import { Changes, Features, KINDS } from "./Changes";
import { Chart } from "./Chart";
import { ChooseClient, ChooseMode, ChoosePair, LatestClients } from "./Choose";
import { SignIcon } from "./Signs";
import { Similar } from "./Similar";
import { type Mode, Stage } from "./Stage";
import { type Comparison, type MarkKind, useAligned, useComparison, useOriginal, useTimeline, type ViewTimeline } from "./useProgress";
import "./words";
import "./progress.css";

/** The pair chosen, or by default the first and the latest visit of a view; always the earlier one first. */
function usePair(view: ViewTimeline | undefined) {
  const [wanted, want] = useState<[string, string] | null>(null);
  const points = view?.points ?? [];
  const place = (id: string | undefined) => points.findIndex((one) => one.capture_id === id);
  const known = wanted !== null && place(wanted[0]) >= 0 && place(wanted[1]) >= 0 ? wanted : null;
  const [first, last] = known ?? [points[0]?.capture_id, points.length > 1 ? points.at(-1)?.capture_id : undefined];
  const set = (a: string, b: string) => {
    const [one, two] = [place(a), place(b)];
    // The same visit twice: the other one steps aside.
    if (one === two) want(one > 0 ? [points[one - 1]?.capture_id as string, b] : [a, points[1]?.capture_id as string]);
    else want(one < two ? [a, b] : [b, a]);
  };
  const toward = (id: string) => {
    if (first === undefined || last === undefined || id === first || id === last) return;
    set(...(place(id) > place(last) ? [first, id] : [id, last]) as [string, string]);
  };
  return { before: first, after: last, set, toward };
}

/** Which mark is chosen and which kinds are drawn; another pair begins with none chosen. */
function useMarks(pair: string) {
  const [chosen, setChosen] = useState<{ pair: string; index: number } | null>(null);
  const [hidden, setHidden] = useState<ReadonlySet<MarkKind>>(new Set());
  return {
    chosen: chosen?.pair === pair ? chosen.index : null,
    choose: (index: number | null) => setChosen(index === null ? null : { pair, index }),
    shown: new Set(KINDS.filter((kind) => !hidden.has(kind))),
    toggle: (kind: MarkKind) =>
      setHidden((old) => {
        const next = new Set(old);
        if (!next.delete(kind)) next.add(kind);
        return next;
      }),
  };
}

/** A client's visits in time, two of them laid over each other, and what may be said about the change. */
export default function ProgressPage() {
  const { t } = useTranslation("progress");
  const navigate = useNavigate();
  const client = useParams()["id"];
  const timeline = useTimeline(client);
  const [wanted, setView] = useState<ViewTimeline["view"]>("front");
  const [mode, setMode] = useState<Mode>("beside");
  const views = timeline.data?.views ?? [];
  const view = views.find((one) => one.view === wanted) ?? views[0];
  const { before, after, set, toward } = usePair(view);
  const comparison = useComparison(after, after && before);
  const marks = useMarks(`${before} ${after}`);
  const told = comparison.data;
  const aligned = told?.not_aligned.length === 0;
  const show = (id: string) => navigate(`/tablet/progress/${id}`);
  const error = timeline.error ?? comparison.error;
  return (
    <div className="pg">
      <header className="card pg-bar">
        <ChooseClient client={client} name={timeline.data?.client_name ?? ""} choose={show} />
        {timeline.data && view && (
          <ChoosePair {...{ timeline: timeline.data, view, setView, before: after && before, after, setPair: set }} />
        )}
        {after && <ChooseMode mode={aligned ? mode : "beside"} setMode={setMode} aligned={aligned} />}
      </header>
      {error && <Alert color="red.9">{sentenceOf(error)}</Alert>}
      {client === undefined && <LatestClients choose={show} />}
      {timeline.data && view === undefined && <p className="pg-empty">{t("noVisits")}</p>}
      {view && (
        <div className="pg-body">
          {after === undefined ? (
            <p className="pg-empty">{t("oneVisit")}</p>
          ) : (
            <Pictures comparison={told} mode={aligned ? mode : "beside"} marks={marks} />
          )}
          <aside className="pg-right">
            <Chart key={view.view} timeline={view} before={after && before} after={after} choose={toward} />
            {told && <Changes comparison={told} />}
            {told && <Features comparison={told} shown={marks.shown} chosen={marks.chosen} choose={marks.choose} />}
            {after && <Similar key={after} capture={after} />}
            <p className="note pg-notice">{t("notice")}</p>
          </aside>
        </div>
      )}
    </div>
  );
}

/** The two photographs, what is drawn on them, and how they were laid over each other. */
function Pictures({ comparison, mode, marks }: { comparison: Comparison | undefined; mode: Mode; marks: ReturnType<typeof useMarks> }) {
  const { t } = useTranslation("progress");
  const { capture_id: after, other_id: before } = comparison ?? {};
  const aligned = comparison?.not_aligned.length === 0;
  const later = useOriginal(after);
  const laid = useAligned(aligned ? after : undefined, before);
  const loose = useOriginal(aligned ? undefined : before);
  const earlier = aligned ? laid : loose;
  const error = later.error ?? earlier.error;
  const drawn = (comparison?.marks ?? [])
    .map((mark, index) => ({ mark, index }))
    .filter(({ mark, index }) => (marks.shown.has(mark.kind) && mark.kind !== "hidden") || marks.chosen === index);
  return (
    <div className="pg-left">
      {comparison && later.address && earlier.address ? (
        <Stage
          before={earlier.address}
          after={later.address}
          photo={comparison}
          face={aligned ? (comparison.face ?? null) : null}
          aligned={aligned}
          mode={mode}
          marks={drawn}
          chosen={marks.chosen}
          choose={marks.choose}
        />
      ) : (
        <div className="pg-stage pg-opening" role="status" aria-label={t("opening")}>
          {error ? <Alert color="red.9">{sentenceOf(error)}</Alert> : <Loader color="sand.3" />}
        </div>
      )}
      {comparison && <Legend comparison={comparison} marks={marks} />}
    </div>
  );
}

function Legend({ comparison, marks }: { comparison: Comparison; marks: ReturnType<typeof useMarks> }) {
  const { t } = useTranslation("progress");
  const laid = comparison.not_aligned.length === 0 ? comparison.alignment : null;
  return (
    <footer className="pg-foot">
      <div className="pg-legend" role="group" aria-label={t("marksShown")}>
        {KINDS.filter((kind) => comparison.marks.some((one) => one.kind === kind)).map((kind) => (
          <button type="button" key={kind} aria-pressed={marks.shown.has(kind)} onClick={() => marks.toggle(kind)}>
            <SignIcon kind={kind} />
            {t(kind)} <b className="numbers">{comparison.marks.filter((one) => one.kind === kind).length}</b>
          </button>
        ))}
      </div>
      {laid && <p className="pg-fine">{t(`aligned_${laid.method}`, { percent: laid.residual_percent, points: laid.points })}</p>}
    </footer>
  );
}
