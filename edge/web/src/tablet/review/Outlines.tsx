import { memo } from "react";
import type { Finding } from "./useReview";
import type { Box, View } from "./view";

/** How a finding is coloured: by its route, or as added by a reviewer. */
export function routeOf(finding: Finding): string {
  return finding.standing === "added" ? "added" : (finding.route ?? "review_required");
}

function pathOf({ box, contour }: Finding): string {
  if (contour.length > 2) return `M${contour.map((point) => point.join(" ")).join("L")}Z`;
  return `M${box.x} ${box.y}h${box.w}v${box.h}h${-box.w}Z`;
}

/** The outlines themselves, in pixels of the photograph; a dark line under each keeps it visible on any skin. */
const Shapes = memo(function Shapes({ findings, chosen }: { findings: Finding[]; chosen: number | null }) {
  return findings.map((one) => {
    const path = pathOf(one);
    return (
      <g key={one.number} className="outline" data-route={routeOf(one)} data-standing={one.standing} data-chosen={one.number === chosen || undefined}>
        <path className="under" d={path} vectorEffect="non-scaling-stroke" />
        <path className="line" d={path} vectorEffect="non-scaling-stroke" />
      </g>
    );
  });
});

function mark(finding: Finding): string {
  if (finding.standing === "removed") return "×";
  if (finding.standing === "proposed") return "";
  return "✓";
}

interface Props {
  findings: Finding[];
  chosen: number | null;
  view: View;
  hidden: boolean;
  editing: Box | null;
}

/** Everything drawn over the photograph: outlines, their numbers, and the box being drawn with its handles. */
export function Outlines({ findings, chosen, view, hidden, editing }: Props) {
  const ordered = [...findings].sort((a, b) => Number(a.number === chosen) - Number(b.number === chosen));
  const place = (x: number, y: number) => `translate(${x * view.scale + view.x} ${y * view.scale + view.y})`;
  return (
    <svg className="overlay" aria-hidden="true">
      {!hidden && (
        <>
          <g transform={`translate(${view.x} ${view.y}) scale(${view.scale})`}>
            <Shapes findings={ordered} chosen={chosen} />
          </g>
          {ordered.map((one) => {
            const label = `${one.number}${mark(one)}`;
            const width = 11 + label.length * 7;
            return (
              <g
                key={one.number}
                className="badge"
                data-route={routeOf(one)}
                data-standing={one.standing}
                data-chosen={one.number === chosen || undefined}
                transform={place(one.box.x, one.box.y)}
              >
                <rect x={-width + 4} y={-18} width={width} height={18} rx={9} />
                <text x={-width / 2 + 4} y={-5}>
                  {label}
                </text>
              </g>
            );
          })}
        </>
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
