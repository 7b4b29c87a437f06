import { NativeSelect } from "@mantine/core";
import { words } from "@medspasync/kit";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { figure, type Measure, shortDate, type TimelinePoint, type ViewTimeline } from "./useProgress";

const WIDTH = 352;
const HEIGHT = 176;
const LEFT = 40;
const RIGHT = 14;
const TOP = 22;
const BOTTOM = 24;
// Room for a point that lies on the lowest line.
const FOOT = 12;

interface Props {
  timeline: ViewTimeline;
  before: string | undefined;
  after: string | undefined;
  choose: (capture: string) => void;
}

type Read = { point: TimelinePoint; value: number; low?: number | null; high?: number | null };

function readingsOf(points: TimelinePoint[], measure: string, region: string): Read[] {
  return points.flatMap((point) => {
    const found = point.values.find((one) => one.measure === measure && (one.region ?? "") === region);
    return found ? [{ point, value: found.value, low: found.low ?? null, high: found.high ?? null }] : [];
  });
}

/** How far the value before may differ without anything having changed, on both sides of it. */
function bandOf(timeline: ViewTimeline, measure: string, value: number): [number, number] | null {
  const band = timeline.bands.find((one) => one.measure === measure);
  if (band === undefined) return null;
  if (band.unit === "absolute") return [value - band.coefficient, value + band.coefficient];
  // |a - b| ≤ c · (a + b) / 2, solved for the other value.
  const share = Math.min(band.coefficient / 2, 0.99);
  return [(value * (1 - share)) / (1 + share), (value * (1 + share)) / (1 - share)];
}

function useChoice(timeline: ViewTimeline) {
  const [measure, setMeasure] = useState<Measure>("count");
  const [region, setRegion] = useState("");
  const all = timeline.points.flatMap((point) => point.values);
  const measures = [...new Set(all.map((one) => one.measure))];
  const regions = [...new Set(all.filter((one) => one.measure === measure && one.region).map((one) => one.region as string))];
  const shown = measures.includes(measure) ? measure : (measures[0] ?? "count");
  return { measures, regions, measure: shown, setMeasure, region: regions.includes(region) ? region : "", setRegion };
}

function scales(reads: Read[], band: [number, number] | null) {
  const values = reads.flatMap((one) => [one.value, one.low ?? one.value, one.high ?? one.value]).concat(band ?? []);
  const low = Math.min(...values);
  const high = Math.max(...values);
  const room = (high - low || Math.abs(high) || 1) * 0.12;
  const floor = low >= 0 ? Math.max(0, low - room) : low - room;
  const top = high + room;
  const times = reads.map((one) => Date.parse(one.point.taken_at));
  const first = Math.min(...times);
  const length = Math.max(...times) - first || 1;
  const x = (at: number) => LEFT + 14 + ((at - first) / length) * (WIDTH - LEFT - RIGHT - 28);
  const y = (value: number) => HEIGHT - BOTTOM - FOOT - ((value - floor) / (top - floor)) * (HEIGHT - TOP - BOTTOM - FOOT);
  return { x, y, floor, top };
}

/** Three or four round numbers between two values. */
function roundTicks(low: number, high: number, whole: boolean): number[] {
  const rough = (high - low) / 3.2;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((one) => one * power).find((one) => one >= rough) ?? rough;
  const wide = whole ? Math.max(1, Math.round(step)) : step;
  const first = Math.ceil(low / wide);
  return Array.from({ length: Math.floor(high / wide) - first + 1 }, (_, index) => Number(((first + index) * wide).toPrecision(6)));
}

/** One measure of one view in time; a point is chosen to be compared by tapping it. */
export function Chart({ timeline, before, after, choose }: Props) {
  const { t, i18n } = useTranslation("progress");
  const { measures, regions, measure, setMeasure, region, setRegion } = useChoice(timeline);
  const reads = readingsOf(timeline.points, measure, region);
  return (
    <section className="card pg-card" aria-label={t("overTime")}>
      <div className="pg-selects">
        <NativeSelect
          size="sm"
          aria-label={t("measure")}
          value={measure}
          onChange={(event) => setMeasure(event.currentTarget.value as Measure)}
          data={measures.map((one) => ({ value: one, label: t(`measure_${one}`) }))}
        />
        <NativeSelect
          size="sm"
          aria-label={t("place")}
          value={region}
          onChange={(event) => setRegion(event.currentTarget.value)}
          data={[{ value: "", label: t("wholeFace") }, ...regions.map((one) => ({ value: one, label: words(one) }))]}
        />
      </div>
      {reads.length === 0 ? (
        <p className="quiet">{t("notMeasured")}</p>
      ) : (
        <Plot {...{ timeline, reads, measure, before, after, choose }} language={i18n.language} />
      )}
    </section>
  );
}

