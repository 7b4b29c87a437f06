import { Modal, Switch } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { ReviewWord } from "./words";

const KEYS: [string[], ReviewWord][] = [
  [["J", "K"], "key_next"],
  [["N"], "key_undecided"],
  [["C"], "confirm"],
  [["X"], "remove"],
  [["T"], "retype"],
  [["D"], "redraw"],
  [["A"], "add"],
  [["U"], "undo"],
  [["Shift C"], "key_rest"],
  [["1", "…", "9"], "key_choose"],
  [["Z"], "key_zoom"],
  [["+", "−", "0"], "key_plusminus"],
  [["H"], "key_hide"],
  [["]", "["], "key_photo"],
  [["S"], "key_sign"],
  [["Esc"], "key_escape"],
  [["?"], "key_help"],
];

interface Props {
  open: boolean;
  close: () => void;
  on: boolean;
  turn: (on: boolean) => void;
}

/** The keys, and the way to switch them off for whoever they are in the way of. */
export function Shortcuts({ open, close, on, turn }: Props) {
  const { t } = useTranslation("review");
  return (
    <Modal opened={open} onClose={close} title={t("help")} size="lg" centered radius="lg" closeButtonProps={{ "aria-label": t("cancel") }}>
      <dl className="rv-keys">
        {KEYS.map(([keys, what]) => (
          <div key={what}>
            <dt>
              {keys.map((one) => (
                <kbd key={one}>{one}</kbd>
              ))}
            </dt>
            <dd>{t(what)}</dd>
          </div>
        ))}
      </dl>
      <Switch mt="md" checked={on} onChange={(event) => turn(event.currentTarget.checked)} label={t("shortcutsOn")} description={t("shortcutsHint")} styles={{ description: { color: "var(--ink-soft)" } }} />
    </Modal>
  );
}
