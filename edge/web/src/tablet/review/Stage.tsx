import { Button } from "@mantine/core";
import { type KeyboardEvent, type PointerEvent, type RefObject, useCallback, useEffect, useLayoutEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { Outlines } from "./Outlines";
import type { Finding } from "./useReview";
import {
  anchored, around, type Box, centreOn, dragged, fit, fitScale, type Grip, inSight, type Point, type Size, settle, spanned, toPhoto, type View, zoomAt,
} from "./view"; // prettier-ignore

const TAP_PIXELS = 6;
const REACH_PIXELS = 8;
const LEAST_DRAWN_PIXELS = 8;
const TAPPED_SIDE_PIXELS = 44;
const CLOSE_UP_PIXELS = 120;
const NUDGES: Record<string, [number, number]> = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/** What the page may ask of the stage from outside. */
export interface StageHandle {
  zoom: (factor: number) => void;
  fit: () => void;
  closeUp: () => void;
  focusEditor: () => void;
}

interface Props {
  address: string;
  photo: Size;
  findings: Finding[];
  chosen: number | null;
  choose: (number: number | null) => void;
  hidden: boolean;
  hide: (hidden: boolean) => void;
  help: () => void;
  drawing: boolean;
  editing: Box | null;
  edit: (box: Box) => void;
  submit: () => void;
  handle: RefObject<StageHandle | null>;
}

type Drag = { kind: "pan" } | { kind: "grip"; grip: Grip; box: Box } | { kind: "draw"; from: Point } | Pinch;
/** Two fingers: what lay between them, how far apart they were, and the scale at that moment. */
type Pinch = { kind: "pinch"; between: Point; apart: number; scale: number };

function spread([a, b]: Point[]): { middle: Point; apart: number } {
  if (a === undefined || b === undefined) return { middle: a ?? { x: 0, y: 0 }, apart: 1 };
  return { middle: { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 }, apart: Math.max(Math.hypot(a.x - b.x, a.y - b.y), 1) };
}

function useView(photo: Size, shown: string) {
  const stage = useRef<HTMLDivElement>(null);
  const [size, setSize] = useState<Size | null>(null);
  const [view, setView] = useState<View | null>(null);
  const at = `${shown} ${photo.width} ${photo.height}`;
  const [viewOf, setViewOf] = useState("");
  useLayoutEffect(() => {
    const element = stage.current;
    if (element === null) return;
    const measure = () => setSize({ width: element.clientWidth, height: element.clientHeight });
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  useLayoutEffect(() => {
    if (size === null) return;
    setView((old) => (old === null || viewOf !== at ? fit(size, photo) : settle(old, size, photo)));
    setViewOf(at);
    // Only a new photograph or another size of the stage moves the view by itself.
  }, [size, at]);
  return { stage, size, view, setView };
}

/** The photograph with its outlines: wheel and pinch zoom, dragging moves it, a tap chooses, handles edit. */
export function Stage(props: Props) {
  const { address, photo, findings, chosen, choose, hidden, drawing, editing, edit, handle } = props;
  const { t } = useTranslation("review");
  const { stage, size, view, setView } = useView(photo, address);
  const [rubber, setRubber] = useState<Box | null>(null);
  const pointers = useRef(new Map<number, Point>());
  const drag = useRef<Drag | null>(null);
  const start = useRef<Point>({ x: 0, y: 0 });
  const moved = useRef(false);
  const target = findings.find((one) => one.number === chosen) ?? null;

  const change = useCallback(
    (next: (view: View, size: Size) => View) => setView((old) => (old && size ? next(old, size) : old)),
    [setView, size],
  );
  const zoom = useCallback(
    (factor: number, at?: Point) =>
      change((old, room) => zoomAt(old, factor, at ?? { x: room.width / 2, y: room.height / 2 }, room, photo)),
    [change, photo],
  );
  const subject = editing ?? target?.box ?? null;
  handle.current = {
    zoom,
    fit: () => change((_, room) => fit(room, photo)),
    closeUp: () => {
      if (subject === null) return;
      change((old, room) => {
        const close = Math.min(CLOSE_UP_PIXELS / Math.max(subject.w, subject.h), 4);
        const near = old.scale > Math.max(close, fitScale(room, photo)) * 0.95;
        return near ? fit(room, photo) : centreOn(old, subject, room, photo, close);
      });
    },
    focusEditor: () => stage.current?.querySelector<HTMLElement>(".editor-focus")?.focus(),
  };

  useEffect(() => {
    if (target) change((old, room) => (inSight(old, target.box, room) ? old : centreOn(old, target.box, room, photo)));
    // What is chosen comes into sight once; moving away from it afterwards is the reviewer's own.
  }, [chosen]);

  useEffect(() => {
    const element = stage.current;
    if (element === null) return;
    const wheel = (event: WheelEvent) => {
      event.preventDefault();
      const frame = element.getBoundingClientRect();
      const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1;
      const speed = event.ctrlKey ? 0.01 : 0.0016;
      zoom(Math.exp(-event.deltaY * lines * speed), { x: event.clientX - frame.left, y: event.clientY - frame.top });
    };
    element.addEventListener("wheel", wheel, { passive: false });
    return () => element.removeEventListener("wheel", wheel);
  }, [stage, zoom]);

  const spot = (event: PointerEvent): Point => {
    const frame = event.currentTarget.getBoundingClientRect();
    return { x: event.clientX - frame.left, y: event.clientY - frame.top };
  };

  const down = (event: PointerEvent<HTMLDivElement>) => {
    if (view === null || (event.target as Element).closest("button") || event.button > 0) return;
    const at = spot(event);
    event.currentTarget.setPointerCapture(event.pointerId);
    pointers.current.set(event.pointerId, at);
    if (pointers.current.size === 2) {
      const { middle, apart } = spread([...pointers.current.values()]);
      drag.current = { kind: "pinch", between: toPhoto(view, middle), apart, scale: view.scale };
      setRubber(null);
      return;
    }
    if (pointers.current.size > 2) return;
    start.current = at;
    moved.current = false;
    const grip = (event.target as Element).getAttribute("data-grip") as Grip | null;
    if (grip && editing) drag.current = { kind: "grip", grip, box: editing };
    else if (drawing) drag.current = { kind: "draw", from: toPhoto(view, at) };
    else drag.current = { kind: "pan" };
  };

  const move = (event: PointerEvent<HTMLDivElement>) => {
    const before = pointers.current.get(event.pointerId);
    if (before === undefined || view === null || drag.current === null) return;
    const at = spot(event);
    if (Math.hypot(at.x - start.current.x, at.y - start.current.y) > TAP_PIXELS) moved.current = true;
    const doing = drag.current;
    if (doing.kind === "pinch") {
      pointers.current.set(event.pointerId, at);
      const { middle, apart } = spread([...pointers.current.values()]);
      change((_, room) => anchored(doing.between, middle, (doing.scale * apart) / doing.apart, room, photo));
    } else if (doing.kind === "pan" && moved.current) {
      change((old, room) => settle({ ...old, x: old.x + at.x - before.x, y: old.y + at.y - before.y }, room, photo));
    } else if (doing.kind === "grip") {
      edit(dragged(doing.box, doing.grip, (at.x - start.current.x) / view.scale, (at.y - start.current.y) / view.scale, photo));
    } else if (doing.kind === "draw" && moved.current) {
      setRubber(spanned(doing.from, toPhoto(view, at), photo));
    }
    pointers.current.set(event.pointerId, at);
  };

  const up = (event: PointerEvent<HTMLDivElement>) => {
    if (!pointers.current.delete(event.pointerId) || view === null) return;
    const doing = drag.current;
    if (doing?.kind === "pinch") {
      // The finger that stays goes on as nothing; the next touch begins anew.
      if (pointers.current.size === 0) drag.current = null;
      return;
    }
    drag.current = null;
    if (event.type === "pointercancel") return setRubber(null);
    if (doing?.kind === "draw") drawn(spot(event));
    else if (doing?.kind === "pan" && !moved.current && editing === null) choose(hit(toPhoto(view, spot(event))));
  };

  const drawn = (at: Point) => {
    if (view === null) return;
    const enough = LEAST_DRAWN_PIXELS / view.scale;
    const box = rubber && rubber.w >= enough && rubber.h >= enough ? rubber : around(toPhoto(view, at), TAPPED_SIDE_PIXELS / view.scale, photo);
    setRubber(null);
    edit(box);
  };

  const hit = ({ x, y }: Point): number | null => {
    const slack = REACH_PIXELS / (view?.scale ?? 1);
    const under = findings.filter(
      ({ box }) => x >= box.x - slack && x <= box.x + box.w + slack && y >= box.y - slack && y <= box.y + box.h + slack,
    );
    under.sort((a, b) => a.box.w * a.box.h - b.box.w * b.box.h);
    // A second tap on the same place goes on to what lies beneath.
    const place = under.findIndex((one) => one.number === chosen);
    return under[(place + 1) % Math.max(under.length, 1)]?.number ?? null;
  };

  const nudge = (event: KeyboardEvent) => {
    const by = NUDGES[event.key];
    if (event.key === "Enter") props.submit();
    if (by === undefined || editing === null || view === null) return;
    event.preventDefault();
    event.stopPropagation();
    const step = Math.max(1, 1 / view.scale);
    edit(dragged(editing, event.shiftKey ? "se" : "move", by[0] * step, by[1] * step, photo));
  };

  return (
    <div
      ref={stage}
      className="stage"
      data-drawing={drawing || undefined}
      onPointerDown={down}
      onPointerMove={move}
      onPointerUp={up}
      onPointerCancel={up}
      onDoubleClick={(event) => !(event.target as Element).closest("button") && !drawing && handle.current?.closeUp()}
    >
      {view && (
        <>
          <img
            src={address}
            alt={t("photoLabel", { count: findings.length })}
            draggable={false}
            style={{ width: photo.width, height: photo.height, transform: `translate(${view.x}px, ${view.y}px) scale(${view.scale})` }}
          />
          <Outlines findings={findings} chosen={chosen} view={view} hidden={hidden} editing={rubber ?? editing} />
        </>
      )}
      {editing && (
        <div className="editor-focus" role="group" tabIndex={0} aria-label={t("editLabel")} onKeyDown={nudge} />
      )}
      {(drawing || editing) && <p className="stage-hint">{t(editing ? "editHint" : "drawHint")}</p>}
      <div className="stage-tools">
        <Button variant="default" size="compact-md" aria-label={t("closer")} title={t("closer")} onClick={() => zoom(1.5)}>
          +
        </Button>
        <Button variant="default" size="compact-md" aria-label={t("wider")} title={t("wider")} onClick={() => zoom(1 / 1.5)}>
          −
        </Button>
        <Button variant="default" size="compact-md" aria-label={t("fit")} title={t("fit")} onClick={() => handle.current?.fit()}>
          ⤢
        </Button>
        <Button variant="default" size="compact-md" aria-label={t(hidden ? "show" : "hide")} title={t(hidden ? "show" : "hide")} aria-pressed={hidden} onClick={() => props.hide(!hidden)}>
          {hidden ? "◌" : "◉"}
        </Button>
        <Button variant="default" size="compact-md" aria-label={t("help")} title={t("help")} onClick={props.help}>
          ?
        </Button>
      </div>
    </div>
  );
}
