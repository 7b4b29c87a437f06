import { Alert, Button, Modal, Stack } from "@mantine/core";
import { clockTime, sentenceOf, unwrap } from "@medspasync/kit";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { api, type Schemas } from "../../api/client";
import { spanText } from "./words";

type List = Schemas["Waitlist"];
type Place = Schemas["FreedPlace"];
type Candidate = Schemas["PlaceCandidate"];

/** Somebody who would suit a place, with the points and the reason that counts most. */
function CandidateRow({ one, list }: { one: Candidate; list: List }) {
  return (
    <li>
      <b>{one.client_name}</b>
      <span className="numbers">{Math.round(one.points)} points</span>
      <p>
        {one.service} · {clockTime(one.starts_at, list.timezone)}
        {one.reasons[0] && ` · ${one.reasons[0].sentence}`}
        {!one.messages && " · no messages, please call"}
      </p>
    </li>
  );
}

function Filling({ found, list }: { found: Schemas["PlaceFilling"]; list: List }) {
  const nobody = found.offered.length + found.next.length === 0;
  return (
    <div className="place-filling">
      {nobody && <p className="quiet">Nobody who waits could have it as things are.</p>}
      {found.offered.length > 0 && (
        <section aria-labelledby="place-offered">
          <h3 id="place-offered">On offer to</h3>
          <ul className="place-list">
            {found.offered.map((one) => (
              <CandidateRow key={one.entry_id} one={one} list={list} />
            ))}
          </ul>
        </section>
      )}
      {found.next.length > 0 && (
        <section aria-labelledby="place-next">
          <h3 id="place-next">{found.offered.length > 0 ? "Would be asked next" : "Would suit it"}</h3>
          <ul className="place-list">
            {found.next.map((one) => (
              <CandidateRow key={one.entry_id} one={one} list={list} />
            ))}
          </ul>
        </section>
      )}
      {found.left_out.length > 0 && (
        <section aria-labelledby="place-others">
          <h3 id="place-others">Not asked, and why</h3>
          <ul className="place-list">
            {found.left_out.map((one) => (
              <li key={one.entry_id}>
                <b>{one.client_name}</b>
                <span>{one.service}</span>
                <p>{one.sentences.join(" ")}</p>
              </li>
            ))}
          </ul>
          {found.more > 0 && <p className="quiet">{found.more} more wait and are not asked either.</p>}
        </section>
      )}
    </div>
  );
}

/** Who fills a place, who comes next, and of everybody else why not. */
function PlaceCard({ place, list, close }: { place: Place; list: List; close: () => void }) {
  const { data: found, error } = useQuery({
    queryKey: ["waitlist", "freed", place.day, place.id],
    queryFn: () =>
      unwrap(api.GET("/api/waitlist/freed/{day}/{place_id}", { params: { path: { day: place.day, place_id: place.id } } })),
    refetchInterval: 10_000,
    retry: false,
  });
  return (
    <Modal
      opened
      onClose={close}
      title={`${spanText(place, list)}: who fills it`}
      size="lg"
      centered
      radius="lg"
      closeButtonProps={{ "aria-label": "Close" }}
    >
      <Stack gap="sm">
        <p className="place-what">
          {place.uses.join(" · ")}
          <span>{place.cause}</span>
        </p>
        {error ? <Alert color="red.9">{sentenceOf(error)}</Alert> : found && <Filling found={found} list={list} />}
      </Stack>
    </Modal>
  );
}

/** Places that visits have left and nobody has taken yet. */
export function FreedPlaces({ list }: { list: List }) {
  const [chosen, choose] = useState<Place | null>(null);
  const places = list.freed ?? [];
  if (places.length === 0) return null;
  return (
    <section className="card entries" aria-labelledby="places-left">
      <h2 id="places-left">
        Places that were left <span className="count">{places.length}</span>
      </h2>
      <ul>
        {places.map((one) => (
          <li key={one.id} aria-label={spanText(one, list)}>
            <div className="entry-who">
              <b className="numbers">{spanText(one, list)}</b>
              <span>{one.cause}</span>
            </div>
            <div className="entry-wish">
              {one.uses.join(" · ")}
              <span>{(one.offered_to ?? []).length > 0 ? `On offer to ${(one.offered_to ?? []).join(" and ")}` : "Offered to nobody now"}</span>
            </div>
            <div className="entry-acts">
              <Button variant="light" onClick={() => choose(one)}>
                Who fills it
              </Button>
            </div>
          </li>
        ))}
      </ul>
      {chosen && <PlaceCard place={chosen} list={list} close={() => choose(null)} />}
    </section>
  );
}
