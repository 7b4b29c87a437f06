import { Alert, Button, Modal } from "@mantine/core";
import { sentenceOf, unwrap } from "@medspasync/kit";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api } from "../../api/client";
import { useFound } from "./useProgress";

/** Captures that look like this one; asked for on purpose, because each search is recorded. */
export function Similar({ capture }: { capture: string }) {
  const { t } = useTranslation("progress");
  const [wanted, want] = useState(false);
  const [open, setOpen] = useState<string>();
  const found = useQuery({
    queryKey: ["similar", capture],
    enabled: wanted,
    // Somebody may have withdrawn since: an answer is never shown again.
    staleTime: 0,
    gcTime: 0,
    refetchOnWindowFocus: false,
    queryFn: () => unwrap(api.GET("/api/captures/{capture_id}/similar", { params: { path: { capture_id: capture } } })),
  });
  return (
    <section className="card pg-card" aria-label={t("similar")}>
      <h2>{t("similar")}</h2>
      <p className="pg-fine">{t("similarText")}</p>
      {!wanted && (
        <Button variant="light" fullWidth onClick={() => want(true)}>
          {t("similarFind")}
        </Button>
      )}
      {found.error && <Alert color="red.9">{sentenceOf(found.error)}</Alert>}
      {found.data && !found.data.comparable && <p className="quiet">{t("similarNot")}</p>}
      {found.data?.comparable && found.data.cases.length === 0 && (
        <p className="quiet">{t("similarNone", { count: found.data.searched })}</p>
      )}
      {found.data?.cases.map((one) => (
        <button type="button" className="pg-case" key={one.capture_id} onClick={() => setOpen(one.capture_id)}>
          <b>{t(one.same_client ? "similarOwn" : "similarOther")}</b>
          <span>
            {t(`view_${one.view}`)} · {t("similarity", { percent: Math.round(one.similarity * 100) })}
          </span>
          <em>{t("similarOpen")}</em>
        </button>
      ))}
      {open && <Picture asked={capture} found={open} close={() => setOpen(undefined)} />}
    </section>
  );
}

function Picture({ asked, found, close }: { asked: string; found: string; close: () => void }) {
  const { t } = useTranslation("progress");
  const { address, error } = useFound(asked, found);
  return (
    <Modal opened onClose={close} title={t("similar")} size="lg" centered radius="lg" closeButtonProps={{ "aria-label": t("close") }}>
      {error && <Alert color="red.9">{sentenceOf(error)}</Alert>}
      {address && <img className="pg-found" src={address} alt={t("similarOther")} />}
    </Modal>
  );
}
