// Makes the types of the API of its description, `openapi.json`, which `KEYWAY_WRITE=1 cargo test -p tests --test dashboard`
// writes.
import { readFileSync, writeFileSync } from "node:fs";
import openapi, { astToString } from "openapi-typescript";

const at = (path) => new URL(path, import.meta.url);
const ast = await openapi(JSON.parse(readFileSync(at("../openapi.json"), "utf8")));
const text = `// Made of \`openapi.json\` by \`npm run types\`.\n${astToString(ast)}`;
if (process.argv.includes("--check")) {
  if (readFileSync(at("../src/lib/schema.ts"), "utf8") !== text) {
    console.error("src/lib/schema.ts is not current: npm run types");
    process.exit(1);
  }
} else {
  writeFileSync(at("../src/lib/schema.ts"), text);
}
