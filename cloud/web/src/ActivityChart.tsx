import { BarChart } from "echarts/charts";
import { AriaComponent, GridComponent, LegendComponent, TitleComponent, TooltipComponent } from "echarts/components";
import { init, use } from "echarts/core";
import { CanvasRenderer } from "echarts/renderers";
import { useEffect, useRef } from "react";
import type { Schemas } from "./api/client";

use([BarChart, TitleComponent, GridComponent, LegendComponent, TooltipComponent, AriaComponent, CanvasRenderer]);

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
    grid: [
      { left: 36, right: "53%", top: 62, bottom: 26 },
      { left: "53%", right: 12, top: 62, bottom: 26 },
    ],
    title: ["Photographs", "Outlined features"].map((text, index) => ({
      text,
      left: index === 0 ? 0 : "50%",
      top: 30,
      textStyle: { color: "#5f5850", fontSize: 12, fontWeight: 600 as const },
    })),
    legend: { top: 0, left: 0, itemGap: 18, icon: "circle", textStyle: { color: "#2a2723" } },
    tooltip: { trigger: "axis" as const, axisPointer: { type: "shadow" as const } },
    xAxis: [0, 1].map((gridIndex) => ({
      gridIndex,
      type: "category" as const,
      data: axis.map((day) => label.format(new Date(day))),
      axisTick: { show: false },
      axisLine: { lineStyle: { color: "#d6cab9" } },
    })),
    yAxis: [0, 1].map((gridIndex) => ({
      gridIndex,
      type: "value" as const,
      minInterval: 1,
      splitLine: { lineStyle: { color: "#efe8dd" } },
    })),
    series: fleet.locations.flatMap((place, index) =>
      (["captures", "findings"] as const).map((what, grid) => ({
        name: place.name,
        type: "bar" as const,
        stack: what,
        xAxisIndex: grid,
        yAxisIndex: grid,
        barMaxWidth: 18,
        itemStyle: { color: COLOURS[index % COLOURS.length] ?? "#3f8173" },
        data: axis.map((day) => figure(place.id, day, what)),
      })),
    ),
  };
}

/** Photographs and outlined features side by side, a colour per location. */
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
