import type { Schemas } from "../../api/client";

type State = Schemas["Erasure"]["state"];

export const STATES: Record<State, { tone: string; text: string }> = {
  requested: { tone: "warn", text: "Waits for a colleague" },
  approved: { tone: "warn", text: "Being erased" },
  refused: { tone: "bad", text: "Refused, kept" },
  erased: { tone: "warn", text: "Erased, receipt to come" },
  confirmed: { tone: "good", text: "Erased and proven" },
};
export const REASONS: readonly Schemas["ErasureReason"][] = [
  "client_asked",
  "consent_withdrawn",
  "retention_ended",
  "registered_twice",
  "authority_ordered",
];
export const REFUSALS: readonly Schemas["RefusalReason"][] = [
  "identity_not_proven",
  "record_must_be_kept",
  "legal_hold",
  "asked_by_mistake",
];
export const BASES: readonly { value: Schemas["LegalBasis"]; label: string }[] = [
  { value: "gdpr_article_17", label: "GDPR, Article 17" },
  { value: "ccpa_right_to_delete", label: "CCPA, right to delete" },
  { value: "state_privacy_law", label: "State privacy law" },
  { value: "retention_policy", label: "Retention policy" },
  { value: "court_order", label: "Court order" },
];
