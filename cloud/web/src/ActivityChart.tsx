import { BarChart, LineChart } from "echarts/charts";
import { AriaComponent, GridComponent, LegendComponent, TooltipComponent } from "echarts/components";
import { init, use } from "echarts/core";
import { CanvasRenderer } from "echarts/renderers";
import { useEffect, useRef } from "react";
import type { Schemas } from "./api/client";

use([BarChart, LineChart, GridComponent, LegendComponent, TooltipComponent, AriaComponent, CanvasRenderer]);

interface Props {
  activity: Schemas["Activity"];
  fleet: Schemas["Fleet"];
}
const COLOURS = ["#3f8173", "#c98a5b", "#6f86a8", "#b8a04a", "#94657f"];
const DAY_MS = 86_400_000;

function days({ first_day, last_day }: Schemas["Activity"]): string[] {
  const first = Date.parse(first_day);
  const count = Math.round((Date.parse(last_day) - first) / DAY_MS) + 1;
  return Array.from({ length: count }, (_, index) => new Date(first + index * DAY_MS).toISOString().slice(0, 10));
}

function options({ activity, fleet }: Props) {
  const axis = days(activity);
  const figure = (place: string, day: string, what: "captures" | "findings") =>
    activity.rows.find((row) => row.location_id === place && row.day === day)?.[what] ?? 0;
  const label = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", timeZone: "UTC" });
  return {
    aria: { enabled: true },
    animationDuration: 300,
    color: COLOURS,
    textStyle: { fontFamily: "Inter Variable", color: "#5f5850" },
    grid: { left: 44, right: 48, top: 46, bottom: 28 },
    legend: { top: 0, left: 0, itemGap: 18, textStyle: { color: "#2a2723" } },
    tooltip: { trigger: "axis" },
    xAxis: { type: "category", data: axis.map((day) => label.format(new Date(day))), axisTick: { show: false }, axisLine: { lineStyle: { color: "#d6cab9" } } },
    yAxis: [
      { type: "value", name: "Photographs", minInterval: 1, splitLine: { lineStyle: { color: "#efe8dd" } } },
      { type: "value", name: "Features", minInterval: 1, splitLine: { show: false } },
    ],
    series: fleet.locations.flatMap((place, index) => {
      const color = COLOURS[index % COLOURS.length];
      return [
        { name: place.name, type: "bar", stack: "captures", barMaxWidth: 26, itemStyle: { color, borderRadius: 3 }, data: axis.map((day) => figure(place.id, day, "captures")) },
        { name: `${place.name}, features`, type: "line", yAxisIndex: 1, smooth: 0.3, symbolSize: 6, lineStyle: { color, width: 2 }, itemStyle: { color }, data: axis.map((day) => figure(place.id, day, "findings")) },
      ];
    }),
  };
}

/** Photographs as bars, outlined features as lines, a colour per location. */
export default function ActivityChart(props: Props) {
  const holder = useRef<HTMLDivElement>(null);
  const { activity, fleet } = props;
  const places = JSON.stringify(fleet.locations.map(({ id, name }) => [id, name]));
  useEffect(() => {
    if (holder.current === null) return;
    const chart = init(holder.current);
    chart.setOption(options({ activity, fleet }));
    const resize = new ResizeObserver(() => chart.resize());
    resize.observe(holder.current);
    return () => {
      resize.disconnect();
      chart.dispose();
    };
    // The fleet is asked for every few seconds; only its places matter here.
  }, [activity, places]);
  const captures = activity.rows.reduce((sum, row) => sum + row.captures, 0);
  const findings = activity.rows.reduce((sum, row) => sum + row.findings, 0);
  return (
    <div ref={holder} className="chart" role="img" aria-label={`${captures} photographs with ${findings} outlined features, by day and location`} />
  );
}
