import { memo, useMemo } from "react";
import { BADGE_HEIGHT, placeBadges, reach } from "./badges";
import type { Finding } from "./useReview";
import type { Box, View } from "./view";

/** How a finding is coloured: by its route, or as added by a reviewer. */
export function routeOf(finding: Finding): string {
  return finding.standing === "added" ? "added" : (finding.route ?? "review_required");
}

function pathOf(finding: Finding, scale: number): string {
  const { box, contour } = finding;
  const half = reach(finding, scale);
  if (half.ring) {
    const round = `a${half.x} ${half.x} 0 1 0`;
    return `M${box.x + box.w / 2 - half.x} ${box.y + box.h / 2}${round} ${2 * half.x} 0${round} ${-2 * half.x} 0Z`;
  }
  if (contour.length > 2) return `M${contour.map((point) => point.join(" ")).join("L")}Z`;
  return `M${box.x} ${box.y}h${box.w}v${box.h}h${-box.w}Z`;
}

const marks = (one: Finding, chosen: number | null) => ({
  "data-route": routeOf(one),
  "data-standing": one.standing,
  "data-chosen": one.number === chosen || undefined,
});

interface DrawnProps {
  findings: Finding[];
  chosen: number | null;
  scale: number;
}

/** Outlines and numbers in pixels of the screen; drawn anew by zooming, not by moving. A dark line under each
 * outline keeps it visible on any skin. */
const Drawn = memo(function Drawn({ findings, chosen, scale }: DrawnProps) {
  const badges = useMemo(() => placeBadges(findings, scale), [findings, scale]);
  const ordered = [...findings].sort((a, b) => Number(a.number === chosen) - Number(b.number === chosen));
  return (
    <>
      <g transform={`scale(${scale})`}>
        {ordered.map((one) => {
          const path = pathOf(one, scale);
          return (
            <g key={one.number} className="outline" {...marks(one, chosen)}>
              <path className="under" d={path} vectorEffect="non-scaling-stroke" />
              <path className="line" d={path} vectorEffect="non-scaling-stroke" />
            </g>
          );
        })}
      </g>
      {ordered.map((one) => {
        const badge = badges.get(one.number);
        return (
          badge && (
            <g key={one.number} className="badge" {...marks(one, chosen)} transform={`translate(${badge.x} ${badge.y})`}>
              <rect width={badge.width} height={BADGE_HEIGHT} rx={BADGE_HEIGHT / 2} />
              <text x={badge.width / 2} y={12.5}>
                {badge.label}
              </text>
            </g>
          )
        );
      })}
    </>
  );
});

interface Props {
  findings: Finding[];
  chosen: number | null;
  view: View;
  hidden: boolean;
  editing: Box | null;
}

/** Everything drawn over the photograph: outlines, their numbers, and the box being drawn with its handles. */
export function Outlines({ findings, chosen, view, hidden, editing }: Props) {
  return (
    <svg className="overlay" aria-hidden="true">
      {!hidden && (
        <g transform={`translate(${view.x} ${view.y})`} opacity={editing ? 0.5 : undefined}>
          <Drawn findings={findings} chosen={chosen} scale={view.scale} />
        </g>
      )}
      {editing && <Handles box={editing} view={view} />}
    </svg>
  );
}

const GRIPS = [
  ["nw", 0, 0], ["n", 0.5, 0], ["ne", 1, 0], ["e", 1, 0.5], ["se", 1, 1], ["s", 0.5, 1], ["sw", 0, 1], ["w", 0, 0.5],
] as const; // prettier-ignore

function Handles({ box, view }: { box: Box; view: View }) {
  const left = box.x * view.scale + view.x;
  const top = box.y * view.scale + view.y;
  const width = box.w * view.scale;
  const height = box.h * view.scale;
  // Handles on the sides of a small box would lie on those of its corners.
  const grips = GRIPS.filter(([name]) => name.length === 2 || (name === "n" || name === "s" ? width : height) > 72);
  return (
    <g className="editor">
      <rect className="body" data-grip="move" x={left} y={top} width={width} height={height} />
      {grips.map(([name, across, down]) => (
        <g key={name} transform={`translate(${left + across * width} ${top + down * height})`}>
          <circle className="knob" r={6.5} />
          <circle className="reach" data-grip={name} r={15} />
        </g>
      ))}
    </g>
  );
}
