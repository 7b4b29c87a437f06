import { clockTime } from "@medspasync/kit";
import { useState } from "react";
import type { Schemas } from "../../api/client";
import { daysText } from "./words";

type Reason = Schemas["WaitlistWhy"];

function When({ why, timezone }: { why: Reason; timezone: string }) {
  if (why.days.length === 0) return null;
  const at = why.starts_at ? `, nearest ${clockTime(why.starts_at, timezone)}` : "";
  return (
    <b>
      {daysText(why.days)}
      {at}:{" "}
    </b>
  );
}

/** Why nothing that suits is free: the first days at once, the others when asked for. */
export function WhyNothing({ whys, timezone }: { whys: Reason[]; timezone: string }) {
  const [all, showAll] = useState(false);
  if (whys.length === 0) return null;
  const shown = all ? whys : whys.slice(0, 1);
  return (
    <div className="entry-why">
      {shown.map((why) => (
        <p key={why.days[0] ?? "always"}>
          <When why={why} timezone={timezone} />
          {why.sentences.join(" ")}
        </p>
      ))}
      {whys.length > 1 && (
        <button type="button" onClick={() => showAll(!all)} aria-expanded={all}>
          {all ? "Only the first days" : "Later days, too"}
        </button>
      )}
    </div>
  );
}
