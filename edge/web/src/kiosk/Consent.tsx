import { Button } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Schemas } from "../api/client";
import { SignaturePad, type Stroke } from "./SignaturePad";
import type { Station } from "./station";

type Text = Schemas["ConsentText"];
type Decision = Schemas["ConsentDecision"];

/** The consent: one plain question a purpose, each answered yes or no by the client, then signed. */
export function Consent({ station, text }: { station: Station; text: Text }) {
  const { t } = useTranslation();
  const [answers, setAnswers] = useState<Record<string, Decision>>({});
  const [strokes, setStrokes] = useState<Stroke[]>([]);
  const [size, setSize] = useState({ width: 1, height: 1 });
  const complete = text.purposes.every((one) => answers[one.purpose]) && strokes.length > 0;
  const refused = text.purposes.some((one) => one.required && answers[one.purpose] === "denied");
  const send = () =>
    station.say({
      type: "consent",
      answer: {
        language: text.language,
        text_version: text.version,
        choices: text.purposes.map(({ purpose }) => ({ purpose, decision: answers[purpose] ?? "denied" })),
        signature: { ...size, strokes },
      },
    });
  return (
    <section className="kiosk-page kiosk-consent">
      <div className="consent-text">
        <h1>{text.title}</h1>
        {text.paragraphs.map((paragraph) => (
          <p key={paragraph}>{paragraph}</p>
        ))}
      </div>
      <div className="consent-answers">
        {text.purposes.map((one) => (
          <fieldset className="card purpose" key={one.purpose}>
            <legend className="hidden-legend">{one.title}</legend>
            <div>
              <b aria-hidden="true">{one.title}</b>
              {one.required && <small> · {t("required")}</small>}
              <p>{one.text}</p>
            </div>
            <div className="yes-no">
              {(["granted", "denied"] as const).map((decision) => (
                <label key={decision}>
                  <input
                    type="radio"
                    name={one.purpose}
                    checked={answers[one.purpose] === decision}
                    onChange={() => setAnswers({ ...answers, [one.purpose]: decision })}
                  />
                  <span>{t(decision === "granted" ? "yes" : "no")}</span>
                </label>
              ))}
            </div>
          </fieldset>
        ))}
        <SignaturePad
          label={t("sign")}
          clearLabel={t("clear")}
          strokes={strokes}
          change={(next, width, height) => {
            setStrokes(next);
            setSize({ width, height });
          }}
        />
        <p className="consent-hint" role="status">
          {refused ? t("noConsent") : complete ? " " : t("signFirst")}
        </p>
        <div className="kiosk-actions">
          <Button size="xl" radius="xl" variant="default" className="big" onClick={() => station.say({ type: "cancel", reason: "client" })}>
            {t("stop")}
          </Button>
          <Button size="xl" radius="xl" className="big" disabled={!complete || refused} onClick={send}>
            {t("agree")}
          </Button>
        </div>
      </div>
    </section>
  );
}
