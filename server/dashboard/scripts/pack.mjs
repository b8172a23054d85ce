// Packs what Vite built, and writes the list of files by which the program has them: `dist/files.rs`.
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const dist = process.argv[2] ?? new URL("../dist", import.meta.url).pathname;
const kinds = {
  css: "text/css; charset=utf-8",
  html: "text/html; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  png: "image/png",
  svg: "image/svg+xml",
  webmanifest: "application/manifest+json",
};
// What does not get smaller is not packed.
const packed = new Set(["css", "html", "js", "svg", "webmanifest"]);

const walk = (folder) =>
  readdirSync(folder, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? walk(join(folder, entry.name)) : [join(folder, entry.name)],
  );
const files = walk(dist)
  .map((path) => relative(dist, path))
  .filter((path) => !/\.(br|gz|rs)$/.test(path))
  .sort();

let rust = "//! The files of the pages. Written by `npm run build` in `server/dashboard/`.\n\nuse super::File;\n\n";
rust += "/// All of them, by their paths.\npub const FILES: &[File] = &[\n";
let total = 0;
for (const path of files) {
  const kind = path.split(".").pop();
  if (!kinds[kind]) throw new Error(`what is ${path}?`);
  const bytes = readFileSync(join(dist, path));
  const hash = createHash("sha256").update(bytes).digest("hex").slice(0, 16);
  const include = (name) => `include_bytes!(${JSON.stringify(name)})`;
  let [brotli, gzip] = ["&[]", "&[]"];
  total += bytes.length;
  if (packed.has(kind)) {
    const br = brotliCompressSync(bytes, {
      params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length },
    });
    const gz = gzipSync(bytes, { level: 9 });
    // The byte that names the system on which it was packed is the same everywhere.
    gz[9] = 255;
    writeFileSync(join(dist, `${path}.br`), br);
    writeFileSync(join(dist, `${path}.gz`), gz);
    [brotli, gzip] = [include(`${path}.br`), include(`${path}.gz`)];
    total += br.length - bytes.length;
  }
  const kept = path.startsWith("assets/");
  rust += `    File { path: ${JSON.stringify(path)}, kind: ${JSON.stringify(kinds[kind])}, hash: "${hash}", kept: ${kept}, `;
  rust += `plain: ${include(path)}, brotli: ${brotli}, gzip: ${gzip} },\n`;
}
rust += "];\n";
writeFileSync(join(dist, "files.rs"), rust);
console.log(`${files.length} files, ${(total / 1000).toFixed(0)} kB packed`);
