/** What every refusal of either server looks like. */
export interface ErrorBody {
  code: string;
  sentence: string;
  field?: string | null;
}

/** A refusal with the sentence a person should read. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly body: ErrorBody,
  ) {
    super(body.sentence);
  }
}

const UNREACHABLE: ErrorBody = {
  code: "unreachable",
  sentence: "There is no answer right now. This page tries again by itself.",
};

/** Turns an openapi-fetch answer into its data, or throws the error a page can show. */
export async function unwrap<T>(
  call: Promise<{ data?: T; error?: unknown; response: Response }>,
): Promise<T> {
  const { data, error, response } = await call.catch(() => {
    throw new ApiError(0, UNREACHABLE);
  });
  if (data !== undefined) return data;
  const known = typeof error === "object" && error !== null && "sentence" in error;
  throw new ApiError(response.status, known ? (error as ErrorBody) : UNREACHABLE);
}

/** The sentence to show for whatever went wrong. */
export function sentenceOf(error: unknown): string {
  return error instanceof ApiError ? error.body.sentence : UNREACHABLE.sentence;
}