interface PlotProps extends Props {
  reads: Read[];
  measure: Measure;
  language: string;
}

function Plot({ timeline, reads, measure, before, after, choose, language }: PlotProps) {
  const { t } = useTranslation("progress");
  const base = reads.find((one) => one.point.capture_id === before) ?? reads[0];
  const room = base ? bandOf(timeline, measure, base.value) : null;
  // What cannot be below nothing is not drawn there.
  const band: [number, number] | null = room && base && base.value >= 0 ? [Math.max(0, room[0]), room[1]] : room;
  const { x, y, floor, top } = scales(reads, band);
  const at = (read: Read) => x(Date.parse(read.point.taken_at));
  const ticks = roundTicks(floor, top, measure === "count");
  const pairs = reads.slice(1).map((read, index) => [reads[index] as Read, read] as const);
  const breaks = pairs.filter(([a, b]) => a.point.series !== b.point.series);
  // The band says nothing about values of another series.
  const same = reads.filter((one) => one.point.series === base?.point.series).map(at);
  const reach = (place: number) => Math.min(WIDTH - RIGHT, Math.max(LEFT, place));
  const [from, to] = breaks.length > 0 ? [reach(Math.min(...same) - 40), reach(Math.max(...same) + 40)] : [LEFT, WIDTH - RIGHT];
  const ends = [reads[0], reads.length > 1 ? reads.at(-1) : undefined];
  return (
    <>
      <div className="pg-plot" style={{ aspectRatio: `${WIDTH} / ${HEIGHT}` }}>
        <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} aria-hidden="true">
          {ticks.map((value) => (
            <g key={value}>
              <line className="grid" x1={LEFT} x2={WIDTH - RIGHT} y1={y(value)} y2={y(value)} />
              <text x={LEFT - 6} y={y(value) + 4} textAnchor="end">
                {figure(value)}
              </text>
            </g>
          ))}
          {band && (
            <>
              <rect
                className="band"
                x={from}
                width={to - from}
                y={y(band[1])}
                height={Math.max(1, Math.min(y(floor), y(band[0])) - y(band[1]))}
              />
              <text className="band-name" x={to - 4} y={y(band[1]) - 5} textAnchor="end">
                {t("band")}
              </text>
            </>
          )}
          {breaks.map(([a, b]) => {
            const middle = (at(a) + at(b)) / 2;
            return <line className="break" key={middle} x1={middle} x2={middle} y1={TOP - 8} y2={HEIGHT - BOTTOM} />;
          })}
          {pairs
            .filter(([a, b]) => a.point.series === b.point.series)
            .map(([a, b]) => (
              <line className="way" key={b.point.capture_id} x1={at(a)} y1={y(a.value)} x2={at(b)} y2={y(b.value)} />
            ))}
          {reads.map((one) => (
            <g key={one.point.capture_id}>
              {one.low != null && one.high != null && one.high > one.low && (
                <line className="interval" x1={at(one)} x2={at(one)} y1={y(one.low)} y2={y(one.high)} />
              )}
            </g>
          ))}
          {ends.map(
            (one, index) =>
              one && (
                <text key={one.point.capture_id} x={index === 0 ? LEFT : WIDTH - RIGHT} y={HEIGHT - 6} textAnchor={index === 0 ? "start" : "end"}>
                  {shortDate(one.point.taken_at, language)}
                </text>
              ),
          )}
        </svg>
        {reads.map((one) => {
          const id = one.point.capture_id;
          const role = id === before ? "before" : id === after ? "after" : undefined;
          const label = t("pointLabel", { date: shortDate(one.point.taken_at, language), value: figure(one.value) });
          return (
            <button
              type="button"
              key={id}
              className="pg-point"
              data-role={role}
              aria-label={role ? `${label}. ${t(role)}` : `${label}. ${t("pointChoose")}`}
              title={label}
              style={{ left: `${(at(one) / WIDTH) * 100}%`, top: `${(y(one.value) / HEIGHT) * 100}%` }}
              onClick={() => choose(id)}
            >
              <i>{role ? t(role).charAt(0) : ""}</i>
            </button>
          );
        })}
      </div>
      {!band && <p className="pg-fine">{t("noBand")}</p>}
      {breaks.length > 0 && <p className="pg-fine">{t("otherSeries")}</p>}
    </>
  );
}
