// The service counts bytes of UTF-8 and characters, a browser counts halves of UTF-16.

const encoder = new TextEncoder();

/** How many bytes come before a place. */
export const byteAt = (text: string, at: number) => encoder.encode(text.slice(0, at)).length;

/** The place before which so many bytes come. */
export function placeAt(text: string, bytes: number): number {
  let [at, seen] = [0, 0];
  while (at < text.length && seen < bytes) {
    const code = text.codePointAt(at) ?? 0;
    seen += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    at += code > 0xffff ? 2 : 1;
  }
  return at;
}

/** The place of a column, counted in characters from 1. */
export function placeInLine(line: string, column: number): number {
  let at = 0;
  for (let seen = 1; seen < column && at < line.length; seen++) {
    at += (line.codePointAt(at) ?? 0) > 0xffff ? 2 : 1;
  }
  return at;
}
