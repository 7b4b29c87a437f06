import type { Finding } from "./useReview";

export interface Badge {
  label: string;
  /** Corner of the badge on the screen, relative to the photograph's own corner. */
  x: number;
  y: number;
  width: number;
}

export const BADGE_HEIGHT = 17;
/** Outlines smaller than this on the screen are drawn as a ring around them, so that what they mean stays visible. */
export const LEAST_OUTLINE = 24;
const RING = 13;

/** Half the side of what is drawn for a finding, in pixels of the photograph. */
export function reach({ box }: Finding, scale: number): { x: number; y: number; ring: boolean } {
  const ring = Math.max(box.w, box.h) * scale < LEAST_OUTLINE;
  return ring ? { x: RING / scale, y: RING / scale, ring } : { x: box.w / 2, y: box.h / 2, ring };
}

function mark(finding: Finding): string {
  if (finding.standing === "removed") return "×";
  return finding.standing === "proposed" ? "" : "✓";
}

/** Places each number at a corner of its outline where no earlier number lies, if there is one. */
export function placeBadges(findings: Finding[], scale: number): Map<number, Badge> {
  const placed: Badge[] = [];
  const byNumber = new Map<number, Badge>();
  for (const finding of findings) {
    const label = `${finding.number}${mark(finding)}`;
    const width = 10 + label.length * 7;
    const half = reach(finding, scale);
    const middle = { x: (finding.box.x + finding.box.w / 2) * scale, y: (finding.box.y + finding.box.h / 2) * scale };
    const left = middle.x - half.x * scale - width + 3;
    const right = middle.x + half.x * scale - 3;
    const above = middle.y - half.y * scale - BADGE_HEIGHT + 3;
    const below = middle.y + half.y * scale - 3;
    const corners = [[left, above], [right, above], [left, below], [right, below]] as const; // prettier-ignore
    const free = corners.find(([x, y]) =>
      placed.every((one) => x + width <= one.x || one.x + one.width <= x || y + BADGE_HEIGHT <= one.y || one.y + BADGE_HEIGHT <= y),
    );
    const [x, y] = free ?? corners[0];
    const badge = { label, x, y, width };
    placed.push(badge);
    byNumber.set(finding.number, badge);
  }
  return byNumber;
}
