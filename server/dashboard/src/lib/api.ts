// What is asked of the service: the routes of its public API, typed by its description.
import type { paths } from "./schema";

type Method = "get" | "post" | "put" | "delete";
type Has<P extends keyof paths, M extends Method> = paths[P] extends Record<M, infer O> ? O : never;
type Body<O> = O extends { requestBody?: { content: { "application/json": infer B } } } ? B : never;
type Answers<O> = O extends { responses: infer R } ? R[keyof R & (200 | 201 | 202)] : never;
type Json<A> = A extends { content: { "application/json": infer J } } ? J : never;

/** What a route answers where it did what it was asked. */
export type Told<P extends keyof paths, M extends Method = "get"> = Json<Answers<Has<P, M>>>;

/** Why something was not done, as the service tells it. */
export class Fault extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly help: string | null = null,
  ) {
    super(message);
  }

  static of(error: unknown): Fault {
    if (error instanceof Fault) return error;
    return new Fault(0, "page", error instanceof Error ? error.message : String(error));
  }
}

/** What a session needs of every request. */
export const session = {
  /** What is sent with everything that changes something. */
  csrf: "",
  /** What to do when nobody is signed in any more. */
  lost: () => {},
};

export interface Wish<B> {
  /** The parts of the address by their names. */
  parts?: Record<string, string>;
  query?: Record<string, string | number | undefined>;
  body?: B;
  /** Under this key the same wish is done once. */
  once?: string;
  signal?: AbortSignal;
}

/** Asks a route. */
export async function ask<P extends keyof paths, M extends Method>(
  method: M,
  path: P,
  wish: Wish<Body<Has<P, M>>> = {},
): Promise<Told<P, M>> {
  let address: string = path;
  for (const [name, part] of Object.entries(wish.parts ?? {})) {
    address = address.replace(`{${name}}`, encodeURIComponent(part));
  }
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(wish.query ?? {})) {
    if (value !== undefined && value !== "") query.set(name, String(value));
  }
  if (query.size) address += `?${query}`;
  const headers: Record<string, string> = {};
  if (wish.body !== undefined) headers["content-type"] = "application/json";
  if (method !== "get" && session.csrf) headers["x-csrf-token"] = session.csrf;
  if (wish.once) headers["idempotency-key"] = wish.once;
  let answer: Response;
  try {
    answer = await fetch(address, {
      method: method.toUpperCase(),
      headers,
      credentials: "same-origin",
      body: wish.body === undefined ? null : JSON.stringify(wish.body),
      signal: wish.signal ?? null,
    });
  } catch (error) {
    if (wish.signal?.aborted) throw error;
    throw new Fault(0, "unreachable", "the service does not answer", "is `keyway serve` running?");
  }
  const told = await answer.json().catch(() => null);
  if (answer.ok || (answer.status === 503 && path === "/readyz")) return told;
  const fault = new Fault(
    answer.status,
    told?.code ?? "unknown",
    told?.message ?? `the service answered ${answer.status}`,
    told?.help ?? null,
  );
  if (fault.code === "signed_out" && path !== "/api/v1/session") session.lost();
  throw fault;
}

/** A key for a wish, so that it is done once however often it is sent. */
export const onceKey = () => crypto.randomUUID();
