import type { Schemas } from "../../api/client";
import type { Finding, Review } from "./useReview";
import type { Box } from "./view";

export type Region = Schemas["FaceRegion"];
export type FindingType = Schemas["FindingType"];
export type Grade = Schemas["AppearanceGrade"];
export type Reason = Schemas["ReviewReason"];
export type Action = Exclude<Schemas["ReviewAction"], "confirm">;

/** What the reviewer is doing: looking, about to draw, or deciding the details of one correction. */
export type Mode =
  | { kind: "look" }
  | { kind: "draw" }
  | { kind: "decide"; action: Action; finding: number | null; box: Box | null; region: Region | null };

export const LOOK: Mode = { kind: "look" };
export const TYPES: FindingType[] = ["blemish", "pustule", "spot"];
export const GRADES: Grade[] = ["clear", "few", "some", "many", "very_many"];
export const REGIONS: Region[] = [
  "forehead", "nose", "left_cheek", "right_cheek", "chin", "left_periorbital", "right_periorbital",
]; // prettier-ignore

export function reasonsFor(review: Review, action: Action): Reason[] {
  return review.reasons.find((one) => one.action === action)?.reasons ?? [];
}

/** What a redrawn box says about the outline before; the reviewer may say otherwise. */
export function likelyReason(before: Box, after: Box): Reason {
  const share = (after.w * after.h) / Math.max(before.w * before.h, 1);
  if (share < 0.8) return "outline_too_large";
  return share > 1.25 ? "outline_too_small" : "outline_misplaced";
}

/** The region of the finding nearest to a box, as a first guess for one that is added. */
export function nearestRegion(findings: Finding[], box: Box): Region | null {
  const away = ({ box: one }: Finding) => Math.hypot(one.x + one.w / 2 - box.x - box.w / 2, one.y + one.h / 2 - box.y - box.h / 2);
  const placed = findings.filter((one) => one.region);
  placed.sort((a, b) => away(a) - away(b));
  return placed[0]?.region ?? null;
}

/** The next finding that needs a decision after this one, from the start again at the end. */
export function nextUndecided(findings: Finding[], after: number | null): number | null {
  const open = findings.filter((one) => one.undecided).map((one) => one.number);
  return open.find((number) => number > (after ?? 0)) ?? open[0] ?? null;
}
