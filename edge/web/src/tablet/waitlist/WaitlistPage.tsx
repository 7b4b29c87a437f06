import { Alert, Button, Group, Text, Title } from "@mantine/core";
import { clockTime, sentenceOf, span, useNow } from "@medspasync/kit";
import { useState } from "react";
import type { Schemas } from "../../api/client";
import { ForThoseWho, NoRight, useMay } from "../rights";
import { EntryForm } from "./EntryForm";
import { EntryRow } from "./EntryRow";
import { FreedPlaces } from "./Freed";
import { OfferCard } from "./OfferCard";
import { useWaitlist, type Waiting } from "./useWaitlist";
import "./waitlist.css";
import { ENDS, spanText } from "./words";

type List = Schemas["Waitlist"];

/** What has just happened, and the way back where there is one. */
function Said({ waiting }: { waiting: Waiting }) {
  const { notice, setNotice, restore } = waiting;
  return (
    <div aria-live="polite">
      {notice && (
        <div className="said" data-tone={notice.tone}>
          <span>{notice.text}</span>
          {notice.undo && (
            <Button
              variant="white"
              loading={restore.isPending}
              onClick={() => notice.undo && restore.mutate(notice.undo)}
            >
              Undo
            </Button>
          )}
          <Button variant="subtle" color="dark" onClick={() => setNotice(null)}>
            Close
          </Button>
        </div>
      )}
    </div>
  );
}

/** What became of earlier offers, and who was withdrawn. */
function OfLate({ list, waiting }: { list: List; waiting: Waiting }) {
  const ended = list.offers.filter((one) => one.state !== "open").slice(0, 6);
  const withdrawn = list.entries.filter((one) => one.state === "withdrawn").slice(-3).reverse();
  return (
    <aside className="side" aria-label="Earlier offers and withdrawn entries">
      <section className="card side-card">
        <h2>Of late</h2>
        {ended.length === 0 && <p className="quiet">No offer has ended yet.</p>}
        {ended.map((one) => (
          <div className="late" key={one.id}>
            <b>{one.client_name}</b>
            <span className="pill" data-tone={ENDS[one.state].tone}>
              {ENDS[one.state].text}
            </span>
            <p>
              {spanText(one, list)} · {one.service}
            </p>
            {one.ended_because && <p>{one.ended_because}</p>}
          </div>
        ))}
      </section>
      {withdrawn.length > 0 && (
        <section className="card side-card">
          <h2>Withdrawn</h2>
          {withdrawn.map((one) => (
            <div className="late" key={one.id}>
              <b>{one.client_name}</b>
              <Button variant="default" size="xs" onClick={() => waiting.restore.mutate(one)}>
                Put back
              </Button>
              <p>{one.service}</p>
            </div>
          ))}
        </section>
      )}
    </aside>
  );
}

/** Who waits for a place, what is on offer to whom and why, and what they answered. */
export default function WaitlistPage() {
  const waiting = useWaitlist();
  const may = useMay("change_schedule");
  const tick = useNow();
  const [form, setForm] = useState<Schemas["WaitlistEntry"] | "new" | null>(null);
  const { data: list, error, dataUpdatedAt } = waiting;
  if (list === undefined) return error ? <Alert color="red.9">{sentenceOf(error)}</Alert> : null;
  // The box's clock counts, not this screen's.
  const now = Date.parse(list.now) + Math.max(0, tick - dataUpdatedAt);
  const live = list.offers.filter((one) => one.state === "open");
  const entries = list.entries.filter((one) => ["waiting", "offered", "lapsed"].includes(one.state));
  const quiet = `${list.quiet_from.slice(0, 5)}–${list.quiet_until.slice(0, 5)}`;
  return (
    <>
      <Group justify="space-between" mb="md">
        <div>
          <Title order={1} size="h2">
            Waitlist
          </Title>
          <Text c="sand.8" size="sm">
            {entries.length} waiting · {live.length} on offer · it is {clockTime(new Date(now).toISOString(), list.timezone)},
            nobody is contacted {quiet}
            {error !== null && ` · shown ${span((tick - dataUpdatedAt) / 1000)} old`}
          </Text>
        </div>
        <Button size="md" disabled={!may} onClick={() => setForm("new")}>
          Add to the waitlist…
        </Button>
      </Group>
      <NoRight to="change_schedule" />
      <Said waiting={waiting} />
      <ForThoseWho may="change_schedule">
        <div className="day">
          <div className="waitlist">
            <section aria-labelledby="on-offer">
              <h2 id="on-offer">On offer now</h2>
              {live.length === 0 && (
                <p className="card quiet waitlist-none">
                  No place is on offer. When a visit is cancelled or missed, or the day changes, whoever suits it best is
                  asked.
                </p>
              )}
              <div className="offers">
                {live.map((one) => (
                  <OfferCard key={one.id} offer={one} list={list} now={now} answer={waiting.answer} />
                ))}
              </div>
            </section>
            <FreedPlaces list={list} />
            <section className="card entries" aria-labelledby="who-waits">
              <h2 id="who-waits">
                Waiting <span className="count">{entries.length}</span>
              </h2>
              {entries.length === 0 && <p className="quiet">Nobody waits for a place.</p>}
              <ul>
                {entries.map((one) => (
                  <EntryRow key={one.id} entry={one} list={list} act={waiting} change={() => setForm(one)} />
                ))}
              </ul>
            </section>
          </div>
          <OfLate list={list} waiting={waiting} />
        </div>
      </ForThoseWho>
      {form !== null && <EntryForm list={list} entry={form === "new" ? null : form} close={() => setForm(null)} />}
    </>
  );
}
