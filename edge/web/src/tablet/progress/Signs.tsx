import type { MarkKind } from "./useProgress";

/** Each kind has a shape, a line and a colour of its own, so that no one of them has to be seen. */
export function Sign({ kind, x, y, radius }: { kind: MarkKind; x: number; y: number; radius: number }) {
  const path = outline(kind, x, y, radius);
  return (
    <g className="pg-sign" data-kind={kind}>
      <path className="halo" d={path} />
      <path className="line" d={path} />
    </g>
  );
}

function outline(kind: MarkKind, x: number, y: number, r: number): string {
  switch (kind) {
    case "new":
      return polygon([
        [x, y - r * 1.35],
        [x + r * 1.35, y],
        [x, y + r * 1.35],
        [x - r * 1.35, y],
      ]);
    case "resolved":
      return polygon([
        [x - r, y - r],
        [x + r, y - r],
        [x + r, y + r],
        [x - r, y + r],
      ]);
    case "ambiguous":
      return polygon([
        [x, y - r * 1.4],
        [x + r * 1.3, y + r * 0.9],
        [x - r * 1.3, y + r * 0.9],
      ]);
    default:
      return `M${x - r},${y}a${r},${r} 0 1,0 ${2 * r},0a${r},${r} 0 1,0 ${-2 * r},0Z`;
  }
}

function polygon(corners: [number, number][]): string {
  return `M${corners.map((corner) => corner.map((value) => value.toFixed(1)).join(",")).join("L")}Z`;
}

/** The same sign, small, for lists and the legend. */
export function SignIcon({ kind }: { kind: MarkKind }) {
  return (
    <svg className="pg-icon" viewBox="0 0 24 24" width="22" height="22" aria-hidden="true">
      <Sign kind={kind} x={12} y={12} radius={6.5} />
    </svg>
  );
}
