import { Alert, Button } from "@mantine/core";
import { clockTime, sentenceOf, words } from "@medspasync/kit";
import { type Schemas } from "../../api/client";
import type { Waiting } from "./useWaitlist";
import { countdown, spanText } from "./words";

interface Props {
  offer: Schemas["WaitlistOffer"];
  list: Schemas["Waitlist"];
  /** Time at the clinic now, in ms. */
  now: number;
  answer: Waiting["answer"];
}

/** A place that is kept for somebody: for how long, why them, and what they said. */
export function OfferCard({ offer, list, now, answer }: Props) {
  const left = (Date.parse(offer.expires_at) - now) / 1000;
  const whole = (Date.parse(offer.expires_at) - Date.parse(offer.made_at)) / 1000;
  const most = Math.max(...offer.reasons.map((one) => one.points), 1);
  const over = left <= 0;
  const mine = answer.variables?.offer.id === offer.id;
  const sent = clockTime(offer.made_at, list.timezone);
  return (
    <article className="card offer" aria-label={offer.client_name} data-over={over}>
      <div className="offer-head">
        <div>
          <h3>{offer.client_name}</h3>
          <p className="offer-place">{spanText(offer, list)}</p>
        </div>
        <div className="offer-left numbers" data-soon={left < 300} role="timer" aria-label="Time left">
          {over ? "Time is up" : countdown(left)}
        </div>
      </div>
      <div className="offer-bar" aria-hidden="true">
        <i style={{ width: `${Math.max(0, Math.min(100, (100 * left) / whole))}%` }} data-soon={left < 300} />
      </div>
      <p className="offer-what">
        {[offer.service, ...offer.providers, ...offer.rooms].join(" · ")}
        <span>
          {offer.cause} · {offer.channel === "message" ? `message sent ${sent}` : `by phone since ${sent}`}
        </span>
      </p>
      <h4>Why {offer.client_name.split(" ")[0]}</h4>
      <ul className="offer-why">
        {offer.reasons.map((one) => (
          <li key={one.name} title={`${words(one.name)}: ${one.points} points`}>
            <span className="offer-points numbers">
              <i style={{ width: `${(100 * one.points) / most}%` }} />
              {Math.round(one.points)}
            </span>
            {one.sentence}
          </li>
        ))}
      </ul>
      {mine && answer.isError && <Alert color="red.9">{sentenceOf(answer.error)}</Alert>}
      <div className="offer-acts">
        <Button
          size="md"
          disabled={over}
          loading={mine && answer.isPending}
          onClick={() => answer.mutate({ offer, reply: "accepted" })}
        >
          Takes it
        </Button>
        <Button
          size="md"
          variant="default"
          disabled={over || (mine && answer.isPending)}
          onClick={() => answer.mutate({ offer, reply: "declined" })}
        >
          Does not
        </Button>
      </div>
    </article>
  );
}
