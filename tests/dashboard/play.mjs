// Plays scenes on the pages of a service, in a browser, and says what came of each: a line of JSON for every scene.
// `tests/tests/dashboard/played.rs` starts the service and reads the lines.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { Pictures } from "./pictures.mjs";
import { scenes } from "./scenes.mjs";

const env = process.env;
const modules = createRequire(join(env.KEYWAY_NPM, "package.json"));
const { chromium } = modules("playwright-core");
const axe = readFileSync(modules.resolve("axe-core/axe.min.js"), "utf8");

const browser = await chromium.launch({
  executablePath: env.KEYWAY_CHROMIUM,
  args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"],
});

/** Everything that must not happen on any page. */
export const seen = { dialogs: [], violations: [], errors: [], others: [] };

/** A person at a browser of their own. */
async function person(options = {}) {
  const context = await browser.newContext({ baseURL: env.KEYWAY_URL, viewport: { width: 1280, height: 860 }, locale: "en-GB", ...options });
  context.setDefaultTimeout(30_000);
  await context.grantPermissions(["clipboard-read", "clipboard-write"], { origin: env.KEYWAY_URL });
  // What the policy of the pages forbids is told to the page itself first.
  await context.addInitScript(() => {
    addEventListener("securitypolicyviolation", (event) => {
      // A browser that edits text puts styles of its own on what it moves; the policy takes them away, and the editor as well.
      const edited = event.composedPath().some((node) => node instanceof Element && node.closest(".cm-content, .editor"));
      if (event.effectiveDirective === "style-src-attr" && !event.sourceFile && edited) return;
      console.error(`VIOLATION ${event.effectiveDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber} ${event.sample}`);
    });
  });
  context.on("page", (page) => {
    page.on("dialog", (dialog) => {
      seen.dialogs.push(dialog.message());
      void dialog.dismiss();
    });
    page.on("console", (message) => {
      if (message.text().startsWith("VIOLATION")) seen.violations.push(message.text());
    });
    page.on("pageerror", (error) => seen.errors.push(String(error)));
    page.on("request", (request) => {
      const url = request.url();
      // Somebody who agrees at a service is sent to its page, and the page asks nothing else of it.
      if (url.startsWith(`${env.KEYWAY_SERVICE}/`) && request.isNavigationRequest()) return;
      if (!url.startsWith(`${env.KEYWAY_URL}/`) && !url.startsWith("data:") && !url.startsWith("blob:")) seen.others.push(url);
    });
  });
  return context;
}

const state = {
  /** Lets the double of a provider say the rest. */
  goOn: () => console.log(JSON.stringify({ wish: "go on" })),
  /** Ends the service while a call is under way, and begins it again. */
  restart: () => console.log(JSON.stringify({ wish: "restart" })),
  naughty: env.KEYWAY_NAUGHTY ? JSON.parse(env.KEYWAY_NAUGHTY) : null,
};
const pictures = new Pictures({ kept: env.KEYWAY_PICTURES, write: Boolean(env.KEYWAY_WRITE), differing: env.KEYWAY_DIFFERING });
const world = { env, seen, person, axe, pictures, state };
const only = env.KEYWAY_SCENES?.split("; ");
let failed = 0;
for (const [name, scene] of Object.entries(scenes)) {
  if (only && !only.includes(name)) continue;
  const began = Date.now();
  const before = Object.fromEntries(Object.entries(seen).map(([key, list]) => [key, list.length]));
  let checks = 0;
  const check = (right, what) => {
    checks++;
    if (!right) throw new Error(`not so: ${what}`);
  };
  const notes = [];
  let trouble = null;
  try {
    await scene({ ...world, check, note: (text) => notes.push(text) });
    for (const [key, list] of Object.entries(seen)) {
      const more = list.slice(before[key]);
      if (more.length && name !== "control") throw new Error(`${key}: ${more.slice(0, 3).join(" | ")}`);
    }
  } catch (error) {
    trouble = String(error.stack ?? error).slice(0, 1500);
    failed++;
    const page = world.state.page;
    if (env.KEYWAY_FAILED && page) await page.screenshot({ path: join(env.KEYWAY_FAILED, `${name}.png`) }).catch(() => {});
  }
  console.log(JSON.stringify({ scene: name, checks, ms: Date.now() - began, ...(notes.length ? { notes } : {}), trouble }));
}
await browser.close();
process.exit(failed ? 1 : 0);
