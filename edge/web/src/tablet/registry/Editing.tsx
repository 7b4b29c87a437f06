import { sentenceOf } from "@medspasync/kit";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { type Clinic, type Device, type Entry, newId, type Provider, type Room, type Section, type Service, withEntry, withoutEntry } from "./document";
import { Faults, Form } from "./fields";
import { ProviderFields } from "./ProviderForm";
import { RulesFields } from "./RulesForm";
import { ServiceFields } from "./ServiceForm";
import { DeviceFields, RoomFields } from "./ThingForms";
import { ask, type Draft, type Pace } from "./useRegistry";

/** What is being edited: an entry of a section, a new one, or what holds for the whole clinic. */
export type Target = { section: Section; id: string | null } | { section: "rules" };

const NAMES: Record<Section, string> = { providers: "provider", rooms: "room", devices: "device", services: "service" };

function fresh(clinic: Clinic, section: Section): Entry {
  const room = clinic.rooms[0]?.type ?? "treatment";
  if (section === "providers") return { id: "", name: "", skills: [], shift: { ...clinic.hours } };
  if (section === "rooms") return { id: "", name: "", type: room, turnover: clinic.rooms[0]?.turnover };
  if (section === "devices") return { id: "", name: "", type: "" };
  return {
    id: "",
    name: "",
    category: "consultation",
    stages: [{ name: "treatment", minutes: 30, skill: clinic.providers[0]?.skills[0], room }],
  };
}

/** Edits one thing of the draft; what is wrong with it stands beside its fields, and it stays open until it is right. */
export function Editing({
  clinic,
  begun,
  paces,
  target,
  keep,
  close,
}: {
  clinic: Clinic;
  begun: Omit<Draft, "clinic">;
  paces: Pace[];
  target: Target;
  keep: (next: Clinic) => void;
  close: () => void;
}) {
  const { section } = target;
  const id = target.section === "rules" ? null : target.id;
  const entries: Entry[] = section === "rules" ? [] : (clinic[section] ?? []);
  const [entry, setEntry] = useState<Entry | undefined>(() =>
    section === "rules" ? undefined : (entries.find((one) => one.id === id) ?? fresh(clinic, section)),
  );
  const [rules, setRules] = useState(clinic);
  const finished = (): { name: string; next: Clinic } => {
    if (section === "rules" || entry === undefined) return { name: "", next: rules };
    const named = id === null ? { ...entry, id: newId(clinic, section, entry.name) } : entry;
    return { name: named.id, next: withEntry(clinic, section, named) };
  };
  const checked = useMutation({
    mutationFn: async () => {
      const { name, next } = finished();
      const { faults = [] } = await ask({ kind: "save", draft: { ...begun, clinic: next } });
      const mine = faults.filter((one) => (section === "rules" ? one.section === "" : one.section === section && (one.entry === name || one.entry === "")));
      return { mine, next };
    },
    onSuccess: ({ mine, next }) => {
      if (mine.length > 0) return;
      keep(next);
      close();
    },
  });
  const faults = new Faults(checked.data?.mine ?? []);
  const common = { title: title(target, entry), busy: checked.isPending, keep: () => checked.mutate(), close };
  const refused = checked.isError ? [sentenceOf(checked.error)] : [];
  if (section === "rules" || entry === undefined) {
    return (
      <Form {...common} faults={[...refused, ...faults.beside("clinic", "hours", "planning_quantile", "deciding", "weights")]}>
        <RulesFields entry={rules} set={setRules} faults={faults} />
      </Form>
    );
  }
  const remove =
    id === null
      ? undefined
      : () => {
          keep(withoutEntry(clinic, section, id));
          close();
        };
  const shown = { clinic, faults };
  return (
    <Form {...common} remove={remove} faults={[...refused, ...faults.beside(...FIELDS[section])]}>
      {section === "providers" && <ProviderFields {...shown} paces={paces} entry={entry as Provider} set={setEntry} />}
      {section === "rooms" && <RoomFields {...shown} entry={entry as Room} set={setEntry} />}
      {section === "devices" && <DeviceFields {...shown} entry={entry as Device} set={setEntry} />}
      {section === "services" && <ServiceFields {...shown} entry={entry as Service} set={setEntry} />}
    </Form>
  );
}

const FIELDS: Record<Section, string[]> = {
  providers: ["name", "tier", "shift", "breaks", "lunch", "away", "skills", "licences", "pace", "paces"],
  rooms: ["name", "type", "turnover", "away"],
  devices: ["name", "type", "cooldown", "cleaning", "rooms", "away"],
  services: ["name", "category", "price", "share", "stages", "clearances", "after", "apart", "checklist"],
};

function title(target: Target, entry: Entry | undefined): string {
  if (target.section === "rules" || entry === undefined) return "The clinic's hours and rules";
  return target.id === null ? `A new ${NAMES[target.section]}` : entry.name;
}
