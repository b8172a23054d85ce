// Pictures of pages, made alike at every time and compared with those that are kept in `docs/images/dashboard`.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { inflateSync } from "node:zlib";

/** The side of the squares whose middle colours are compared: the edges of letters differ between versions of a browser. */
const SIDE = 4;
/** By how much of 255 two squares differ. */
const FAR = 20;
/** The share of squares that may differ. */
const MOST = 0.001;

/** What has another size each time: it is left out where it stands. */
const LEFT_OUT = "canvas, .chart, .bar, td svg[role=img], .toasts p";

/** Reads a PNG as Chromium writes it: eight bits, three or four channels, not interlaced. */
export function read(bytes) {
  const data = [];
  let head = null;
  for (let at = 8; at < bytes.length; ) {
    const length = bytes.readUInt32BE(at);
    const kind = bytes.toString("latin1", at + 4, at + 8);
    const body = bytes.subarray(at + 8, at + 8 + length);
    if (kind === "IHDR") head = { width: body.readUInt32BE(0), height: body.readUInt32BE(4), depth: body[8], colour: body[9], laced: body[12] };
    if (kind === "IDAT") data.push(body);
    at += length + 12;
  }
  const channels = { 2: 3, 6: 4 }[head?.colour];
  if (!channels || head.depth !== 8 || head.laced) throw new Error("a PNG of another kind");
  const { width, height } = head;
  const packed = inflateSync(Buffer.concat(data));
  const row = width * channels;
  const pixels = Buffer.alloc(row * height);
  for (let y = 0; y < height; y++) {
    const filter = packed[y * (row + 1)];
    for (let i = 0; i < row; i++) {
      const left = i >= channels ? pixels[y * row + i - channels] : 0;
      const up = y ? pixels[(y - 1) * row + i] : 0;
      const corner = y && i >= channels ? pixels[(y - 1) * row + i - channels] : 0;
      let by = 0;
      if (filter === 1) by = left;
      else if (filter === 2) by = up;
      else if (filter === 3) by = (left + up) >> 1;
      else if (filter === 4) {
        const [a, b, c] = [Math.abs(up - corner), Math.abs(left - corner), Math.abs(left + up - 2 * corner)];
        by = a <= b && a <= c ? left : b <= c ? up : corner;
      }
      pixels[y * row + i] = packed[y * (row + 1) + 1 + i] + by;
    }
  }
  return { width, height, channels, pixels };
}

/** The share of squares in which two pictures differ, outside of these places; all, where their sizes do. */
export function share(one, two, without = []) {
  if (one.width !== two.width || one.height !== two.height) return 1;
  const [across, down] = [Math.ceil(one.width / SIDE), Math.ceil(one.height / SIDE)];
  const out = new Uint8Array(across * down);
  for (const { x, y, width, height } of without) {
    const until = (from, length, most) => Math.min(Math.ceil((from + length) / SIDE), most);
    for (let v = Math.max(0, Math.floor(y / SIDE)); v < until(y, height, down); v++) {
      for (let u = Math.max(0, Math.floor(x / SIDE)); u < until(x, width, across); u++) out[v * across + u] = 1;
    }
  }
  const middle = ({ width, height, channels, pixels }, u, v, channel) => {
    let [sum, count] = [0, 0];
    for (let y = v * SIDE; y < Math.min((v + 1) * SIDE, height); y++) {
      for (let x = u * SIDE; x < Math.min((u + 1) * SIDE, width); x++, count++) sum += pixels[(y * width + x) * channels + channel];
    }
    return sum / count;
  };
  let differ = 0;
  for (let v = 0; v < down; v++) {
    // Most are alike to the byte.
    const [from, to] = [v * SIDE, Math.min((v + 1) * SIDE, one.height)].map((y) => y * one.width * one.channels);
    if (one.channels === two.channels && one.pixels.compare(two.pixels, from, to, from, to) === 0) continue;
    for (let u = 0; u < across; u++) {
      if (out[v * across + u]) continue;
      for (let channel = 0; channel < 3; channel++) {
        if (Math.abs(middle(one, u, v, channel) - middle(two, u, v, channel)) <= FAR) continue;
        differ++;
        break;
      }
    }
  }
  return differ / (across * down);
}

