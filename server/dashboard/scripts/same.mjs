// Builds the pages into a folder of its own and compares it with what is checked in. Packed files are compared by what is in
// them: two versions of a packer need not agree.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { brotliDecompressSync, gunzipSync } from "node:zlib";

const home = new URL("..", import.meta.url).pathname;
const walk = (folder) =>
  readdirSync(folder, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? walk(join(folder, entry.name)) : [join(folder, entry.name)],
  );
const read = (folder) => {
  const all = new Map();
  for (const path of walk(folder)) {
    const bytes = readFileSync(path);
    const unpacked = path.endsWith(".br") ? brotliDecompressSync(bytes) : path.endsWith(".gz") ? gunzipSync(bytes) : bytes;
    all.set(relative(folder, path), unpacked);
  }
  return all;
};

/** The paths at which two folders differ. */
export function differences(kept, made) {
  const paths = new Set([...kept.keys(), ...made.keys()]);
  return [...paths].filter((path) => !kept.has(path) || !made.has(path) || Buffer.compare(kept.get(path), made.get(path)) !== 0);
}

const out = mkdtempSync(join(tmpdir(), "keyway-pages-"));
try {
  execFileSync("npx", ["vite", "build", "--outDir", out, "--logLevel", "warn"], { cwd: home, stdio: "inherit" });
  execFileSync("node", [join(home, "scripts/pack.mjs"), out], { cwd: home, stdio: "inherit" });
  const [kept, made] = [read(join(home, "dist")), read(out)];
  // It sees a byte that differs, and a file that is missing.
  const changed = new Map(made);
  changed.set("index.html", Buffer.concat([made.get("index.html"), Buffer.from(" ")]));
  changed.delete("icon.svg");
  if (differences(made, changed).length !== 2) throw new Error("this comparison sees nothing");
  const found = differences(kept, made);
  if (found.length) {
    console.error(`dist is not what its source makes: ${found.join(", ")}; run \`npm run build\``);
    process.exit(1);
  }
  console.log(`dist is what its source makes: ${made.size} files`);
} finally {
  rmSync(out, { recursive: true, force: true });
}
