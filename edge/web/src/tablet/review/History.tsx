import { Button } from "@mantine/core";
import { words } from "@medspasync/kit";
import { useTranslation } from "react-i18next";
import type { Entry, Review } from "./useReview";

interface Props {
  review: Review;
  undo: (entry: Entry) => void;
  busy: boolean;
}

/** Every correction, latest first, and the way back from it. */
export function History({ review, undo, busy }: Props) {
  const { t } = useTranslation("review");
  if (review.entries.length === 0) return <p className="quiet">{t("historyEmpty")}</p>;
  return (
    <ol className="rv-history">
      {[...review.entries].reverse().map((one) => (
        <li key={one.id} data-undone={one.undone || undefined}>
          <div>
            <b>
              {t(one.action)} {one.finding ?? words(one.region ?? t("wholeFace"))}
            </b>
            {one.type && ` · ${words(one.type)}`}
            {one.grade && ` · ${words(one.grade)}`}
            <small>
              {t(`reason_${one.reason}`)}
              {one.undone && ` · ${t("takenBack")}`}
            </small>
            {one.note && <q>{one.note}</q>}
          </div>
          {one.undoable && (
            <Button size="compact-sm" variant="default" loading={busy} aria-label={`${t("undo")}: ${t(one.action)} ${one.finding ?? ""}`} onClick={() => undo(one)}>
              {t("undo")}
            </Button>
          )}
        </li>
      ))}
    </ol>
  );
}
