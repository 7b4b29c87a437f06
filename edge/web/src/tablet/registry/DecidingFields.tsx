import { NativeSelect } from "@mantine/core";
import type { Deciding, KindLimits } from "./document";
import { Count, type Faults, MaybeCount } from "./fields";

/** What holds for every kind of event, with what counts where the clinic's file says nothing. */
const COMMON: [key: "execute_shifted" | "suggest_notified" | "suggest_points" | "keeps_minutes", label: string, usual: number, step: number][] = [
  ["execute_shifted", "Clients not told yet who may move by themselves", 3, 1],
  ["suggest_notified", "Told clients whom the desk may move", 4, 1],
  ["suggest_points", "Points more that the desk may accept", 600, 10],
  ["keeps_minutes", "Minutes for which a proposal can be accepted", 30, 5],
];
const KINDS: [key: string, label: string][] = [
  ["provider_out", "A provider is out"],
  ["room_down", "A room is out"],
  ["device_down", "A device is out"],
  ["late", "A client is late"],
  ["overrun", "A visit takes longer"],
  ["cancelled", "A visit is cancelled"],
  ["no_show", "A client does not come"],
  ["walk_in", "Somebody walks in"],
  ["urgent", "Somebody asks urgently"],
  ["add_on", "A client wants a service more"],
  ["move_wanted", "A client wants another time"],
  ["clinic_changed", "The clinic has changed"],
];
const MODES = [
  { value: "execute", label: "Happens by itself" },
  { value: "suggest", label: "Is suggested" },
  { value: "escalate", label: "A manager decides" },
];

/** Who lets a replan happen: limits for all kinds of event, and a row for each kind that may differ from them. */
export function DecidingFields({ deciding, set, faults }: { deciding: Deciding; set: (next: Deciding) => void; faults: Faults }) {
  return (
    <fieldset className="names">
      <legend>Who lets a replan happen</legend>
      <div className="numbers-grid limits-for-all">
        {COMMON.map(([key, label, usual, step]) => (
          <Count
            key={key}
            label={label}
            step={step}
            value={deciding[key]}
            usual={usual}
            set={(value) => set({ ...deciding, [key]: value })}
            error={faults.of(`deciding.${key}`)}
          />
        ))}
      </div>
      <p className="quiet limits-note">
        A replan that does more than these limits allow is suggested, or left to a manager, of whatever kind it is. An empty field is as for all.
      </p>
      <table className="kind-limits">
        <thead>
          <tr>
            <th scope="col">When</th>
            <th scope="col">It</th>
            <th scope="col">Not told, by itself</th>
            <th scope="col">Told, by the desk</th>
            <th scope="col">Points, by the desk</th>
          </tr>
        </thead>
        <tbody>
          {KINDS.map(([kind, label]) => (
            <KindRow
              key={kind}
              label={label}
              own={(deciding[kind] as KindLimits | undefined) ?? {}}
              common={deciding}
              set={(next) => set({ ...deciding, [kind]: Object.values(next).some((value) => value !== undefined) ? next : undefined })}
              fault={faults.of(`deciding.${kind}`)}
            />
          ))}
        </tbody>
      </table>
    </fieldset>
  );
}

function KindRow({
  label,
  own,
  common,
  set,
  fault,
}: {
  label: string;
  own: KindLimits;
  common: Deciding;
  set: (next: KindLimits) => void;
  fault?: string;
}) {
  const limit = (key: "execute_shifted" | "suggest_notified" | "suggest_points", usual: number, words: string, step = 1) => (
    <td>
      <MaybeCount label={`${label}: ${words}`} step={step} value={own[key]} usual={common[key] ?? usual} set={(value) => set({ ...own, [key]: value })} />
    </td>
  );
  return (
    <tr data-own={Object.values(own).some((value) => value !== undefined) ? "true" : undefined}>
      <th scope="row">
        {label}
        {fault && <p className="field-fault" role="alert">{fault}</p>}
      </th>
      <td>
        <NativeSelect
          size="md"
          aria-label={`${label}: who decides`}
          value={own.at_least ?? "execute"}
          data={MODES}
          onChange={(event) => {
            const mode = event.currentTarget.value;
            set({ ...own, at_least: mode === "execute" ? undefined : mode });
          }}
        />
      </td>
      {limit("execute_shifted", 3, "clients not told yet who may move by themselves")}
      {limit("suggest_notified", 4, "told clients whom the desk may move")}
      {limit("suggest_points", 600, "points more that the desk may accept", 10)}
    </tr>
  );
}
