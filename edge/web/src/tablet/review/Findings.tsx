import { Button } from "@mantine/core";
import { words } from "@medspasync/kit";
import { type CSSProperties, useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import { routeOf } from "./Outlines";
import type { Finding, Review } from "./useReview";
import type { Size } from "./view";

const LOUPE = 100;

/** The finding close up, whatever the stage shows. */
function Loupe({ finding, address, photo }: { finding: Finding; address: string; photo: Size }) {
  const { x, y, w, h } = finding.box;
  const scale = Math.min(LOUPE / (2.2 * Math.max(w, h)), 8);
  const style: CSSProperties = {
    width: photo.width,
    height: photo.height,
    transform: `translate(${LOUPE / 2 - (x + w / 2) * scale}px, ${LOUPE / 2 - (y + h / 2) * scale}px) scale(${scale})`,
  };
  return (
    <div className="rv-loupe" aria-hidden="true">
      <img src={address} alt="" style={style} draggable={false} />
    </div>
  );
}

/** What the models said about the chosen finding, and how sure that is. */
export function Chosen({ finding, address, photo }: { finding: Finding; address: string | undefined; photo: Size }) {
  const { t } = useTranslation("review");
  const route = routeOf(finding);
  const others = finding.type_set.filter((one) => one !== finding.proposed_type);
  return (
    <section className="rv-chosen" aria-label={t("selected")}>
      {address && <Loupe finding={finding} address={address} photo={photo} />}
      <div>
        <h2>
          <i className="rv-number" data-route={route}>
            {finding.number}
          </i>
          {words(finding.type ?? t("route_not_assessed"))}
        </h2>
        <p>
          {words(finding.region ?? t("elsewhere"))}
          {typeof finding.confidence === "number" && ` · ${t("sure", { share: Math.round(finding.confidence * 100) })}`}
        </p>
        {finding.route ? (
          <p>
            <span className="rv-route" data-route={route}>
              {t(`route_${finding.route}`)}
            </span>{" "}
            {finding.reasons.map((one) => t(`why_${one}`, { defaultValue: words(one).toLowerCase() })).join(", ") || t(`about_${finding.route}`)}
          </p>
        ) : (
          <p>{t("byReviewer")}</p>
        )}
        {others.length > 0 && <p>{t("couldBe", { types: others.map((one) => words(one).toLowerCase()).join(", ") })}</p>}
        {finding.retyped && <p>{t("modelSaid", { type: words(finding.proposed_type ?? t("route_not_assessed")) })}</p>}
      </div>
    </section>
  );
}

interface ListProps {
  review: Review;
  chosen: number | null;
  choose: (number: number) => void;
  rest: () => void;
  busy: boolean;
}

/** Every finding as a line, linked with the photograph both ways. */
export function FindingList({ review, chosen, choose, rest, busy }: ListProps) {
  const { t } = useTranslation("review");
  const list = useRef<HTMLDivElement>(null);
  useEffect(() => {
    list.current?.querySelector("[aria-pressed=true]")?.scrollIntoView({ block: "nearest" });
  }, [chosen]);
  const undecided = review.findings.filter((one) => one.undecided).length;
  return (
    <div ref={list}>
      {review.findings.length === 0 && <p className="quiet">{t("nothingFound")}</p>}
      {review.findings.map((one) => (
        <button
          type="button"
          className="rv-line"
          key={one.number}
          data-standing={one.standing}
          data-undecided={one.undecided || undefined}
          aria-pressed={chosen === one.number}
          onClick={() => choose(one.number)}
        >
          <i className="rv-number" data-route={routeOf(one)}>
            {one.number}
          </i>
          <span className="rv-what">
            {words(one.type ?? t("route_not_assessed"))}
            <small>{words(one.region ?? t("elsewhere"))}</small>
          </span>
          <span className="rv-standing">
            {one.undecided ? t("route_review_required") : one.standing === "proposed" ? t(`route_${one.route ?? "suggest"}`) : t(`standing_${one.standing}`)}
          </span>
        </button>
      ))}
      {undecided > 1 && !review.signed && (
        <Button variant="subtle" size="compact-sm" fullWidth mt={6} loading={busy} onClick={rest}>
          {t("confirmRest", { count: undecided })}
        </Button>
      )}
    </div>
  );
}
