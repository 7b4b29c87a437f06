import { Button } from "@mantine/core";
import { span } from "@medspasync/kit";
import { type Schemas } from "../../api/client";
import type { Waiting } from "./useWaitlist";
import { WhyNothing } from "./Why";
import { windowText } from "./words";

interface Props {
  entry: Schemas["WaitlistEntry"];
  list: Schemas["Waitlist"];
  act: Pick<Waiting, "offer" | "withdraw">;
  change: () => void;
}

function wish({ entry, list }: Props): string {
  const named = list.providers.find((one) => one.id === entry.preferred_provider_id)?.name;
  const parts = [
    ...entry.windows.map(windowText),
    named && `wishes ${named}`,
    entry.travel_minutes > 0 && `${entry.travel_minutes} min away`,
    entry.notice_minutes > 0 && `${span(entry.notice_minutes * 60)} notice`,
    entry.tier,
  ];
  return parts.filter(Boolean).join(" · ");
}

/** Somebody who waits: for what, since when, and what can be done now. */
export function EntryRow(props: Props) {
  const { entry, list, act, change } = props;
  const seconds = (Date.parse(list.now) - Date.parse(entry.added_at)) / 1000;
  const age = seconds < 90 ? "just added" : `waits ${span(seconds)}`;
  const busy = act.offer.isPending && act.offer.variables?.entry.id === entry.id;
  const offered = entry.state === "offered";
  const lapsed = entry.state === "lapsed";
  const whys = entry.why ?? [];
  return (
    <li aria-label={entry.client_name}>
      <div className="entry-who">
        <b>{entry.client_name}</b>
        <span>
          {entry.service} · {entry.minutes} min
        </span>
      </div>
      <div className="entry-wish">
        {wish(props)}
        <span>
          {age}
          {!entry.messages && " · no messages, please call"}
          {lapsed && " · the days that suit have passed"}
        </span>
        {entry.held_back && <em>{entry.held_back}</em>}
      </div>
      <div className="entry-acts">
        {offered ? (
          <span className="pill" data-tone="warn">
            On offer
          </span>
        ) : (
          !lapsed && (
            <Button
              variant="light"
              disabled={Boolean(entry.held_back) || whys.length > 0}
              loading={busy}
              onClick={() => act.offer.mutate({ entry, channel: entry.messages ? "message" : "phone" })}
            >
              {entry.messages ? "Offer now" : "Call now"}
            </Button>
          )
        )}
        <Button variant="default" onClick={change}>
          Change…
        </Button>
        <Button variant="transparent" c="var(--clay)" px="xs" onClick={() => act.withdraw.mutate(entry)}>
          Withdraw
        </Button>
      </div>
      <WhyNothing whys={whys} timezone={list.timezone} />
    </li>
  );
}
