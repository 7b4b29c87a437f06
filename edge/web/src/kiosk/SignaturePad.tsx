import { type PointerEvent, useEffect, useRef } from "react";
import type { Schemas } from "../api/client";

export type Stroke = Schemas["SignaturePoint"][];
interface Props {
  label: string;
  clearLabel: string;
  strokes: Stroke[];
  change: (strokes: Stroke[], width: number, height: number) => void;
}

const MAX_STROKES = 200;
const MAX_POINTS = 2000;

/** Takes a signature as strokes with times, by finger, pen or mouse. */
export function SignaturePad({ label, clearLabel, strokes, change }: Props) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const began = useRef(0);
  const drawing = useRef(false);

  useEffect(() => {
    const pad = canvas.current;
    const context = pad?.getContext("2d");
    if (!pad || !context) return;
    const scale = devicePixelRatio;
    pad.width = pad.clientWidth * scale;
    pad.height = pad.clientHeight * scale;
    context.scale(scale, scale);
    context.lineWidth = 3;
    context.lineCap = "round";
    context.lineJoin = "round";
    context.strokeStyle = "#2a2723";
    for (const stroke of strokes) {
      context.beginPath();
      for (const { x, y } of stroke) context.lineTo(x, y);
      context.stroke();
    }
  }, [strokes]);

  const point = (event: PointerEvent<HTMLCanvasElement>) => {
    const frame = event.currentTarget.getBoundingClientRect();
    const t = Math.min(600_000, Math.round(event.timeStamp - began.current));
    return { x: Math.round(event.clientX - frame.left), y: Math.round(event.clientY - frame.top), t };
  };
  const tell = (next: Stroke[], pad: HTMLCanvasElement) => change(next, pad.clientWidth, pad.clientHeight);
  const down = (event: PointerEvent<HTMLCanvasElement>) => {
    if (strokes.length >= MAX_STROKES) return;
    if (strokes.length === 0) began.current = event.timeStamp;
    event.currentTarget.setPointerCapture(event.pointerId);
    drawing.current = true;
    tell([...strokes, [point(event)]], event.currentTarget);
  };
  const move = (event: PointerEvent<HTMLCanvasElement>) => {
    const last = strokes.at(-1);
    if (!drawing.current || last === undefined || last.length >= MAX_POINTS) return;
    tell([...strokes.slice(0, -1), [...last, point(event)]], event.currentTarget);
  };
  return (
    <div className="signature card">
      <canvas
        ref={canvas}
        role="img"
        aria-label={label}
        onPointerDown={down}
        onPointerMove={move}
        onPointerUp={() => {
          drawing.current = false;
        }}
        onPointerCancel={() => {
          drawing.current = false;
        }}
      />
      {strokes.length === 0 ? (
        <span className="signature-hint" aria-hidden="true">
          {label}
        </span>
      ) : (
        <button type="button" className="signature-clear" onClick={() => change([], 1, 1)}>
          {clearLabel}
        </button>
      )}
    </div>
  );
}
