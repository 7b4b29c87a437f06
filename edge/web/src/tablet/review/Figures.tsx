import { Alert, Modal } from "@mantine/core";
import { sentenceOf, words } from "@medspasync/kit";
import { useTranslation } from "react-i18next";
import type { Schemas } from "../../api/client";
import { useFigures } from "./useReview";
import type { ReviewWord } from "./words";

type Share = Schemas["Share"];
type Kappa = Schemas["Kappa"];

const percent = (value: number) => `${Math.round(value * 100)}`;

/** A share with its interval; one that rests on few cases says so. */
function Part({ share }: { share: Share }) {
  const { t } = useTranslation("review");
  if (typeof share.value !== "number") return <span className="rv-none">–</span>;
  return (
    <span data-small={share.small || undefined} title={share.small ? t("fig_few") : undefined}>
      {percent(share.value)} %
      <small>
        {percent(share.low)}–{percent(share.high)} · n {share.of}
      </small>
    </span>
  );
}

function Beyond({ kappa }: { kappa: Kappa }) {
  if (typeof kappa.value !== "number") return <span className="rv-none">–</span>;
  return (
    <span data-small={kappa.small || undefined}>
      {kappa.value.toFixed(2)}
      <small>
        {kappa.low.toFixed(2)}–{kappa.high.toFixed(2)} · n {kappa.n}
      </small>
    </span>
  );
}

function Bundle({ report }: { report: Schemas["BundleAgreement"] }) {
  const { t } = useTranslation("review");
  const heads: ReviewWord[] = ["fig_group", "fig_captures", "fig_overridden", "fig_removed", "fig_retyped", "fig_added", "fig_kappa"];
  const lines = [
    { name: t("fig_overall"), figures: report.overall },
    ...report.groups.map((one) => ({ name: `${words(one.dimension)}: ${words(one.group).toLowerCase()}`, figures: one.figures })),
  ];
  return (
    <>
      <h2>
        {report.bundle.name} {report.bundle.version}
      </h2>
      <table className="rv-table rv-figures numbers">
        <thead>
          <tr>
            {heads.map((one) => (
              <th scope="col" key={one}>
                {t(one)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {lines.map(({ name, figures }) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td>{figures.captures}</td>
              <td><Part share={figures.overridden} /></td>
              <td><Part share={figures.removed} /></td>
              <td><Part share={figures.retyped} /></td>
              <td><Part share={figures.added} /></td>
              <td><Beyond kappa={figures.types} /></td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );
}

function Shadow({ report }: { report: Schemas["ShadowComparison"] }) {
  const { t } = useTranslation("review");
  const heads: ReviewWord[] = ["fig_recall", "fig_again", "fig_same", "fig_count", "fig_ms"];
  const lines = [
    { name: t("fig_overall"), figures: report.overall },
    ...report.groups.map((one) => ({ name: `${words(one.dimension)}: ${words(one.group).toLowerCase()}`, figures: one.figures })),
  ];
  return (
    <>
      <h2>
        {t("shadowTitle")}: {report.candidate.name} {report.candidate.version}
      </h2>
      <p className="rv-hint">{t("shadowHint")}</p>
      <table className="rv-table rv-figures numbers">
        <thead>
          <tr>
            <th scope="col">{t("fig_group")}</th>
            <th scope="col">n</th>
            <th scope="col" aria-label={t("fig_live")} />
            {heads.map((one) => (
              <th scope="col" key={one}>
                {t(one)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {lines.flatMap(({ name, figures }) =>
            (["live", "candidate"] as const).map((side) => (
              <tr key={`${name} ${side}`}>
                <th scope="row">{side === "live" ? name : ""}</th>
                <td>{side === "live" ? figures.captures : ""}</td>
                <td>{t(`fig_${side}`)}</td>
                <td><Part share={figures[side].recall} /></td>
                <td><Part share={figures[side].removed_again} /></td>
                <td><Part share={figures[side].same_type} /></td>
                <td>{figures[side].count_difference?.toFixed(1) ?? "–"}</td>
                <td>{figures[side].median_ms?.toFixed(0) ?? "–"}</td>
              </tr>
            )),
          )}
        </tbody>
      </table>
    </>
  );
}

/** How far reviewers follow each bundle, and how a candidate compares: sums only. */
export function Figures({ open, close }: { open: boolean; close: () => void }) {
  const { t } = useTranslation("review");
  const { data, error } = useFigures(open);
  return (
    <Modal opened={open} onClose={close} title={t("figuresTitle")} size="64rem" centered radius="lg" closeButtonProps={{ "aria-label": t("cancel") }}>
      {error && <Alert color="red.9">{sentenceOf(error)}</Alert>}
      {data && (
        <div className="rv-figures-page">
          <p className="rv-hint">{t("figuresHint")}</p>
          {data.bundles.length === 0 && <p className="quiet">{t("figuresEmpty")}</p>}
          {data.bundles.map((one) => (
            <Bundle key={one.bundle.sha256} report={one} />
          ))}
          {data.shadow.map((one) => (
            <Shadow key={one.candidate.sha256 + one.live.sha256} report={one} />
          ))}
          <p className="rv-hint">{t("fig_examples", { usable: data.examples_usable, withheld: data.examples_withheld })}</p>
        </div>
      )}
    </Modal>
  );
}
