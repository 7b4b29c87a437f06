import { Button } from "@mantine/core";
import { type PointerEvent, type RefObject, useCallback, useEffect, useLayoutEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { type Box, centreOn, fit, inSight, type Point, type Size, settle, type View, zoomAt } from "../review/view";
import { Sign } from "./Signs";
import type { Mark } from "./useProgress";

export type Mode = "beside" | "wipe" | "blink";
const BLINK_MS = 800;
const CLOSE_UP_PIXELS = 46;
const FACE_ROOM = 1.12;

interface Props {
  before: string;
  after: string;
  photo: Size;
  /** Around the face on the later photograph. */
  face: Box | null;
  /** Whether both photographs lie in the later one's pixels. */
  aligned: boolean;
  mode: Mode;
  marks: { mark: Mark; index: number }[];
  chosen: number | null;
  choose: (index: number | null) => void;
}

interface Handle {
  size: Size | null;
  view: View | null;
  change: (next: (view: View, size: Size) => View) => void;
}

/** One view for both panes, so that they always show the same place. */
function useSharedView(pane: RefObject<HTMLDivElement | null>, photo: Size, face: Box | null, shown: string): Handle {
  const [size, setSize] = useState<Size | null>(null);
  const [view, setView] = useState<View | null>(null);
  useLayoutEffect(() => {
    const element = pane.current;
    if (element === null) return;
    const measure = () => setSize({ width: element.clientWidth, height: element.clientHeight });
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, [pane, shown]);
  useLayoutEffect(() => {
    if (size !== null) setView(onFace(size, photo, face));
    // A new pair, another way to look or another size begins with the face.
  }, [size, shown, photo.width, photo.height]);
  const change = useCallback(
    (next: (view: View, size: Size) => View) => setView((old) => (old && size ? next(old, size) : old)),
    [size],
  );
  return { size, view, change };
}

function onFace(room: Size, photo: Size, face: Box | null): View {
  const whole = fit(room, photo);
  if (face === null) return whole;
  return centreOn(whole, face, room, photo, Math.min(room.width / face.w, room.height / face.h) / FACE_ROOM);
}

/** Two photographs as one: side by side, under a slider, or in turn. */
export function Stage(props: Props) {
  const { before, after, photo, face, aligned, mode, marks, chosen, choose } = props;
  const { t } = useTranslation("progress");
  const pane = useRef<HTMLDivElement>(null);
  const { view, size, change } = useSharedView(pane, photo, face, `${mode} ${after}`);
  const [share, setShare] = useState(50);
  const blink = useBlink(mode === "blink");
  const middle = (room: Size): Point => ({ x: room.width / 2, y: room.height / 2 });
  const target = marks.find((one) => one.index === chosen)?.mark.box ?? null;
  useEffect(() => {
    if (target === null) return;
    const close = CLOSE_UP_PIXELS / Math.max(target.w, target.h);
    change((old, room) =>
      inSight(old, target, room) && target.w * old.scale > 14 ? old : centreOn(old, target, room, photo, Math.min(close, 4)),
    );
    // What is chosen comes into sight once; moving away afterwards is the viewer's own.
  }, [chosen]);

  const layer = (address: string, side: "before" | "after", clip?: string) => (
    <img
      key={side}
      src={address}
      alt=""
      draggable={false}
      style={
        view
          ? { width: photo.width, height: photo.height, transform: `translate(${view.x}px, ${view.y}px) scale(${view.scale})`, clipPath: clip }
          : { visibility: "hidden" }
      }
    />
  );
  const shownAt = mode === "wipe" && view && size ? (share / 100) * size.width : 0;
  // The clip is in pixels of the photograph, which the view has moved and enlarged.
  const cut = view ? Math.min(photo.width, Math.max(0, (shownAt - view.x) / view.scale)) : 0;
  const signs = (side: "before" | "after") =>
    view && <Signs {...{ marks, chosen, view, side }} />;
  const shared = { view, change, photo, marks, choose };
  return (
    <div className="pg-stage" role="group" aria-label={t("stageLabel")} data-mode={mode}>
      {mode === "beside" ? (
        <>
          <Pane {...shared} box={pane} name={t("before")} side="before">
            {aligned ? layer(before, "before") : <img className="pg-loose" src={before} alt="" draggable={false} />}
            {signs("before")}
          </Pane>
          <Pane {...shared} name={t("after")} side="after">
            {aligned ? layer(after, "after") : <img className="pg-loose" src={after} alt="" draggable={false} />}
            {signs("after")}
          </Pane>
        </>
      ) : (
        <Pane {...shared} box={pane} side="both" name={mode === "blink" ? t(blink.side) : undefined}>
          {mode === "wipe" ? (
            <>
              {layer(after, "after")}
              {layer(before, "before", `inset(0 ${photo.width - cut}px 0 0)`)}
            </>
          ) : (
            <>
              {layer(before, "before")}
              {layer(after, "after", blink.side === "after" ? undefined : "inset(50%)")}
            </>
          )}
          {mode === "blink" && signs(blink.side)}
          {mode === "wipe" && (
            <>
              <div className="pg-half" style={{ clipPath: `inset(0 ${100 - share}% 0 0)` }}>{signs("before")}</div>
              <div className="pg-half" style={{ clipPath: `inset(0 0 0 ${share}%)` }}>{signs("after")}</div>
              <span className="pg-name" data-side="before">{t("before")}</span>
              <span className="pg-name" data-side="after">{t("after")}</span>
              <i className="pg-edge" style={{ left: `${share}%` }} />
              <input
                type="range"
                className="pg-wipe"
                min={0}
                max={100}
                step={1}
                value={share}
                aria-label={t("wipe")}
                onChange={(event) => setShare(Number(event.currentTarget.value))}
              />
            </>
          )}
        </Pane>
      )}
      <div className="pg-zoom" hidden={!aligned}>
        <Button variant="default" aria-label={t("zoomIn")} onClick={() => change((old, room) => zoomAt(old, 1.5, middle(room), room, photo))}>
          +
        </Button>
        <Button variant="default" aria-label={t("zoomOut")} onClick={() => change((old, room) => zoomAt(old, 1 / 1.5, middle(room), room, photo))}>
          −
        </Button>
        <Button variant="default" aria-label={t("zoomFit")} onClick={() => change((_, room) => fit(room, photo))}>
          ⤢
        </Button>
      </div>
      {mode === "blink" && (
        <div className="pg-blink">
          <Button variant="default" onClick={blink.toggle} aria-pressed={!blink.playing}>
            {t(blink.playing ? "pause" : "play")}
          </Button>
          <Button variant="default" onClick={blink.switchOver}>
            {t("switchOver")}
          </Button>
        </div>
      )}
    </div>
  );
}

/** Shows one photograph after the other; whoever asked for less motion switches by hand. */
function useBlink(wanted: boolean) {
  const [side, setSide] = useState<"before" | "after">("before");
  const [playing, setPlaying] = useState(() => !matchMedia("(prefers-reduced-motion: reduce)").matches);
  const other = useCallback(() => setSide((old) => (old === "before" ? "after" : "before")), []);
  useEffect(() => {
    if (!wanted || !playing) return;
    const timer = setInterval(other, BLINK_MS);
    return () => clearInterval(timer);
  }, [wanted, playing, other]);
  return {
    side,
    playing,
    toggle: () => setPlaying((old) => !old),
    switchOver: () => {
      setPlaying(false);
      other();
    },
  };
}

interface SignsProps {
  marks: Props["marks"];
  chosen: number | null;
  view: View;
  side: "before" | "after";
}

const LEAST_RADIUS = 9;

/** What a photograph does not show is drawn on it only once it was chosen, fainter: there it would be. */
function Signs({ marks, chosen, view, side }: SignsProps) {
  return (
    <svg className="pg-signs" aria-hidden="true">
      {marks.map(({ mark, index }) => {
        const outlinedHere = (side === "after" ? mark.number : mark.other_number) != null;
        if (!outlinedHere && chosen !== index) return null;
        const { x, y, w, h } = mark.box;
        const radius = Math.max(LEAST_RADIUS, (Math.max(w, h) / 2) * view.scale + 4);
        return (
          <g key={index} data-chosen={chosen === index || undefined} data-dim={(chosen !== null && chosen !== index) || undefined} data-elsewhere={!outlinedHere || undefined}>
            <Sign kind={mark.kind} x={(x + w / 2) * view.scale + view.x} y={(y + h / 2) * view.scale + view.y} radius={radius} />
          </g>
        );
      })}
    </svg>
  );
}

interface PaneProps {
  box?: RefObject<HTMLDivElement | null>;
  name?: string | undefined;
  side: "before" | "after" | "both";
  children: React.ReactNode;
  view: View | null;
  change: Handle["change"];
  photo: Size;
  marks: Props["marks"];
  choose: Props["choose"];
}

const TAP_PIXELS = 6;

/** One window onto the photograph: wheel and pinch zoom, dragging moves it, a tap chooses a mark. */
function Pane({ box, name, side, children, view, change, photo, marks, choose }: PaneProps) {
  const own = useRef<HTMLDivElement>(null);
  const element = box ?? own;
  const pointers = useRef(new Map<number, Point>());
  const start = useRef<Point | null>(null);
  useEffect(() => {
    const target = element.current;
    if (target === null) return;
    const wheel = (event: WheelEvent) => {
      event.preventDefault();
      const frame = target.getBoundingClientRect();
      const at = { x: event.clientX - frame.left, y: event.clientY - frame.top };
      change((old, room) => zoomAt(old, Math.exp(-event.deltaY * (event.ctrlKey ? 0.01 : 0.0016)), at, room, photo));
    };
    target.addEventListener("wheel", wheel, { passive: false });
    return () => target.removeEventListener("wheel", wheel);
  }, [element, change, photo]);

  const spot = (event: PointerEvent): Point => {
    const frame = event.currentTarget.getBoundingClientRect();
    return { x: event.clientX - frame.left, y: event.clientY - frame.top };
  };
  const down = (event: PointerEvent<HTMLDivElement>) => {
    if ((event.target as Element).closest("button, input")) return;
    event.currentTarget.setPointerCapture(event.pointerId);
    pointers.current.set(event.pointerId, spot(event));
    start.current = pointers.current.size === 1 ? spot(event) : null;
  };
  const move = (event: PointerEvent<HTMLDivElement>) => {
    const before = pointers.current.get(event.pointerId);
    if (before === undefined) return;
    const at = spot(event);
    const other = [...pointers.current.entries()].find(([id]) => id !== event.pointerId)?.[1];
    pointers.current.set(event.pointerId, at);
    if (start.current && Math.hypot(at.x - start.current.x, at.y - start.current.y) > TAP_PIXELS) start.current = null;
    if (other === undefined) {
      change((old, room) => settle({ ...old, x: old.x + at.x - before.x, y: old.y + at.y - before.y }, room, photo));
      return;
    }
    const spread = (point: Point) => Math.max(1, Math.hypot(point.x - other.x, point.y - other.y));
    change((old, room) => zoomAt(old, spread(at) / spread(before), { x: (at.x + other.x) / 2, y: (at.y + other.y) / 2 }, room, photo));
  };
  const up = (event: PointerEvent<HTMLDivElement>) => {
    pointers.current.delete(event.pointerId);
    if (start.current === null || view === null) return;
    const at = start.current;
    const distance = ({ mark }: Props["marks"][number]) =>
      Math.hypot((mark.box.x + mark.box.w / 2) * view.scale + view.x - at.x, (mark.box.y + mark.box.h / 2) * view.scale + view.y - at.y);
    const nearest = marks.filter((one) => distance(one) < 26).sort((a, b) => distance(a) - distance(b))[0];
    choose(nearest?.index ?? null);
    start.current = null;
  };
  return (
    <div className="pg-pane" ref={element} onPointerDown={down} onPointerMove={move} onPointerUp={up} onPointerCancel={() => pointers.current.clear()}>
      {children}
      {name && (
        <span className="pg-name" data-side={side}>
          {name}
        </span>
      )}
    </div>
  );
}
