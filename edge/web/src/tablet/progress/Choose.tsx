import { NativeSelect, Select } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Mode } from "./Stage";
import { shortDate, type TimelinePoint, type Timeline, useClients, type ViewTimeline } from "./useProgress";

/** Finds a client by name; the name stays out of every address. */
export function ChooseClient({ client, name, choose }: { client: string | undefined; name: string; choose: (id: string) => void }) {
  const { t } = useTranslation("progress");
  const [typed, type] = useState("");
  const [query] = useDebouncedValue(typed, 200);
  const found = useClients(query === name ? "" : query);
  const data = (found.data ?? []).map((one) => ({ value: one.id, label: one.name }));
  if (client !== undefined && name !== "" && !data.some((one) => one.value === client)) data.unshift({ value: client, label: name });
  return (
    <Select
      className="pg-client"
      label={t("client")}
      placeholder={t("findClient")}
      searchable
      data={data}
      value={client ?? null}
      onChange={(id) => id && choose(id)}
      onSearchChange={type}
      filter={({ options }) => options}
      nothingFoundMessage={t("nobody")}
      comboboxProps={{ transitionProps: { duration: 0 } }}
    />
  );
}

/** The clients photographed last, to begin with. */
export function LatestClients({ choose }: { choose: (id: string) => void }) {
  const { t, i18n } = useTranslation("progress");
  const found = useClients("");
  const several = (found.data ?? []).filter((one) => (one.captures ?? 0) > 1).slice(0, 9);
  return (
    <section className="pg-start">
      <h1>{t("title")}</h1>
      <p>{t("choose")}</p>
      <div className="pg-clients">
        {several.map((one) => (
          <button type="button" className="card" key={one.id} onClick={() => choose(one.id)}>
            <b>{one.name}</b>
            <span>
              {t("photographs", { count: one.captures ?? 0 })}
              {one.last_visit_at && ` · ${shortDate(one.last_visit_at, i18n.language)}`}
            </span>
          </button>
        ))}
      </div>
    </section>
  );
}

interface PairProps {
  timeline: Timeline;
  view: ViewTimeline;
  setView: (view: ViewTimeline["view"]) => void;
  before: string | undefined;
  after: string | undefined;
  setPair: (before: string, after: string) => void;
}

/** Which view, and which two visits of it. */
export function ChoosePair({ timeline, view, setView, before, after, setPair }: PairProps) {
  const { t, i18n } = useTranslation("progress");
  const dated = (points: TimelinePoint[]) =>
    points.map((one) => ({ value: one.capture_id, label: shortDate(one.taken_at, i18n.language) }));
  return (
    <>
      <div>
        <span className="pg-label" id="pg-view">
          {t("view")}
        </span>
        <Switch
          labelled="pg-view"
          value={view.view}
          choices={timeline.views.map((one) => ({ value: one.view, label: `${t(`view_${one.view}`)} ${one.points.length}` }))}
          choose={setView}
        />
      </div>
      {before !== undefined && after !== undefined && (
        <>
          <NativeSelect
            label={t("before")}
            value={before}
            data={dated(view.points.slice(0, -1))}
            onChange={(event) => setPair(event.currentTarget.value, after)}
          />
          <NativeSelect
            label={t("after")}
            value={after}
            data={dated(view.points.slice(1))}
            onChange={(event) => setPair(before, event.currentTarget.value)}
          />
        </>
      )}
    </>
  );
}

const MODES: Mode[] = ["beside", "wipe", "blink"];

export function ChooseMode({ mode, setMode, aligned }: { mode: Mode; setMode: (mode: Mode) => void; aligned: boolean }) {
  const { t } = useTranslation("progress");
  return (
    <div className="pg-mode">
      <span className="pg-label" id="pg-mode">
        {t("mode")}
      </span>
      <Switch
        labelled="pg-mode"
        value={mode}
        choices={MODES.map((one) => ({ value: one, label: t(`mode_${one}`), disabled: !aligned && one !== "beside" }))}
        choose={setMode}
      />
    </div>
  );
}

interface SwitchProps<T extends string> {
  labelled: string;
  value: T;
  choices: { value: T; label: string; disabled?: boolean }[];
  choose: (value: T) => void;
}

function Switch<T extends string>({ labelled, value, choices, choose }: SwitchProps<T>) {
  return (
    <div className="pg-switch" role="group" aria-labelledby={labelled}>
      {choices.map((one) => (
        <button type="button" key={one.value} aria-pressed={one.value === value} disabled={one.disabled} onClick={() => choose(one.value)}>
          {one.label}
        </button>
      ))}
    </div>
  );
}
