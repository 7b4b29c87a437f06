import { type MouseEvent, useEffect, useRef } from "react";
import type { Schemas } from "../api/client";

interface Props {
  bitmap: ImageBitmap;
  findings: readonly Schemas["ReviewFinding"][];
  lit: number | null;
  light: (number: number | null) => void;
}

const COLOURS: Record<string, string> = { blemish: "#ffd9a0", pustule: "#ff9f86", spot: "#a8dfff" };

function draw(canvas: HTMLCanvasElement, { bitmap, findings, lit }: Props) {
  const context = canvas.getContext("2d");
  if (context === null) return;
  canvas.width = bitmap.width;
  canvas.height = bitmap.height;
  context.drawImage(bitmap, 0, 0);
  const unit = Math.max(bitmap.width, bitmap.height) / 900;
  context.font = `600 ${13 * unit}px "Inter Variable", sans-serif`;
  for (const { box, number, type } of findings) {
    const strong = lit === number;
    context.globalAlpha = lit === null || strong ? 1 : 0.35;
    context.lineWidth = (strong ? 4 : 2) * unit;
    context.strokeStyle = COLOURS[type ?? ""] ?? "#fff";
    context.strokeRect(box.x, box.y, box.w, box.h);
    const side = 18 * unit;
    context.fillStyle = "rgb(38 35 31 / 80%)";
    context.fillRect(box.x, box.y - side, side, side);
    context.fillStyle = "#fff";
    context.fillText(String(number), box.x + 4 * unit, box.y - 4.5 * unit);
  }
  context.globalAlpha = 1;
}

/** The photograph with its boxes; pointing at a box lights its line in the list, and the other way round. */
export function Photo(props: Props) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const { bitmap, findings, lit, light } = props;
  useEffect(() => {
    if (canvas.current) draw(canvas.current, { bitmap, findings, lit, light });
  }, [bitmap, findings, lit, light]);

  const point = (event: MouseEvent<HTMLCanvasElement>) => {
    const frame = event.currentTarget.getBoundingClientRect();
    const x = ((event.clientX - frame.left) / frame.width) * bitmap.width;
    const y = ((event.clientY - frame.top) / frame.height) * bitmap.height;
    const hit = findings.find(
      ({ box }) => x >= box.x && x <= box.x + box.w && y >= box.y && y <= box.y + box.h,
    );
    light(hit?.number ?? null);
  };
  return (
    <canvas
      ref={canvas}
      role="img"
      aria-label={`Photograph with ${findings.length} outlined features; they are listed beside it`}
      onMouseMove={point}
      onClick={point}
    />
  );
}
