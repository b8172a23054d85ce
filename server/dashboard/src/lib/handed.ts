// A text that one page hands to the next: it is taken once, and no address has it.

let text: string | null = null;

/** Hands a text to the page that comes next. */
export function hand(given: string) {
  text = given;
}

/** Takes what was handed, if anything was. */
export function taken(): string | null {
  const given = text;
  text = null;
  return given;
}
