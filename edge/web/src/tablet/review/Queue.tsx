import { words } from "@medspasync/kit";
import { useTranslation } from "react-i18next";
import { NavLink } from "react-router";
import type { Schemas } from "../../api/client";

interface Props {
  queue: Schemas["ReviewQueue"] | undefined;
  signed: boolean;
  show: (signed: boolean) => void;
  current: string | undefined;
  figures: () => void;
}

const DAY: Intl.DateTimeFormatOptions = { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" };

/** What waits for a signature, most in need of a person first, and what has one. */
export function Queue({ queue, signed, show, current, figures }: Props) {
  const { t, i18n } = useTranslation("review");
  return (
    <nav className="card rv-queue" aria-label={t("queueLabel")}>
      <div className="rv-switch" role="group">
        {[false, true].map((one) => (
          <button type="button" key={String(one)} aria-pressed={signed === one} onClick={() => show(one)}>
            {t(one ? "done" : "waiting")} <b>{(one ? queue?.signed : queue?.waiting) ?? "…"}</b>
          </button>
        ))}
      </div>
      <div className="rv-queue-list">
        {queue?.items.length === 0 && <p className="quiet">{t(signed ? "nothingSigned" : "nothingWaiting")}</p>}
        {queue?.items.map((one) => (
          <NavLink
            key={one.capture_id}
            to={`/tablet/review/${one.capture_id}`}
            className={one.capture_id === current ? "active" : ""}
            data-route={one.route}
          >
            <b>{one.client_name}</b>
            <span>
              {words(one.view)} · {new Date(one.taken_at).toLocaleString(i18n.language === "en" ? "en-GB" : i18n.language, DAY)}
            </span>
            <span className="rv-queue-state">
              {one.signer_name
                ? t("signedBy", { name: one.signer_name })
                : `${one.to_decide > 0 ? t("toDecide", { count: one.to_decide }) : t("outlined", { count: one.findings })}${one.corrected ? ` · ${t("begun")}` : ""}`}
            </span>
          </NavLink>
        ))}
      </div>
      <button type="button" className="rv-link" onClick={figures}>
        {t("figures")}
      </button>
    </nav>
  );
}
