import { clockTime, sentenceOf, unwrap } from "@medspasync/kit";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, type Schemas } from "../../api/client";

type Entry = Schemas["WaitlistEntry"];
type Offer = Schemas["WaitlistOffer"];
type Reply = Schemas["WaitlistReply"];

/** What has just happened, with the way back where there is one. */
export interface Notice {
  tone: "good" | "bad";
  text: string;
  /** An entry whose withdrawal can be taken back. */
  undo?: Entry;
}

/** The waitlist as the box has it, and what can be done about it. */
export function useWaitlist() {
  const queries = useQueryClient();
  const [notice, setNotice] = useState<Notice | null>(null);
  const query = useQuery({
    queryKey: ["waitlist"],
    queryFn: () => unwrap(api.GET("/api/waitlist")),
    refetchInterval: 3000,
  });
  const zone = query.data?.timezone ?? "UTC";
  const again = () => queries.invalidateQueries({ queryKey: ["waitlist"] });
  const failed = (error: unknown) => setNotice({ tone: "bad", text: sentenceOf(error) });
  const answer = useMutation({
    mutationFn: ({ offer, reply }: { offer: Offer; reply: Reply }) =>
      unwrap(
        api.POST("/api/waitlist/offers/{offer_id}/answer", {
          params: { path: { offer_id: offer.id } },
          body: { answer: reply },
        }),
      ),
    onSuccess: (offer) => {
      setNotice(answered(offer, zone));
      return Promise.all([again(), queries.invalidateQueries({ queryKey: ["day"] })]);
    },
    onError: again,
  });
  const offer = useMutation({
    mutationFn: ({ entry, channel }: { entry: Entry; channel: Schemas["WaitlistChannel"] }) =>
      unwrap(
        api.POST("/api/waitlist/entries/{entry_id}/offers", {
          params: { path: { entry_id: entry.id } },
          body: { channel },
        }),
      ),
    onSuccess: (made) => {
      const how = made.channel === "phone" ? "Call now: " : "Offered: ";
      setNotice({ tone: "good", text: `${how}${made.client_name}, ${clockTime(made.starts_at, zone)}. The place is kept.` });
      return again();
    },
    onError: failed,
  });
  const withdraw = useMutation({
    mutationFn: (entry: Entry) =>
      unwrap(api.POST("/api/waitlist/entries/{entry_id}/withdraw", { params: { path: { entry_id: entry.id } } })),
    onSuccess: (entry) => {
      setNotice({ tone: "good", text: `${entry.client_name} no longer waits for ${entry.service}.`, undo: entry });
      return again();
    },
    onError: failed,
  });
  const restore = useMutation({
    mutationFn: (entry: Entry) =>
      unwrap(api.POST("/api/waitlist/entries/{entry_id}/restore", { params: { path: { entry_id: entry.id } } })),
    onSuccess: (entry) => {
      setNotice({ tone: "good", text: `${entry.client_name} waits again, with the place in the queue as it was.` });
      return again();
    },
    onError: failed,
  });
  return { ...query, notice, setNotice, answer, offer, withdraw, restore };
}

export type Waiting = ReturnType<typeof useWaitlist>;

function answered(offer: Offer, zone: string): Notice {
  const at = clockTime(offer.starts_at, zone);
  if (offer.state === "accepted") return { tone: "good", text: `Booked: ${offer.client_name}, ${offer.service}, ${at}.` };
  if (offer.state !== "superseded") {
    return { tone: "good", text: `${offer.client_name} does not take ${at}. It goes to whoever suits next.` };
  }
  const next = offer.next_starts.map((start) => clockTime(start, zone));
  const free = next.length > 0 ? ` Free that day: ${next.join(", ")}.` : " Nothing else that suits is free that day.";
  return { tone: "bad", text: `${at} is no longer free; nothing was booked.${free}` };
}
