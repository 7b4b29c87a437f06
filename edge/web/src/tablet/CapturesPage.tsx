import { Alert, Text, Title } from "@mantine/core";
import { sentenceOf, unwrap, words } from "@medspasync/kit";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Link, NavLink, useParams } from "react-router";
import { api, type Schemas } from "../api/client";
import { Photo } from "./Photo";

type Capture = Schemas["CaptureDetail"];
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

function Facts({ capture, lit, light }: { capture: Capture; lit: number | null; light: (n: number | null) => void }) {
  const regions = [...new Set(capture.items.map((one) => one.region ?? "elsewhere"))];
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
      {capture.items.length === 0 && <p className="quiet">No visible features were outlined.</p>}
      {regions.map((region) => (
        <div key={region}>
          <h2>{words(region)}</h2>
          {capture.items
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
                <span className="numbers">{Math.round(one.confidence * 100)} %</span>
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
  const capture = useQuery({
    queryKey: ["capture", id],
    enabled: id !== undefined,
    queryFn: () => unwrap(api.GET("/api/captures/{capture_id}", { params: { path: { capture_id: id as string } } })),
  });
  const photo = usePhoto(id);
  const error = list.error ?? capture.error ?? photo.error;
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
                  {words(one.view)} · {one.findings} outlined
                </span>
              </NavLink>
            ))}
          </nav>
          <div className="card photo">
            {capture.data && photo.data && <Photo bitmap={photo.data} capture={capture.data} lit={lit} light={light} />}
          </div>
          {capture.data && <Facts capture={capture.data} lit={lit} light={light} />}
        </div>
      )}
    </>
  );
}