/** Puts what differs each time — moments, lengths, names of runs, ports — in the same words; gives what has to be left out. */
function still(leftOut) {
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const run = /\b01[0-9a-hjkmnp-tv-z]{13,28}\b/g;
  for (let node = texts.nextNode(); node; node = texts.nextNode()) {
    if (node.parentElement.closest("script, style, .cm-editor")) continue;
    const at = node.parentElement.closest("time");
    const before = node.data;
    let text = before;
    if (at) text = /^(in |tomorrow)/.test(text) ? "in 9 min" : "2 min ago";
    else {
      text = text
        .replace(run, "01m8p3h1gy3cd2j3")
        .replace(/\b\d{4}-\d\d-\d\dT[\d:.]+Z/g, "2026-11-30T12:00:00Z")
        .replace(/\b\d{4}-\d\d-\d\d\b/g, "2026-11-30")
        .replace(/\b\d{1,2} \w{3,4} \d{4}, \d\d:\d\d:\d\d\b/g, "30 Nov 2026, 12:00:00")
        .replace(/127\.0\.0\.1:\d+/g, "127.0.0.1:7878")
        .replace(/(< )?\b\d+(\.\d)? ms\b|\b\d+(\.\d)? s\b|\b\d+ min \d+ s\b/g, "20 ms")
        .replace(/\b\d+ ?(sec|seconds?|minutes?)( \d+ ?s)?\b(?! ?m)/g, "20 sec")
        .replace(/\b\d+(\.\d+)? (kB|MB|GB)\b/g, "10 MB");
    }
    if (text !== before) node.data = text;
  }
  for (const input of document.querySelectorAll("input")) {
    const text = input.value.replace(/127\.0\.0\.1:\d+/g, "127.0.0.1:7878");
    if (text !== input.value) input.value = text;
  }
  for (const option of document.querySelectorAll("option")) option.removeAttribute("title");
  document.activeElement?.blur?.();
  return [...document.querySelectorAll(leftOut)].map((one) => {
    const { x, y, width, height } = one.getBoundingClientRect();
    return { x, y, width, height };
  });
}

/** Pictures of pages: written where `KEYWAY_WRITE` says so, else compared with those that are kept. */
export class Pictures {
  constructor({ kept, write, differing }) {
    Object.assign(this, { kept, write, differing, looked: 0, worst: ["", 0], others: [] });
  }

  /** A picture of a page in both themes. */
  async both(page, name, options = {}) {
    // A text is drawn a moment after it was written.
    await page.waitForTimeout(450);
    await page.waitForLoadState("networkidle", { timeout: 2000 }).catch(() => {});
    for (const scheme of ["light", "dark"]) {
      await page.emulateMedia({ colorScheme: scheme, reducedMotion: "reduce" });
      await this.one(page, `${name}-${scheme}`, options);
    }
    await page.emulateMedia({ colorScheme: "light", reducedMotion: null });
  }

  async one(page, name, options) {
    let share = 1;
    // What was asked again meanwhile may have brought moments with it.
    for (let tries = 0; tries < 3; tries++) {
      const taken = await take(page, options);
      if (this.write) {
        writeFileSync(join(this.kept, `${name}.png`), taken.bytes);
        this.looked++;
        return;
      }
      share = this.compared(name, taken);
      if (share <= MOST) break;
      if (this.differing) writeFileSync(join(this.differing, `${name}.png`), taken.bytes);
    }
    this.looked++;
    if (share > this.worst[1]) this.worst = [name, share];
    if (share > MOST) this.others.push(`${name}: ${(share * 100).toFixed(2)} %`);
  }

  compared(name, { bytes, without }) {
    const file = join(this.kept, `${name}.png`);
    if (!existsSync(file)) throw new Error(`there is no picture ${name}: KEYWAY_WRITE=1 makes it`);
    return share(read(readFileSync(file)), read(bytes), without);
  }
}

/** A picture of a page as it stands. */
export async function take(page, options = {}) {
  const { animations = "disabled", ...rest } = options;
  await page.evaluate(() => document.fonts.ready.then(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))));
  const places = await page.evaluate(still, LEFT_OUT);
  const bytes = await page.screenshot({ animations, caret: "hide", scale: "css", ...rest });
  return { bytes, without: places };
}

/** How much of a page another style changes: what the comparison has to see. */
export async function seen(page, name, pictures, change) {
  await page.evaluate(change);
  return pictures.compared(name, await take(page));
}

export { MOST };
