import { useCallback, useEffect, useRef, useState } from "react";
import type { Schemas } from "../api/client";

export type State = Schemas["KioskState"];
export type Shot = Schemas["ShotResult"];
export type Header = Schemas["PreviewHeader"];
export type Problem = Schemas["KioskProblem"];
type Said = State | Shot | Problem;
type Begin = Pick<Schemas["Begin"], "type" | "language"> & Partial<Schemas["Begin"]>;
export type Say = Begin | Schemas["Consent"] | Schemas["Retake"] | Schemas["Cancel"];

export interface Preview {
  header: Header;
  bitmap: ImageBitmap;
}

const RETRY_MS = 1500;
const SILENCE_MS = 4000;
// The box repeats each second what keeps it from working; what it says no more is over.
const PROBLEM_MS = 8000;

/** Splits a binary message into its JSON header and the JPEG behind it. */
function parseFrame(data: ArrayBuffer): { header: Header; jpeg: Blob } {
  const size = new DataView(data).getUint32(0);
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(data, 4, size))) as Header;
  return { header, jpeg: new Blob([new Uint8Array(data, 4 + size)], { type: "image/jpeg" }) };
}

export interface Station {
  connected: boolean;
  heardAt: number;
  state: State | null;
  shot: Shot | null;
  problem: Problem | null;
  say: (message: Say) => void;
  onFrame: (draw: ((preview: Preview) => void) | null) => void;
}

/** The connection to the capture station; it comes back by itself and says how old its news is. */
export function useStation(): Station {
  const [connected, setConnected] = useState(false);
  const [heardAt, setHeardAt] = useState(() => Date.now());
  const [state, setState] = useState<State | null>(null);
  const [shot, setShot] = useState<Shot | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const socket = useRef<WebSocket | null>(null);
  const drawing = useRef<((preview: Preview) => void) | null>(null);

  useEffect(() => {
    let ended = false;
    let timer: ReturnType<typeof setTimeout>;
    let over: ReturnType<typeof setTimeout>;

    const hear = (message: Said) => {
      setHeardAt(Date.now());
      if (message.type !== "shot") clearTimeout(over);
      if (message.type === "state") {
        setState(message);
        setProblem(null);
        if (message.phase !== "shot") setShot(null);
      } else if (message.type === "shot") setShot(message);
      else {
        setProblem(message);
        over = setTimeout(() => setProblem(null), PROBLEM_MS);
      }
    };
    const see = async (data: ArrayBuffer, from: WebSocket) => {
      const { header, jpeg } = parseFrame(data);
      const bitmap = await createImageBitmap(jpeg);
      if (drawing.current) drawing.current({ header, bitmap });
      bitmap.close();
      if (from.readyState === WebSocket.OPEN) from.send(JSON.stringify({ type: "ack", seq: header.seq }));
    };
    const open = () => {
      const scheme = location.protocol === "https:" ? "wss" : "ws";
      const next = new WebSocket(`${scheme}://${location.host}/api/kiosk`);
      next.binaryType = "arraybuffer";
      next.onopen = () => {
        setConnected(true);
        setHeardAt(Date.now());
      };
      next.onmessage = ({ data }: MessageEvent<string | ArrayBuffer>) => {
        if (typeof data === "string") hear(JSON.parse(data) as Said);
        else void see(data, next);
      };
      next.onclose = () => {
        setConnected(false);
        if (!ended) timer = setTimeout(knock, RETRY_MS);
      };
      socket.current = next;
    };
    // Ask for the page's own address first: a socket that fails leaves an error in the console each time.
    const knock = async () => {
      const there = await fetch("/healthz", { signal: AbortSignal.timeout(SILENCE_MS) }).then(
        (answer) => answer.ok,
        () => false,
      );
      if (ended) return;
      if (there) open();
      else timer = setTimeout(knock, RETRY_MS);
    };
    timer = setTimeout(knock, 0);
    return () => {
      ended = true;
      clearTimeout(timer);
      clearTimeout(over);
      socket.current?.close();
    };
  }, []);

  const say = useCallback((message: Say) => {
    if (socket.current?.readyState === WebSocket.OPEN) socket.current.send(JSON.stringify(message));
  }, []);
  const onFrame = useCallback((draw: ((preview: Preview) => void) | null) => {
    drawing.current = draw;
  }, []);
  return { connected, heardAt, state, shot, problem, say, onFrame };
}
