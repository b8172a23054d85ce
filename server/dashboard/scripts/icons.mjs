// Draws the mark of `public/icon.svg` as PNG files: a lock's plate with its keyway. Needs nothing but Node.
import { writeFileSync } from "node:fs";
import { crc32, deflateSync } from "node:zlib";

const plate = [0x17, 0x33, 0x2e];
const brass = [0xe3, 0xb6, 0x56];

/** The colour at a point of the mark, whose side is 64; nothing outside of its corners. */
function colour(x, y) {
  const round = 14;
  const [dx, dy] = [x, y].map((v) => Math.max(round - v, v - (64 - round), 0));
  if (Math.hypot(dx, dy) > round) return null;
  const ring = Math.hypot(x - 32, y - 24);
  if (ring < 5) return plate;
  const stem = x > 25.5 && x < 38.5 && y > 24 && y < 46;
  const foot = x > 20 && x < 44 && y > 45 && y < 52;
  return ring < 13 || stem || foot ? brass : plate;
}

function png(side) {
  const fine = 4;
  const rows = Buffer.alloc(side * (side * 4 + 1));
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      const sum = [0, 0, 0, 0];
      for (let i = 0; i < fine * fine; i++) {
        const at = (v, step) => ((v + (step + 0.5) / fine) * 64) / side;
        const found = colour(at(x, i % fine), at(y, Math.floor(i / fine)));
        if (found) [...found, 255].forEach((value, channel) => (sum[channel] += value));
      }
      const seen = sum[3] / 255;
      const to = y * (side * 4 + 1) + 1 + x * 4;
      for (let channel = 0; channel < 3; channel++) rows[to + channel] = seen ? Math.round(sum[channel] / seen) : 0;
      rows[to + 3] = Math.round(sum[3] / (fine * fine));
    }
  }
  const chunk = (name, data) => {
    const body = Buffer.concat([Buffer.from(name), data]);
    const whole = Buffer.alloc(body.length + 8);
    whole.writeUInt32BE(data.length, 0);
    body.copy(whole, 4);
    whole.writeUInt32BE(crc32(body), body.length + 4);
    return whole;
  };
  const head = Buffer.alloc(13);
  head.writeUInt32BE(side, 0);
  head.writeUInt32BE(side, 4);
  head.set([8, 6, 0, 0, 0], 8);
  const sign = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([sign, chunk("IHDR", head), chunk("IDAT", deflateSync(rows, { level: 9 })), chunk("IEND", Buffer.alloc(0))]);
}

for (const side of [192, 512]) {
  writeFileSync(new URL(`../public/icon-${side}.png`, import.meta.url), png(side));
}
