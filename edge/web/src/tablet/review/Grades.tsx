import { Button } from "@mantine/core";
import { words } from "@medspasync/kit";
import { useTranslation } from "react-i18next";
import type { Schemas } from "../../api/client";
import { REGIONS, type Region } from "./mode";
import type { Review } from "./useReview";

interface Props {
  review: Review;
  capture: Schemas["CaptureDetail"] | undefined;
  regrade: (region: Region | null) => void;
}

const number = (value: number | null | undefined, digits: number, times = 1) =>
  typeof value === "number" ? (value * times).toFixed(digits) : "–";

/** Appearance grades, which a reviewer may change, and the measures they can be held against. */
export function Grades({ review, capture, regrade }: Props) {
  const { t } = useTranslation("review");
  const graded = new Map(review.grades.map((one) => [one.region ?? null, one]));
  const regions: (Region | null)[] = [null, ...REGIONS];
  return (
    <>
      {review.grades.length === 0 && <p className="quiet">{t("gradesEmpty")}</p>}
      <table className="rv-table">
        <thead>
          <tr>
            <th scope="col">{t("region")}</th>
            <th scope="col">{t("count")}</th>
            <th scope="col">{t("grade")}</th>
          </tr>
        </thead>
        <tbody>
          {regions.map((region) => {
            const grade = graded.get(region);
            const name = words(region ?? t("wholeFace"));
            const changed = grade?.proposed && grade.proposed !== grade.grade;
            return (
              <tr key={name}>
                <th scope="row">{name}</th>
                <td className="numbers">{grade?.count ?? "–"}</td>
                <td>
                  {changed && <small>{t("was", { grade: words(grade.proposed ?? "").toLowerCase() })} </small>}
                  <Button
                    size="compact-sm"
                    variant={grade ? "light" : "subtle"}
                    disabled={Boolean(review.signed)}
                    aria-label={`${t("gradeOf", { region: name })}: ${grade ? words(grade.grade) : "–"}`}
                    onClick={() => regrade(region)}
                  >
                    {grade ? words(grade.grade) : "–"}
                  </Button>
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
      <h2>{t("measures")}</h2>
      <table className="rv-table numbers">
        <thead>
          <tr>
            <th scope="col">{t("region")}</th>
            <th scope="col">{t("red")}</th>
            <th scope="col">{t("light")}</th>
            <th scope="col">{t("ita")}</th>
            <th scope="col">{t("shine")}</th>
          </tr>
        </thead>
        <tbody>
          {capture?.measures.map((one) => (
            <tr key={one.region}>
              <th scope="row">{words(one.region)}</th>
              <td>{number(one.redness_a, 1)}</td>
              <td>{number(one.lightness, 1)}</td>
              <td>{number(one.ita_degrees, 0)}</td>
              <td>{number(one.shine_share, 1, 100)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <p className="rv-hint">{t("measuresHint")}</p>
    </>
  );
}
