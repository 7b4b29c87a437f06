import { Button } from "@mantine/core";
import { span, useNow } from "@medspasync/kit";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import languages from "../i18n";
import { Consent } from "./Consent";
import { Live } from "./Live";
import { type Station, useStation } from "./station";
import "./kiosk.css";

const IDLE_ASK_MS = 60_000;
const IDLE_END_MS = 75_000;

/** The language the visitor chose; the box hears it with `begin`. */
function Languages() {
  const { i18n } = useTranslation();
  return (
    <div className="languages" role="group" aria-label="Language / Idioma">
      {[
        ["en", "English"],
        ["es", "Español"],
      ].map(([code, name]) => (
        <button
          type="button"
          key={code}
          lang={code}
          aria-pressed={i18n.language === code}
          onClick={() => void i18n.changeLanguage(code)}
        >
          {name}
        </button>
      ))}
    </div>
  );
}

function Welcome({ station }: { station: Station }) {
  const { t, i18n } = useTranslation();
  const language = i18n.language;
  const guests = station.state?.guests ?? [];
  return (
    <section className="kiosk-page kiosk-welcome">
      <img src={new URL("../icon.svg", import.meta.url).href} alt="" className="kiosk-mark" />
      <h1>{t("welcome")}</h1>
      <p className="kiosk-lead">{t("intro")}</p>
      {guests.length > 0 && <h2>{t("arrived")}</h2>}
      <div className="guests">
        {guests.map((guest) => (
          <button
            type="button"
            className="guest"
            key={guest.appointment_id}
            onClick={() => station.say({ type: "begin", language, appointment_id: guest.appointment_id })}
          >
            {guest.first_name}
            {/* The box sends the clinic's own time; two guests may share a first name. */}
            <small className="numbers">{guest.starts_at.slice(11, 16)}</small>
          </button>
        ))}
      </div>
      <Button
        size="xl"
        radius="xl"
        variant={guests.length > 0 ? "subtle" : "filled"}
        className="big"
        onClick={() => station.say({ type: "begin", language })}
      >
        {t(guests.length > 0 ? "walkIn" : "startNow")}
      </Button>
      <Languages />
    </section>
  );
}

function Farewell({ station }: { station: Station }) {
  const { t } = useTranslation();
  const completed = station.state?.ended === "completed";
  return (
    <section className="kiosk-page kiosk-welcome" aria-live="polite">
      <div className="seal" data-good={completed} aria-hidden="true">
        {completed ? "✓" : "–"}
      </div>
      <h1>{completed ? [t("thanks"), station.state?.first_name].filter(Boolean).join(", ") : t("ended")}</h1>
      <p className="kiosk-lead">{t(completed ? "thanksText" : "endedText")}</p>
    </section>
  );
}

/** Ends a visit nobody continues, after asking; any touch counts as an answer. */
function IdleWatch({ station }: { station: Station }) {
  const { t } = useTranslation();
  const now = useNow();
  const [touchedAt, touch] = useState(() => Date.now());
  const idle = now - touchedAt;
  useEffect(() => {
    const renew = () => touch(Date.now());
    for (const kind of ["pointerdown", "pointermove", "keydown"]) addEventListener(kind, renew);
    return () => {
      for (const kind of ["pointerdown", "pointermove", "keydown"]) removeEventListener(kind, renew);
    };
  }, []);
  const over = idle > IDLE_END_MS;
  useEffect(() => {
    if (over) station.say({ type: "cancel", reason: "idle" });
  }, [over, station.say]);
  if (idle < IDLE_ASK_MS) return null;
  return (
    <div className="veil" role="alertdialog" aria-label={t("stillHere")}>
      <h2>{t("stillHere")}</h2>
      <Button size="xl" radius="xl" className="big" onClick={() => touch(Date.now())}>
        {t("continue")}
      </Button>
    </div>
  );
}

/** Covers the page while the box could not keep a photograph, and goes when it can again. */
function NoRoom({ station, busy }: { station: Station; busy: boolean }) {
  const { t } = useTranslation();
  return (
    <div className="veil no-room">
      <svg className="no-room-mark" viewBox="0 0 64 64" aria-hidden="true">
        <path d="M10 21h10l5-7h14l5 7h10a4 4 0 0 1 4 4v24a4 4 0 0 1-4 4H10a4 4 0 0 1-4-4V25a4 4 0 0 1 4-4Z" />
        <circle cx="32" cy="36" r="10" />
        <path d="m8 8 48 50" className="no-room-gap" />
        <path d="m8 8 48 50" />
      </svg>
      <div role="alert">
        <h1>{t("noRoom")}</h1>
        <p className="kiosk-lead">{t("noRoomText")}</p>
        <p className="no-room-ask">{t("noRoomAsk")}</p>
        <p className="no-room-team">{t("noRoomTeam")}</p>
      </div>
      {busy && (
        <Button
          size="xl"
          radius="xl"
          variant="default"
          className="big"
          onClick={() => station.say({ type: "cancel", reason: "client" })}
        >
          {t("stop")}
        </Button>
      )}
      <Languages />
    </div>
  );
}

function Reconnecting({ heardAt }: { heardAt: number }) {
  const { t } = useTranslation();
  const now = useNow();
  return (
    <div className="veil" role="alert">
      <div className="pulse" aria-hidden="true" />
      <h2>{t("reconnecting")}</h2>
      <p className="numbers">{t("stale", { age: span((now - heardAt) / 1000) })}</p>
    </div>
  );
}

/** The capture station's screen: welcome, consent, live picture, result, thanks. */
export default function Kiosk() {
  const station = useStation();
  const { i18n } = useTranslation();
  const phase = station.state?.phase;
  const language = station.state?.language;
  useEffect(() => {
    // The hook's own object is new after each change of language; depending on it would undo the choice.
    if (phase !== "welcome" && language) void languages.changeLanguage(language);
    if (phase === "welcome") void languages.changeLanguage("en");
  }, [phase, language]);
  useEffect(() => {
    document.documentElement.lang = i18n.language;
  });
  const busy = phase === "consent" || phase === "framing" || phase === "shot";
  const noRoom = station.problem?.code === "storage_full" && phase !== "done";
  return (
    <main className="kiosk">
      <div inert={noRoom}>
        {phase === "welcome" && !noRoom && <Welcome station={station} />}
        {phase === "consent" && station.state?.consent && <Consent key={station.state.consent.version} station={station} text={station.state.consent} />}
        {(phase === "framing" || phase === "shot") && <Live station={station} />}
        {phase === "done" && <Farewell station={station} />}
      </div>
      {station.problem && station.problem.code !== "storage_full" && (
        <p className="kiosk-problem" role="alert">
          {station.problem.sentence}
        </p>
      )}
      {noRoom && <NoRoom station={station} busy={busy} />}
      {busy && station.connected && <IdleWatch station={station} />}
      {!station.connected && <Reconnecting heardAt={station.heardAt} />}
    </main>
  );
}
