import { Autocomplete, Chip, Group, Switch, TextInput } from "@mantine/core";
import { type Clinic, type Device, namesOf, type Room } from "./document";
import { Count, type Faults } from "./fields";

const alike = (count: number, what: string) => (count > 1 ? `For all ${count} ${what} of this type.` : undefined);

/** Whether a room or a device cannot be used. */
function OutOfUse({ away, set }: { away: boolean | undefined; set: (away: boolean | undefined) => void }) {
  return (
    <Switch
      size="md"
      label="Out of use"
      description="Nothing is planned with it. Who is booked there is marked on the board, to be planned again."
      checked={away ?? false}
      onChange={(event) => set(event.currentTarget.checked || undefined)}
    />
  );
}

/** A room: its type, and how long it is cleaned after each use. */
export function RoomFields({ clinic, entry, set, faults }: { clinic: Clinic; entry: Room; set: (next: Room) => void; faults: Faults }) {
  const change = (changes: Partial<Room>) => set({ ...entry, ...changes });
  const same = clinic.rooms.filter((one) => one.type === entry.type && one.id !== entry.id);
  return (
    <>
      <Group grow align="start">
        <TextInput size="md" label="Name" data-autofocus value={entry.name} error={faults.of("name")} onChange={(event) => change({ name: event.currentTarget.value })} />
        <Autocomplete
          size="md"
          label="Type"
          description="Stages of a service ask for a type."
          inputWrapperOrder={["label", "input", "description", "error"]}
          value={entry.type}
          data={namesOf.roomTypes(clinic)}
          error={faults.of("type")}
          onChange={(type) => {
            const other = clinic.rooms.find((one) => one.type === type && one.id !== entry.id);
            change(other ? { type, turnover: other.turnover } : { type });
          }}
        />
      </Group>
      <Count
        label="Minutes of turnover after each use"
        value={entry.turnover}
        set={(turnover) => change({ turnover })}
        error={faults.of("turnover")}
        description={alike(same.length + 1, "rooms")}
      />
      <OutOfUse away={entry.away} set={(away) => change({ away })} />
    </>
  );
}

/** A device: its type, its rest after each use, and where it may stand. */
export function DeviceFields({ clinic, entry, set, faults }: { clinic: Clinic; entry: Device; set: (next: Device) => void; faults: Faults }) {
  const change = (changes: Partial<Device>) => set({ ...entry, ...changes });
  const same = (clinic.devices ?? []).filter((one) => one.type === entry.type && one.id !== entry.id);
  const note = alike(same.length + 1, "devices");
  return (
    <>
      <Group grow align="start">
        <TextInput size="md" label="Name" data-autofocus value={entry.name} error={faults.of("name")} onChange={(event) => change({ name: event.currentTarget.value })} />
        <Autocomplete
          size="md"
          label="Type"
          value={entry.type}
          data={namesOf.deviceTypes(clinic)}
          error={faults.of("type")}
          onChange={(type) => {
            const other = (clinic.devices ?? []).find((one) => one.type === type && one.id !== entry.id);
            change(other ? { type, cooldown: other.cooldown, cleaning: other.cleaning } : { type });
          }}
        />
      </Group>
      <Group grow align="start">
        <Count label="Minutes of cooldown" value={entry.cooldown} set={(cooldown) => change({ cooldown })} error={faults.of("cooldown")} description={note} />
        <Count label="Minutes of cleaning" value={entry.cleaning} set={(cleaning) => change({ cleaning })} error={faults.of("cleaning")} description={note} />
      </Group>
      <fieldset className="names">
        <legend>May stand in</legend>
        <Chip.Group multiple value={entry.rooms ?? []} onChange={(rooms) => change({ rooms })}>
          <Group gap={6}>
            {clinic.rooms.map((room) => (
              <Chip key={room.id} value={room.id} variant="outline">
                {room.name}
              </Chip>
            ))}
          </Group>
        </Chip.Group>
        <p className="quiet">{entry.rooms?.length ? "In these rooms and no others." : "Wherever a service asks for it."}</p>
        {faults.of("rooms") && <p className="field-fault" role="alert">{faults.of("rooms")}</p>}
      </fieldset>
      <OutOfUse away={entry.away} set={(away) => change({ away })} />
    </>
  );
}
