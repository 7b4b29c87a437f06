/** Where the photograph lies on the stage, and how boxes are moved; all of it arithmetic. */

export interface Size {
  width: number;
  height: number;
}

export interface Point {
  x: number;
  y: number;
}

/** A rectangle in pixels of the photograph. */
export interface Box {
  x: number;
  y: number;
  w: number;
  h: number;
}

/** Screen pixels per pixel of the photograph, and where its top left corner stands on the stage. */
export interface View {
  scale: number;
  x: number;
  y: number;
}

const MARGIN = 12;
const CLOSEST = 8;
const LEAST_SIDE = 4;

export function fitScale(stage: Size, photo: Size): number {
  const scale = Math.min((stage.width - 2 * MARGIN) / photo.width, (stage.height - 2 * MARGIN) / photo.height);
  return Math.max(scale, 0.01);
}

/** The whole photograph in the middle of the stage. */
export function fit(stage: Size, photo: Size): View {
  const scale = fitScale(stage, photo);
  return { scale, x: (stage.width - photo.width * scale) / 2, y: (stage.height - photo.height * scale) / 2 };
}

/** Keeps the photograph on the stage: centred while it is smaller, and covering it once it is larger. */
export function settle(view: View, stage: Size, photo: Size): View {
  const scale = Math.min(Math.max(view.scale, fitScale(stage, photo)), CLOSEST);
  const along = (at: number, room: number, length: number) =>
    length <= room ? (room - length) / 2 : Math.min(MARGIN, Math.max(room - length - MARGIN, at));
  return {
    scale,
    x: along(view.x, stage.width, photo.width * scale),
    y: along(view.y, stage.height, photo.height * scale),
  };
}

/** Zooms so that what is under `at` stays there. */
export function zoomAt(view: View, factor: number, at: Point, stage: Size, photo: Size): View {
  const scale = Math.min(Math.max(view.scale * factor, fitScale(stage, photo)), CLOSEST);
  const share = scale / view.scale;
  return settle({ scale, x: at.x - (at.x - view.x) * share, y: at.y - (at.y - view.y) * share }, stage, photo);
}

/** The view of this scale that shows a point of the photograph at a place of the stage. */
export function anchored(point: Point, at: Point, scale: number, stage: Size, photo: Size): View {
  const held = Math.min(Math.max(scale, fitScale(stage, photo)), CLOSEST);
  return settle({ scale: held, x: at.x - point.x * held, y: at.y - point.y * held }, stage, photo);
}

/** The view that shows a box in the middle, at `scale` or as it is. */
export function centreOn(view: View, box: Box, stage: Size, photo: Size, scale = view.scale): View {
  const x = stage.width / 2 - (box.x + box.w / 2) * scale;
  const y = stage.height / 2 - (box.y + box.h / 2) * scale;
  return settle({ scale, x, y }, stage, photo);
}

/** Whether a box lies well within the stage. */
export function inSight(view: View, box: Box, stage: Size): boolean {
  const left = box.x * view.scale + view.x;
  const top = box.y * view.scale + view.y;
  const right = left + box.w * view.scale;
  const bottom = top + box.h * view.scale;
  return left >= 24 && top >= 24 && right <= stage.width - 24 && bottom <= stage.height - 24;
}

export function toPhoto(view: View, at: Point): Point {
  return { x: (at.x - view.x) / view.scale, y: (at.y - view.y) / view.scale };
}

const between = (value: number, low: number, high: number) => Math.min(Math.max(value, low), high);

/** The box two opposite corners span, within the photograph. */
export function spanned(a: Point, b: Point, photo: Size): Box {
  const left = between(Math.min(a.x, b.x), 0, photo.width);
  const top = between(Math.min(a.y, b.y), 0, photo.height);
  return {
    x: left,
    y: top,
    w: between(Math.max(a.x, b.x), 0, photo.width) - left,
    h: between(Math.max(a.y, b.y), 0, photo.height) - top,
  };
}

/** A square of this side around a point, within the photograph. */
export function around(at: Point, side: number, photo: Size): Box {
  const width = Math.min(side, photo.width);
  const height = Math.min(side, photo.height);
  return {
    x: between(at.x - width / 2, 0, photo.width - width),
    y: between(at.y - height / 2, 0, photo.height - height),
    w: width,
    h: height,
  };
}

/** What is dragged of a box: `move`, or the sides named by n, s, w, e. */
export type Grip = "move" | "n" | "s" | "w" | "e" | "nw" | "ne" | "sw" | "se";

/** The box after a grip was dragged by so many pixels of the photograph; it never leaves it and never collapses. */
export function dragged(box: Box, grip: Grip, dx: number, dy: number, photo: Size): Box {
  if (grip === "move") {
    return { ...box, x: between(box.x + dx, 0, photo.width - box.w), y: between(box.y + dy, 0, photo.height - box.h) };
  }
  let left = box.x;
  let top = box.y;
  let right = box.x + box.w;
  let bottom = box.y + box.h;
  if (grip.includes("w")) left = between(left + dx, 0, right - LEAST_SIDE);
  if (grip.includes("e")) right = between(right + dx, left + LEAST_SIDE, photo.width);
  if (grip.includes("n")) top = between(top + dy, 0, bottom - LEAST_SIDE);
  if (grip.includes("s")) bottom = between(bottom + dy, top + LEAST_SIDE, photo.height);
  return { x: left, y: top, w: right - left, h: bottom - top };
}

/** The same to a hundredth of a pixel, and not beyond the photograph by what rounding adds. */
export function rounded(box: Box, photo: Size): Box {
  const x = Math.floor(box.x * 100) / 100;
  const y = Math.floor(box.y * 100) / 100;
  return {
    x,
    y,
    w: Math.min(Math.round(box.w * 100) / 100, photo.width - x),
    h: Math.min(Math.round(box.h * 100) / 100, photo.height - y),
  };
}
