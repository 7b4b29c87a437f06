import { useEffect, useState } from "react";

const STORED = "review-shortcuts";

/** Whether single keys are shortcuts; some people dictate or have keys pressed for them. */
export function useShortcutsOn(): [boolean, (on: boolean) => void] {
  const [on, turn] = useState(() => localStorage.getItem(STORED) !== "off");
  return [
    on,
    (next) => {
      localStorage.setItem(STORED, next ? "on" : "off");
      turn(next);
    },
  ];
}

/** Calls what belongs to a key pressed anywhere but in a field or a dialogue. */
export function useKeys(keys: Record<string, () => void>, on: boolean): void {
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      const field = event.target as HTMLElement;
      if (event.defaultPrevented || field.closest("input, select, textarea, [role=dialog], .editor-focus")) return;
      const undo = (event.ctrlKey || event.metaKey) && event.key === "z";
      if ((event.ctrlKey || event.metaKey || event.altKey) && !undo) return;
      if (event.repeat && !["j", "k", "+", "-"].includes(event.key)) return;
      const name = event.key.length === 1 ? event.key : `${event.shiftKey ? "Shift " : ""}${event.key}`;
      const act = undo ? keys["u"] : keys[name];
      if (act === undefined || (!on && !undo && event.key.length === 1)) return;
      event.preventDefault();
      act();
    };
    window.addEventListener("keydown", press);
    return () => window.removeEventListener("keydown", press);
  });
}
