/** The clinic's registry in the form of its file, as the box keeps it; what is left out has its default. */

export interface Hours {
  start: string;
  end: string;
}

export interface Lunch extends Hours {
  minutes?: number;
}

export interface Provider {
  id: string;
  name: string;
  skills: string[];
  licences?: string[];
  tier?: string;
  shift: Hours;
  breaks?: Hours[];
  lunch?: Lunch;
  away?: boolean;
  /** Per cent of a service's length that they take; 100 where it is left out. */
  pace?: number;
  paces?: { service: string; percent: number }[];
}

export interface Room {
  id: string;
  name: string;
  type: string;
  turnover?: number;
  away?: boolean;
}

export interface Device {
  id: string;
  name: string;
  type: string;
  cooldown?: number;
  cleaning?: number;
  rooms?: string[];
  away?: boolean;
}

export interface Quantiles {
  p50: number;
  p80?: number;
  p95?: number;
}

export interface Stage {
  name: string;
  minutes?: number;
  duration?: Quantiles;
  skill?: string;
  licence?: string;
  room: string;
  device?: string;
  provider_may_leave?: boolean;
}

export interface Task {
  id: string;
  title: string;
  owner: string;
  due: number;
  anchor?: string;
  takes?: number;
  after?: string[];
  done_by?: string;
  holds_start?: boolean;
  readies_room?: boolean;
}

export interface OtherVisits {
  service?: string;
  category?: string;
  [limit: string]: unknown;
}

export interface Service {
  id: string;
  name: string;
  category: string;
  stages: Stage[];
  share?: number;
  price?: number;
  clearances?: string[];
  after?: OtherVisits[];
  apart?: OtherVisits[];
  checklist?: Task[];
}

export interface Policy {
  kind: string;
  points?: number | Record<string, number>;
  hours?: Hours[];
  [other: string]: unknown;
}

/** How much harm replans of one kind may do by themselves; what is left out is as for all. */
export interface KindLimits {
  at_least?: string;
  execute_shifted?: number;
  suggest_notified?: number;
  suggest_points?: number;
}

export interface Deciding {
  execute_shifted?: number;
  suggest_notified?: number;
  suggest_points?: number;
  keeps_minutes?: number;
  [kind: string]: KindLimits | number | undefined;
}

export interface Clinic {
  clinic: string;
  hours: Hours;
  providers: Provider[];
  rooms: Room[];
  devices?: Device[];
  planning_quantile?: number;
  services: Service[];
  deciding?: Deciding;
  weights?: Record<string, unknown> & { policies?: Policy[] };
}

export type Section = "providers" | "rooms" | "devices" | "services";
export type Entry = Provider | Room | Device | Service;

export const CATEGORIES = ["consultation", "laser", "injectable", "peel", "microneedling", "facial"] as const;

/** Minutes from midnight of a time such as "09:30". */
export function minuteOf(time: string): number {
  const [hours, minutes] = time.split(":").map(Number);
  return (hours ?? 0) * 60 + (minutes ?? 0);
}

/** What one stage is planned with; of quantiles the box takes its own, and the median tells the size. */
export function stageMinutes(stage: Stage): number {
  return stage.minutes ?? Math.ceil((stage.duration?.p80 ?? stage.duration?.p50 ?? 5) / 5) * 5;
}

const sorted = (names: Iterable<string | undefined>) =>
  [...new Set([...names].filter((name): name is string => Boolean(name)))].sort();

/** Every name of a kind that the clinic uses anywhere. */
export const namesOf = {
  skills: (clinic: Clinic) =>
    sorted([
      ...clinic.providers.flatMap((one) => one.skills),
      ...clinic.services.flatMap((one) => one.stages.map((stage) => stage.skill)),
    ]),
  licences: (clinic: Clinic) =>
    sorted([
      ...clinic.providers.flatMap((one) => one.licences ?? []),
      ...clinic.services.flatMap((one) => one.stages.map((stage) => stage.licence)),
    ]),
  roomTypes: (clinic: Clinic) => sorted(clinic.rooms.map((one) => one.type)),
  deviceTypes: (clinic: Clinic) => sorted((clinic.devices ?? []).map((one) => one.type)),
  clearances: (clinic: Clinic) => sorted(clinic.services.flatMap((one) => one.clearances ?? [])),
};

/** An id for a new entry, from its name, that no other entry of the section has. */
export function newId(clinic: Clinic, section: Section, name: string): string {
  const plain = name.normalize("NFKD").toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "");
  const base = plain.slice(0, 34).replace(/-+$/, "") || section.slice(0, -1);
  const taken = new Set((clinic[section] ?? []).map((one) => one.id));
  let id = base;
  for (let number = 2; taken.has(id); number += 1) id = `${base}-${number}`;
  return id;
}

/** The clinic with an entry changed, or added at the end. Rooms and devices of a type rest equally long. */
export function withEntry(clinic: Clinic, section: Section, entry: Entry): Clinic {
  const entries: Entry[] = clinic[section] ?? [];
  const there = entries.some((one) => one.id === entry.id);
  const next = there ? entries.map((one) => (one.id === entry.id ? entry : one)) : [...entries, entry];
  if (section === "rooms") {
    const { type, turnover } = entry as Room;
    return { ...clinic, rooms: (next as Room[]).map((one) => (one.type === type ? { ...one, turnover } : one)) };
  }
  if (section === "devices") {
    const { type, cooldown, cleaning } = entry as Device;
    return {
      ...clinic,
      devices: (next as Device[]).map((one) => (one.type === type ? { ...one, cooldown, cleaning } : one)),
    };
  }
  return { ...clinic, [section]: next };
}

/** The clinic without an entry. */
export function withoutEntry(clinic: Clinic, section: Section, id: string): Clinic {
  const entries: Entry[] = clinic[section] ?? [];
  return { ...clinic, [section]: entries.filter((one) => one.id !== id) };
}
