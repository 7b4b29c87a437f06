import { Button, Group, Modal, NativeSelect, Text } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Review } from "./useReview";

const REMEMBERED = "review-signer";

interface Props {
  review: Review;
  busy: boolean;
  sign: (signer: string) => void;
  reopen: () => void;
  asking: boolean;
  ask: (asking: boolean) => void;
  jump: () => void;
  next: (() => void) | undefined;
}

/** The signature in force, or what is missing for one. */
export function Sign({ review, busy, sign, reopen, asking, ask, jump, next }: Props) {
  const { t, i18n } = useTranslation("review");
  const [picked, pick] = useState(() => sessionStorage.getItem(REMEMBERED) ?? "");
  const signer = review.signers.find((one) => one.id === picked);
  const undecided = review.findings.filter((one) => one.undecided).length;
  if (review.signed) {
    const at = new Date(review.signed.at).toLocaleString(i18n.language === "en" ? "en-GB" : i18n.language, { dateStyle: "medium", timeStyle: "short" });
    return (
      <section className="rv-sign" data-signed aria-label={t("sign")}>
        <p role="status">✓ {t("signedOn", { name: review.signed.signer_name, at })}</p>
        <div className="rv-signed-do">
          <Button variant="default" loading={busy} onClick={reopen}>
            {t("reopen")}
          </Button>
          {next && <Button onClick={next}>{t("next")}</Button>}
        </div>
      </section>
    );
  }
  const counts = (standing: string) => review.findings.filter((one) => one.standing === standing).length;
  return (
    <section className="rv-sign" aria-label={t("sign")}>
      {review.signers.length === 0 ? (
        <p>{t("noSigner")}</p>
      ) : undecided > 0 ? (
        <button type="button" className="rv-link" onClick={jump}>
          {t("undecided", { count: undecided })} →
        </button>
      ) : (
        <p>{t("unsigned")}</p>
      )}
      <Button fullWidth size="md" disabled={undecided > 0 || review.signers.length === 0} loading={busy} onClick={() => ask(true)}>
        {t("sign")}
      </Button>
      <Modal opened={asking} onClose={() => ask(false)} title={t("signTitle")} centered radius="lg" closeButtonProps={{ "aria-label": t("cancel") }}>
        <Text mb="sm">{t("signText")}</Text>
        <Text size="sm" c="sand.8" mb="md">
          {t("signCounts", {
            present: review.findings.length - counts("removed"),
            confirmed: counts("confirmed"),
            changed: counts("changed"),
            added: counts("added"),
            removed: counts("removed"),
          })}
        </Text>
        <NativeSelect
          data-autofocus
          size="md"
          label={t("signer")}
          value={signer?.id ?? ""}
          onChange={(event) => {
            sessionStorage.setItem(REMEMBERED, event.currentTarget.value);
            pick(event.currentTarget.value);
          }}
          data={[
            ...(signer ? [] : [{ value: "", label: t("whoSigns") }]),
            ...review.signers.map((one) => ({ value: one.id, label: one.name })),
          ]}
        />
        <Group justify="flex-end" mt="lg">
          <Button variant="default" size="md" onClick={() => ask(false)}>
            {t("cancel")}
          </Button>
          <Button size="md" loading={busy} disabled={signer === undefined} onClick={() => signer && sign(signer.id)}>
            {signer ? t("signWith", { name: signer.name }) : t("sign")}
          </Button>
        </Group>
      </Modal>
    </section>
  );
}
