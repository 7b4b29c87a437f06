import { Button } from "@mantine/core";
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Header, Preview, Station } from "./station";

/** Draws a frame as in a mirror, then the face's outline and the shape it should fill. */
function drawPreview(canvas: HTMLCanvasElement, { header, bitmap }: Preview) {
  const context = canvas.getContext("2d");
  if (context === null) return;
  const { width, height } = bitmap;
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  context.save();
  context.translate(width, 0);
  context.scale(-1, 1);
  context.drawImage(bitmap, 0, 0);
  drawTarget(context, header, width, height);
  context.fillStyle = "rgb(255 253 250 / 75%)";
  for (const [x, y] of (header.points ?? []) as [number, number][]) {
    context.beginPath();
    context.arc(x * width, y * height, Math.max(1.2, width / 640), 0, Math.PI * 2);
    context.fill();
  }
  context.restore();
}

function oval(context: CanvasRenderingContext2D, header: Header, width: number, height: number) {
  const { cx, cy, rx, ry, yaw_degrees: yaw } = header.target;
  // A turned head is narrower in front and reaches further back: squeeze the side that is turned away.
  const turn = Math.sin(((yaw ?? 0) * Math.PI) / 180) * 0.35;
  const x = cx * width;
  const y = cy * height;
  const h = ry * height;
  const right = rx * width * (1 + turn);
  const left = rx * width * (1 - turn);
  context.ellipse(x, y, right, h, 0, -Math.PI / 2, Math.PI / 2);
  context.ellipse(x, y, left, h, 0, Math.PI / 2, (3 * Math.PI) / 2);
}

function drawTarget(context: CanvasRenderingContext2D, header: Header, width: number, height: number) {
  context.save();
  context.beginPath();
  context.rect(0, 0, width, height);
  oval(context, header, width, height);
  context.closePath();
  context.fillStyle = "rgb(38 35 31 / 52%)";
  context.fill("evenodd");
  context.restore();
  const line = Math.max(3, width / 130);
  context.lineWidth = line;
  context.lineCap = "round";
  context.strokeStyle = header.matched ? "#9fe0cd" : "rgb(255 253 250 / 85%)";
  context.setLineDash(header.matched ? [] : [line * 2.4, line * 2.4]);
  context.beginPath();
  oval(context, header, width, height);
  context.closePath();
  context.stroke();
  context.setLineDash([]);
}

function HoldRing({ hold }: { hold: number }) {
  const round = 2 * Math.PI * 44;
  return (
    <svg className="hold" viewBox="0 0 100 100" aria-hidden="true" data-on={hold > 0}>
      <circle cx="50" cy="50" r="44" />
      <circle cx="50" cy="50" r="44" className="hold-done" strokeDasharray={`${round * hold} ${round}`} />
    </svg>
  );
}

function Views({ station }: { station: Station }) {
  const { t } = useTranslation();
  return (
    <ol className="views">
      {(station.state?.views ?? []).map(({ view, state }) => (
        <li key={view} data-state={state} aria-current={state === "current" ? "step" : undefined}>
          {t(`view_${view}`)}
        </li>
      ))}
    </ol>
  );
}

/** The live picture with its outline, one sentence of help, and what became of each shot. */
export function Live({ station }: { station: Station }) {
  const { t, i18n } = useTranslation();
  const canvas = useRef<HTMLCanvasElement>(null);
  const [header, setHeader] = useState<Header | null>(null);
  const { onFrame, shot, state } = station;
  useEffect(() => {
    onFrame((preview) => {
      if (canvas.current) drawPreview(canvas.current, preview);
      setHeader(preview.header);
    });
    return () => onFrame(null);
  }, [onFrame]);
  const hint = header?.hint;
  const key = `hint_${hint?.code}`;
  const help = header?.matched ? t("hold") : hint ? (i18n.exists(key) ? t(key) : hint.sentence) : t("place");
  const showing = state?.phase === "shot" && shot !== null;
  return (
    <section className="kiosk-live">
      <canvas ref={canvas} width={640} height={480} role="img" aria-label={t("place")} />
      <div className="live-top">
        <Views station={station} />
        <h1>{t(state?.view ?? "front")}</h1>
      </div>
      <div className="live-bottom">
        {showing ? (
          <div className="shot card" role="status" data-good={shot.accepted}>
            <b>{shot.accepted ? t("taken") : shot.sentence}</b>
            {shot.accepted
              ? null
              : (shot.failures ?? []).slice(1).map((failure) => <p key={failure.code}>{failure.sentence}</p>)}
            <Button size="lg" radius="xl" variant="default" onClick={() => station.say({ type: "retake", view: shot.view })}>
              {t("again")}
            </Button>
          </div>
        ) : (
          <>
            <HoldRing hold={header?.hold ?? 0} />
            <p className="hint" role="status" data-good={header?.matched}>
              {help}
            </p>
          </>
        )}
        <Button
          size="lg"
          radius="xl"
          variant="white"
          className="live-stop"
          onClick={() => station.say({ type: "cancel", reason: "client" })}
        >
          {t("stop")}
        </Button>
      </div>
    </section>
  );
}
