import { words } from "@medspasync/kit";
import type { ReactNode } from "react";
import { DayBar, HourScale } from "./DayBar";
import { type Clinic, type Section, type Service, stageMinutes } from "./document";
import { sentence } from "./fields";
import type { Fault, Pace } from "./useRegistry";

interface Props {
  clinic: Clinic;
  counts: Clinic;
  faults: Fault[];
  /** How long providers take, as past visits show it. */
  paces: Pace[];
  edit: (section: Section, id: string) => void;
}

/** Whether an entry is as the clinic plans with it now. */
function draftState(counts: Clinic, section: Section, id: string, entry: unknown): "new" | "changed" | undefined {
  const before = (counts[section] ?? []).find((one) => one.id === id);
  if (before === undefined) return "new";
  return JSON.stringify(before) === JSON.stringify(entry) ? undefined : "changed";
}

function Row({
  section,
  id,
  name,
  entry,
  children,
  counts,
  faults,
  edit,
}: Omit<Props, "clinic" | "paces"> & { section: Section; id: string; name: string; entry: unknown; children: ReactNode }) {
  const wrong = faults.filter((one) => one.section === section && one.entry === id);
  const state = draftState(counts, section, id, entry);
  return (
    <li className="entry-row" data-section={section} data-state={state} data-wrong={wrong.length > 0 ? "true" : undefined}>
      <button type="button" aria-label={`Change ${name}`} onClick={() => edit(section, id)} />
      {children}
      {state && <span className="draft-mark">{state === "new" ? "New" : "Changed"}</span>}
      {wrong.map((one) => (
        <p className="field-fault" role="alert" key={one.field}>
          {sentence(`${words(one.field.replaceAll(".", " "))}: ${one.message}`)}
        </p>
      ))}
    </li>
  );
}

/** Providers with their day as a bar. */
export function ProviderRows(props: Props) {
  const { clinic, paces } = props;
  return (
    <>
      <div className="entry-row entry-scale" data-section="providers" aria-hidden="true">
        <span />
        <HourScale hours={clinic.hours} />
      </div>
      <ul className="entry-list">
        {clinic.providers.map((one) => (
          <Row key={one.id} {...props} section="providers" id={one.id} name={one.name} entry={one}>
            <div className="entry-name">
              <b>{one.name}</b>
              <span>{[one.tier && words(one.tier), ...one.skills.map(words)].filter(Boolean).join(", ")}</span>
              {(one.licences?.length ?? 0) > 0 && <span>Licences: {one.licences?.map(words).join(", ")}</span>}
              {one.pace !== undefined && one.pace !== 100 && <span>Planned with {one.pace}% of a service's length.</span>}
              {paces
                .filter((pace) => pace.provider === one.id && pace.counts)
                .map((pace) => (
                  <span className="pace" key={pace.service ?? ""}>
                    {sentence(pace.text)}
                  </span>
                ))}
            </div>
            <DayBar provider={one} hours={clinic.hours} />
          </Row>
        ))}
      </ul>
    </>
  );
}

/** Rooms with their type and turnover. */
export function RoomRows(props: Props) {
  return (
    <ul className="entry-list">
      {props.clinic.rooms.map((one) => (
        <Row key={one.id} {...props} section="rooms" id={one.id} name={one.name} entry={one}>
          <div className="entry-name">
            <b>{one.name}</b>
          </div>
          <span className="tag">{words(one.type)}</span>
          <span className="numbers">{one.away ? "Out of use" : one.turnover ? `${one.turnover} min of turnover` : "No turnover"}</span>
        </Row>
      ))}
    </ul>
  );
}

/** Devices with their rest and where they may stand. */
export function DeviceRows(props: Props) {
  const { clinic } = props;
  const nameOf = (id: string) => clinic.rooms.find((room) => room.id === id)?.name ?? id;
  return (
    <ul className="entry-list">
      {(clinic.devices ?? []).map((one) => (
        <Row key={one.id} {...props} section="devices" id={one.id} name={one.name} entry={one}>
          <div className="entry-name">
            <b>{one.name}</b>
            <span>{one.rooms?.length ? one.rooms.map(nameOf).join(", ") : "In any room that suits"}</span>
          </div>
          <span className="tag">{words(one.type)}</span>
          <span className="numbers">
            {one.away
              ? "Out of use"
              : [one.cooldown ? `${one.cooldown} min cooldown` : "", one.cleaning ? `${one.cleaning} min cleaning` : ""].filter(Boolean).join(", ") ||
                "No rest"}
          </span>
        </Row>
      ))}
    </ul>
  );
}

function StageBar({ service, longest }: { service: Service; longest: number }) {
  return (
    <div className="stage-bar" role="img" aria-label={service.stages.map((one) => `${one.name}, ${stageMinutes(one)} minutes`).join("; ")}>
      {service.stages.map((one, number) => (
        <i key={number} data-alone={one.skill === undefined ? "true" : undefined} style={{ width: `${(stageMinutes(one) / longest) * 100}%` }} title={one.name}>
          {stageMinutes(one) >= 20 && <span>{one.name}</span>}
        </i>
      ))}
    </div>
  );
}

/** Services as their parts in a row, with length and price. */
export function ServiceRows(props: Props) {
  const { clinic } = props;
  const lengthOf = (one: Service) => one.stages.reduce((sum, stage) => sum + stageMinutes(stage), 0);
  const longest = Math.max(30, ...clinic.services.map(lengthOf));
  return (
    <ul className="entry-list">
      {clinic.services.map((one) => (
        <Row key={one.id} {...props} section="services" id={one.id} name={one.name} entry={one}>
          <div className="entry-name">
            <b>{one.name}</b>
            <span>{[words(one.category), one.checklist ? "own checklist" : "", ...(one.clearances ?? []).map(words)].filter(Boolean).join(" · ")}</span>
          </div>
          <StageBar service={one} longest={longest} />
          <span className="numbers entry-figures">
            {one.stages.some((stage) => stage.duration) ? "about " : ""}
            {lengthOf(one)} min
            {one.price ? <b>{one.price}</b> : null}
          </span>
        </Row>
      ))}
    </ul>
  );
}
