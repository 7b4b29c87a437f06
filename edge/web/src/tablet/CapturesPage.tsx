import { Alert, Text, Title } from "@mantine/core";
import { sentenceOf, unwrap, words } from "@medspasync/kit";
import { useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { Link, NavLink, useParams } from "react-router";
import { api, type Schemas } from "../api/client";
import { Photo } from "./Photo";
import { type Finding, type Review, useCapture, useStandingReview } from "./review/useReview";

type Capture = Schemas["CaptureDetail"];
const NONE: readonly Finding[] = [];
const PURPOSE = "provider_review";

function usePhoto(id: string | undefined) {
  return useQuery({
    queryKey: ["photo", id],
    enabled: id !== undefined,
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 60_000,
    queryFn: async () => {
      const blob = await unwrap(
        api.GET("/api/captures/{capture_id}/image", {
          params: { path: { capture_id: id as string }, header: { "X-Purpose": PURPOSE } },
          parseAs: "blob",
        }),
      );
      return createImageBitmap(blob as unknown as Blob);
    },
  });
}

/** What stands behind a finding: how sure the models are, or what the reviewer made of it. */
function standing({ standing, confidence }: Finding): string {
  if (standing === "proposed") return typeof confidence === "number" ? `${Math.round(confidence * 100)} %` : "";
  return words(standing).toLowerCase();
}

function sourceOf(review: Review | undefined): string {
  if (review === undefined) return "";
  if (review.signed) return `As ${review.signed.signer_name} signed it`;
  return review.entries.some((one) => !one.undone) ? "As corrected so far" : "As the models propose it";
}

interface FactsProps {
  capture: Capture;
  review: Review | undefined;
  findings: readonly Finding[];
  lit: number | null;
  light: (n: number | null) => void;
}

function Facts({ capture, review, findings, lit, light }: FactsProps) {
  const regions = [...new Set(findings.map((one) => one.region ?? "elsewhere"))];
  return (
    <section className="card facts" aria-label="Findings and measures">
      <Title order={1} size="h3">
        {capture.client_name}
      </Title>
      <Text size="sm" c="sand.8">
        {words(capture.view)} view · {words(capture.treatment)} ·{" "}
        {new Date(capture.taken_at).toLocaleString("en-GB", { dateStyle: "medium", timeStyle: "short" })}
      </Text>
      <p className="note">Supports a professional's review, not a diagnosis.</p>
      <Link className="pill signed-pill" data-tone={capture.signed ? "good" : "warn"} to={`/tablet/review/${capture.id}`}>
        {capture.signed ? "Signed after review" : "Not signed: not for the client yet"}
      </Link>
      <Text size="sm" c="sand.8" mt="xs">
        {sourceOf(review)}
      </Text>
      {review && findings.length === 0 && <p className="quiet">No visible features are outlined.</p>}
      {regions.map((region) => (
        <div key={region}>
          <h2>{words(region)}</h2>
          {findings
            .filter((one) => (one.region ?? "elsewhere") === region)
            .map((one) => (
              <button
                type="button"
                className="found"
                key={one.number}
                aria-pressed={lit === one.number}
                onMouseEnter={() => light(one.number)}
                onMouseLeave={() => light(null)}
                onFocus={() => light(one.number)}
                onClick={() => light(one.number)}
              >
                <i>{one.number}</i>
                {words(one.type ?? "not_assessed")}
                <span className="numbers">{standing(one)}</span>
              </button>
            ))}
        </div>
      ))}
      <h2>Colour by region</h2>
      <table className="measures numbers">
        <thead>
          <tr>
            <th scope="col">Region</th>
            <th scope="col">ITA °</th>
            <th scope="col">Red a*</th>
            <th scope="col">Light L*</th>
          </tr>
        </thead>
        <tbody>
          {capture.measures.map((one) => (
            <tr key={one.region}>
              <td>{words(one.region)}</td>
              <td>{one.ita_degrees.toFixed(0)}</td>
              <td>{one.redness_a.toFixed(1)}</td>
              <td>{one.lightness.toFixed(1)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <h2>Photograph</h2>
      <span className="pill" data-tone={capture.verdict.passed ? "good" : "bad"}>
        {capture.verdict.passed ? `Passed the ${capture.verdict.profile} limits` : `Did not pass the ${capture.verdict.profile} limits`}
      </span>
      {capture.verdict.failures.map((failure) => (
        <Text size="sm" key={failure.code}>
          {failure.sentence}
        </Text>
      ))}
      <Text size="xs" c="sand.8" mt="sm">
        {capture.width} × {capture.height} px · {words(capture.metadata.light ?? "uncontrolled")} light
        {capture.models.map((model) => ` · ${model.name} ${model.version}`)}
      </Text>
    </section>
  );
}

/** Photographs with what was outlined in them, list and picture linked both ways. */
export default function CapturesPage() {
  const params = useParams();
  const [lit, light] = useState<number | null>(null);
  const list = useQuery({
    queryKey: ["captures"],
    queryFn: () => unwrap(api.GET("/api/captures", { params: { query: { limit: 50 } } })),
    refetchInterval: 5000,
  });
  const id = params["id"] ?? list.data?.[0]?.id;
  const capture = useCapture(id);
  const photo = usePhoto(id);
  // What people see here is what was reviewed, not what was proposed.
  const review = useStandingReview(capture.data?.analysed_at ? id : undefined);
  const findings = useMemo(
    () => review.data?.findings.filter((one) => one.standing !== "removed") ?? NONE,
    [review.data],
  );
  const error = list.error ?? capture.error ?? photo.error ?? review.error;
  return (
    <>
      {error && <Alert color="red.9">{sentenceOf(error)}</Alert>}
      {list.data?.length === 0 && <Title order={1}>No photographs yet</Title>}
      {id !== undefined && (
        <div className="review">
          <nav className="card shots" aria-label="Photographs">
            {(list.data ?? []).map((one) => (
              <NavLink key={one.id} to={`/tablet/captures/${one.id}`} className={one.id === id ? "active" : ""}>
                <b>{one.client_name}</b>
                <span>
                  {words(one.view)} · {one.findings} proposed
                </span>
              </NavLink>
            ))}
          </nav>
          <div className="card photo">
            {photo.data && <Photo bitmap={photo.data} findings={findings} lit={lit} light={light} />}
          </div>
          {capture.data && (
            <Facts capture={capture.data} review={review.data} findings={findings} lit={lit} light={light} />
          )}
        </div>
      )}
    </>
  );
}
