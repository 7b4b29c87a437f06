import { unwrap } from "@medspasync/kit";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, type Schemas } from "../../api/client";

type Day = Schemas["ScheduleDay"];
type Named = Pick<Schemas["LentSlot"], "id" | "day">;

/** Everything that is held for online booking, of today and the days to come. */
export function useSlots() {
  return useQuery({ queryKey: ["slots"], queryFn: () => unwrap(api.GET("/api/schedule/slots")), refetchInterval: 5000 });
}

/** What can be done about one slot; whatever the box answers, board and list are read again. */
export function useSlotActs(slot: Named, board: string) {
  const queries = useQueryClient();
  const path = { params: { path: { day: slot.day, slot_id: slot.id } } };
  const again = () =>
    Promise.all([queries.invalidateQueries({ queryKey: ["slots"] }), queries.invalidateQueries({ queryKey: ["day"] })]);
  const done = (next: Day) => {
    if (next.day === board) queries.setQueryData(["day"], next);
    return queries.invalidateQueries({ queryKey: ["slots"] });
  };
  const recall = useMutation({
    mutationFn: () => unwrap(api.POST("/api/schedule/slots/{day}/{slot_id}/recall", path)),
    onSuccess: done,
    onError: again,
  });
  const release = useMutation({
    mutationFn: (doubt: Schemas["SlotDoubt"]) =>
      unwrap(api.POST("/api/schedule/slots/{day}/{slot_id}/release", { ...path, body: { doubt } })),
    onSuccess: done,
    onError: again,
  });
  const hold = useMutation({
    mutationFn: () => unwrap(api.POST("/api/schedule/slots/{day}/{slot_id}/hold", path)),
    onSuccess: done,
    onError: again,
  });
  return { recall, release, hold };
}
