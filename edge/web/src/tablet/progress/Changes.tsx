import { words } from "@medspasync/kit";
import { useTranslation } from "react-i18next";
import { SignIcon } from "./Signs";
import { type Change, type Comparison, figure, type Mark, type MarkKind } from "./useProgress";

export const KINDS: MarkKind[] = ["new", "resolved", "ambiguous", "persisting", "hidden"];
const ARROWS: Record<Change["direction"], string> = { more: "↑", less: "↓", within: "=", unknown: "?" };

function Values({ change }: { change: Change }) {
  const { t } = useTranslation("progress");
  const values = t("fromTo", { before: figure(change.before), after: figure(change.after) });
  const room = change.allowance == null ? "" : ` · ${t("allowance", { value: figure(change.allowance) })}`;
  return <span className="pg-values numbers">{values + room}</span>;
}

/** What may be said about two visits, in sentences; what may not be said, with its reason. */
export function Changes({ comparison }: { comparison: Comparison }) {
  const { t } = useTranslation("progress");
  const told = comparison.changes.filter((one) => one.direction === "more" || one.direction === "less");
  const within = comparison.changes.filter((one) => one.direction === "within");
  const unknown = comparison.changes.filter((one) => one.direction === "unknown");
  const reasons = comparison.not_compared;
  return (
    <section className="card pg-card" aria-label={t("changes")}>
      <h2>{t("changes")}</h2>
      {reasons.length > 0 && (
        <div className="pg-why">
          <b>{t(comparison.not_aligned.length > 0 ? "notAligned" : "notCompared")}</b>
          <ul>
            {reasons.map((one) => (
              <li key={one.code}>{one.sentence}</li>
            ))}
          </ul>
        </div>
      )}
      {reasons.length === 0 && (
        <>
          <p className="pg-summary">{comparison.summary}</p>
          {comparison.notes.map((one) => (
            <p className="pg-note" key={one.code}>
              {one.sentence}
            </p>
          ))}
          <ul className="pg-changes">
            {grouped(told).map(([one, regions]) => (
              <li key={`${one.measure} ${one.region}`}>
                <i aria-hidden="true">{ARROWS[one.direction]}</i>
                <span>
                  {one.sentence}
                  <Values change={one} />
                </span>
                <Where changes={regions} />
              </li>
            ))}
          </ul>
          {told.length === 0 && within.length > 0 && <p className="quiet">{t("nothingChanged")}</p>}
          <Rest label={t("within", { count: within.length })} changes={within} />
          <Rest label={t("unknown", { count: unknown.length })} changes={unknown} />
        </>
      )}
    </section>
  );
}

/** A change of the whole face has its regions under it; a region that changed alone stands for itself. */
function grouped(changes: Change[]): [Change, Change[]][] {
  const whole = changes.filter((one) => !one.region);
  const heads = (one: Change) => whole.find((head) => head.measure === one.measure && head.direction === one.direction);
  return changes
    .filter((one) => !one.region || heads(one) === undefined)
    .map((one) => [one, one.region ? [] : changes.filter((part) => part.region && heads(part) === one)]);
}

function Where({ changes }: { changes: Change[] }) {
  const { t } = useTranslation("progress");
  if (changes.length === 0) return null;
  return (
    <details className="pg-where">
      <summary>{t("regions", { count: changes.length })}</summary>
      <ul>
        {changes.map((one) => (
          <li key={one.region}>
            {one.sentence}
            <Values change={one} />
          </li>
        ))}
      </ul>
    </details>
  );
}

function Rest({ label, changes }: { label: string; changes: Change[] }) {
  if (changes.length === 0) return null;
  return (
    <details className="pg-rest">
      <summary>{label}</summary>
      <ul>
        {changes.map((one) => (
          <li key={`${one.measure} ${one.region}`}>
            {one.sentence}
            <Values change={one} />
          </li>
        ))}
      </ul>
    </details>
  );
}

/** Whether the sentence says more than the heading it stands under. */
function tells(mark: Mark): boolean {
  return mark.kind === "ambiguous" || (mark.kind === "persisting" && (mark.size === "more" || mark.size === "less"));
}

interface FeaturesProps {
  comparison: Comparison;
  shown: ReadonlySet<MarkKind>;
  chosen: number | null;
  choose: (index: number | null) => void;
}

/** Every feature by what became of it; choosing one shows it on the photographs. */
export function Features({ comparison, shown, chosen, choose }: FeaturesProps) {
  const { t } = useTranslation("progress");
  const marks = comparison.marks.map((mark, index) => ({ mark, index }));
  if (marks.length === 0) return null;
  return (
    <section className="card pg-card" aria-label={t("features")}>
      <h2>{t("features")}</h2>
      {KINDS.filter((kind) => shown.has(kind)).map((kind) => {
        const some = marks.filter((one) => one.mark.kind === kind);
        if (some.length === 0) return null;
        return (
          <div key={kind} className="pg-kind">
            <h3>
              {t(kind)} <span className="count">{some.length}</span>
            </h3>
            {some.map(({ mark, index }) => (
              <button type="button" className="pg-feature" key={index} title={mark.sentence} aria-pressed={chosen === index} onClick={() => choose(chosen === index ? null : index)}>
                <SignIcon kind={kind} />
                <span>
                  <b>{mark.type ? words(mark.type) : t("notAssessed")}</b>
                  {mark.region && ` · ${words(mark.region)}`}
                  {tells(mark) && <small>{mark.sentence}</small>}
                </span>
              </button>
            ))}
          </div>
        );
      })}
      <p className="pg-fine">{t("outlineNote")}</p>
    </section>
  );
}
