// Accounts at services, as they are connected and shown.
import type { Told } from "./api";

export type Service = Told<"/api/v1/connectors/{connector}">;
export type Way = Service["ways"][number];
export type Step = Told<"/api/v1/connections/{connector}", "post">;
export type Account = Told<"/api/v1/connections">["connections"][number] & {
  fields: Record<string, unknown>;
  health: { state: string; time: string | null; trouble?: string | null } | null;
  reconnect: { why: string; type: string } | null;
};

const KINDS: Record<string, string> = {
  api_key: "With a key",
  basic: "With a user and a password",
  bearer: "With a token",
  body_keys: "With keys",
  none: "Without signing in",
  oauth1a: "With keys of an app and of an account",
  oauth2_client_credentials: "As the app itself",
  oauth2_code: "In a browser",
  oauth2_device_code: "At another device",
  oauth2_jwt_bearer: "As an account of a machine",
};

/** What a way of signing in is called. */
export const wayName = (way: Way) => KINDS[way.kind] ?? way.way;

/** The scopes that are asked for an account: those that always are, and those of deployed workflows, with which these are. */
export function scopesOf(service: Service, way: Way, name: string) {
  const all = new Map<string, Set<string>>(way.scopes.map((scope) => [scope, new Set()]));
  if (way.begins === "given") return all;
  for (const need of service.needs) {
    if (need.connection !== null && need.connection !== name) continue;
    for (const scope of need.scopes) all.set(scope, (all.get(scope) ?? new Set()).add(need.workflow));
  }
  return all;
}

/** The address of a page that a browser may be sent to; nothing for any other. */
export function pageAt(address: string | undefined) {
  const url = address && URL.canParse(address) ? new URL(address) : null;
  return url && (url.protocol === "https:" || url.protocol === "http:") ? url.href : null;
}
