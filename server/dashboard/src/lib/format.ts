// How numbers, times and states are written.

const relative = new Intl.RelativeTimeFormat(undefined, { numeric: "auto", style: "short" });
const exact = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
const units: [Intl.RelativeTimeFormatUnit, number][] = [
  ["year", 31_536_000],
  ["month", 2_592_000],
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
];

/** How long ago, or in how long. */
export function ago(time: string | null | undefined, now = Date.now()): string {
  if (!time) return "–";
  const seconds = (Date.parse(time) - now) / 1000;
  for (const [unit, length] of units) {
    if (Math.abs(seconds) >= length) return relative.format(Math.round(seconds / length), unit);
  }
  return Math.abs(seconds) < 5 ? "now" : relative.format(Math.round(seconds), "second");
}

/** The moment itself. */
export const moment = (time: string | null | undefined) => (time ? exact.format(new Date(time)) : "–");

/** A length of time in milliseconds. */
export function lasted(ms: number): string {
  if (!Number.isFinite(ms) || ms < 0) return "–";
  if (ms < 1) return "< 1 ms";
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(ms < 10_000 ? 1 : 0)} s`;
  if (ms < 3_600_000) return `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1000)} s`;
  if (ms < 86_400_000) return `${Math.floor(ms / 3_600_000)} h ${Math.round((ms % 3_600_000) / 60_000)} min`;
  return `${Math.floor(ms / 86_400_000)} d ${Math.round((ms % 86_400_000) / 3_600_000)} h`;
}

export const between = (from?: string | null, to?: string | null) =>
  from ? lasted((to ? Date.parse(to) : Date.now()) - Date.parse(from)) : "–";

/** An amount of US dollars, which the service tells as text. */
export function dollars(text: string | number | null | undefined): string {
  if (text === null || text === undefined) return "not known";
  const amount = Number(text);
  if (!Number.isFinite(amount)) return String(text);
  if (amount === 0) return "$0";
  const digits = Math.abs(amount) >= 1 ? 2 : Math.abs(amount) >= 0.01 ? 4 : 6;
  const shown = amount.toFixed(digits);
  return `$${digits > 2 ? shown.replace(/0+$/, "").replace(/\.(\d?)$/, (_, one: string) => `.${one.padEnd(2, "0")}`) : shown}`;
}

export const count = (number: number) => number.toLocaleString();

export const plural = (number: number, one: string, more = `${one}s`) => `${count(number)} ${number === 1 ? one : more}`;

/** A state in words. */
export const stateWords: Record<string, string> = {
  not_started: "not started",
  in_doubt: "in doubt",
  no_credit: "no credit",
  rate_limited: "rate limited",
};
export const words = (state: string) => stateWords[state] ?? state.replaceAll("_", " ");

/** How the state of a thing looks. */
export function toneOf(state: string): "good" | "bad" | "busy" | "wait" | "none" {
  switch (state) {
    case "succeeded":
    case "valid":
    case "working":
    case "works":
    case "well":
    case "ready":
    case "enabled":
      return "good";
    case "failed":
    case "invalid":
    case "expired":
    case "revoked":
    case "failing":
    case "not_ready":
    case "refused":
    case "no_credit":
      return "bad";
    case "running":
      return "busy";
    case "waiting":
    case "in_doubt":
    case "paused":
    case "queued":
    case "low":
    case "rate_limited":
    case "untested":
    case "sealed":
      return "wait";
    default:
      return "none";
  }
}

/** JSON for people: short on one line, else indented. */
export function json(value: unknown): string {
  const flat = JSON.stringify(value);
  return flat === undefined ? "" : flat.length <= 72 ? flat : JSON.stringify(value, null, 2);
}
