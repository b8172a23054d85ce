// How the pages stand a place with ten thousand runs and a workflow of five hundred steps: what somebody does is measured from the
// click to the picture on the screen. `tests/tests/pages.rs` starts the service, reads the lines and judges them.
import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { join } from "node:path";

const env = process.env;
const modules = createRequire(join(env.KEYWAY_NPM, "package.json"));
const { chromium } = modules("playwright-core");
const TIMES = Number(env.KEYWAY_TIMES);
const say = (told) => console.log(JSON.stringify(told));
const wait = (ms) => new Promise((done) => setTimeout(done, ms));

const browser = await chromium.launch({
  executablePath: env.KEYWAY_CHROMIUM,
  args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"],
});
const others = [];
async function person(options = {}) {
  const context = await browser.newContext({ baseURL: env.KEYWAY_URL, viewport: { width: 1280, height: 860 }, locale: "en-GB", ...options });
  context.setDefaultTimeout(60_000);
  context.on("request", (request) => {
    if (!request.url().startsWith(`${env.KEYWAY_URL}/`) && !/^(data|blob):/.test(request.url())) others.push(request.url());
  });
  return context;
}

/** Does something in the page, and gives how long it took until what is waited for stood on the screen. */
const measured = (page, act, until, given = null) =>
  page.evaluate(`(async (act, until, given) => {
    const began = performance.now();
    const before = act(given);
    for (;;) {
      await new Promise(requestAnimationFrame);
      if (until(given, before)) break;
      if (performance.now() - began > 20000) throw new Error("it does not come: " + until);
    }
    // What was made for this picture of the screen is on it when the next task comes.
    await new Promise((done) => {
      const channel = new MessageChannel();
      channel.port1.onmessage = done;
      channel.port2.postMessage(null);
    });
    return performance.now() - began;
  })(${act}, ${until}, ${JSON.stringify(given)})`);

/** The same several times, each after something that is not measured. */
async function often(what, page, before, act, until, given) {
  const all = [];
  for (let i = 0; i < TIMES; i++) {
    await before(i);
    // What is asked again by itself meets what is measured sometimes, as it does everywhere.
    await wait(60);
    all.push(await measured(page, act, until, typeof given === "function" ? given(i) : given));
  }
  say({ interaction: what, ms: all });
}

async function visit(page, path) {
  await page.goto(`/dashboard${path}`);
  await page.locator("h1").first().waitFor();
  await page.waitForFunction(() => [...document.querySelectorAll("main [role=status]")].every((one) => !/…$/.test(one.textContent.trim())));
}

// Somebody signs in.
const context = await person();
const page = await context.newPage();
await page.goto(env.KEYWAY_LINK);
await page.getByLabel("Name", { exact: true }).fill("ada@example.com");
await page.locator("input[type=password]").nth(0).fill("a password of twelve");
await page.getByLabel("Password again").fill("a password of twelve");
await page.getByRole("button", { name: "Create the owner" }).click();
await page.getByRole("heading", { level: 1, name: "Workflows" }).waitFor();
const storage = await context.storageState();

// The list of ten thousand runs.
await visit(page, "/runs");
await page.locator("tbody tr").nth(49).waitFor();
const choose = ([label, value]) => {
  const select = [...document.querySelectorAll("label")].find((one) => one.textContent.includes(label)).querySelector("select");
  select.value = value;
  select.dispatchEvent(new Event("change", { bubbles: true }));
};
const all = async () => {
  await visit(page, "/runs");
  await page.locator("tbody tr").nth(49).waitFor();
};
await often("runs: by state", page, all, choose, () => {
  const shown = [...document.querySelectorAll("tbody td:first-child")];
  return shown.length > 0 && shown.every((one) => one.textContent.includes("failed"));
}, ["State", "failed"]);
await often("runs: by workflow", page, all, choose, ([, name]) => {
  const shown = [...document.querySelectorAll("tbody td:nth-child(2)")];
  return shown.length > 0 && shown.every((one) => one.textContent === name);
}, (i) => ["Workflow", `many-${(i % 4) + 1}`]);
await all();
await often("runs: 50 earlier ones", page, async () => {}, () => {
  const rows = document.querySelectorAll("tbody tr").length;
  [...document.querySelectorAll("button")].find((one) => one.textContent === "Earlier ones").click();
  return rows;
}, (_, before) => document.querySelectorAll("tbody tr").length >= before + 50);
await often("runs: scrolled by a screen", page, async () => {}, () => scrollBy(0, -700), () => true);
await often("runs: one is opened", page, all, (at) => document.querySelectorAll("tbody tr a.mono")[at].click(), () => document.querySelector(".facts") !== null && document.querySelector(".graph svg") !== null, (i) => i + 3);
await often("workflows: the page", page, all, () => document.querySelector('nav a[href$="/workflows"]').click(), () => document.querySelectorAll("tbody tr").length > 4);
await often("the keyboard finds a workflow", page, async () => {
  await page.keyboard.press("Escape");
  await visit(page, "/health");
  await page.keyboard.press("Control+k");
  // The names of workflows come from the service; the list shows the first dozen of all places.
  await page.locator("dialog[open] input").fill("many-");
  await page.getByRole("option", { name: /many-3/ }).first().waitFor();
}, () => {
  const input = document.querySelector("dialog[open] input");
  input.value = "many-3";
  input.dispatchEvent(new InputEvent("input", { bubbles: true }));
}, () => document.querySelectorAll("dialog[open] [role=option]").length === 1);
await page.keyboard.press("Escape");

// A run of five hundred steps.
const large = `/runs/${env.KEYWAY_LARGE}`;
await often("500 steps: the page of the run", page, all, (path) => {
  // As a link of the pages does.
  const link = document.createElement("a");
  link.href = `/dashboard${path}`;
  document.querySelector("main").append(link);
  link.click();
}, () => document.querySelector("h1")?.textContent !== "Runs", large);
// Until all of its picture is there; and the longest that the page does not answer meanwhile, between two pictures of the screen.
const drawing = { ms: [], longest: [] };
for (let i = 0; i < TIMES; i++) {
  await all();
  await wait(60);
  const [ms, longest] = await page.evaluate(async (path) => {
    const began = performance.now();
    let [last, longest] = [began, 0];
    const link = document.createElement("a");
    link.href = `/dashboard${path}`;
    document.querySelector("main").append(link);
    link.click();
    while (document.querySelectorAll(".graph g[role=button]").length < 500) {
      await new Promise(requestAnimationFrame);
      const now = performance.now();
      [longest, last] = [Math.max(longest, now - last), now];
      if (now - began > 20000) throw new Error("the picture does not come");
    }
    return [performance.now() - began, longest];
  }, large);
  drawing.ms.push(ms);
  drawing.longest.push(longest);
}
say({ whole: "500 steps: all of their picture is there", ms: drawing.ms });
say({ interaction: "500 steps: the longest silence while they are drawn", ms: drawing.longest });
await often("500 steps: a step is chosen in the picture", page, async () => {}, (at) => {
  const box = document.querySelectorAll(".graph g[role=button]")[at];
  box.dispatchEvent(new MouseEvent("click", { bubbles: true }));
  return box.getAttribute("aria-label").split(/[ :]/)[1];
}, (_, name) => document.querySelector(".step h2")?.textContent.startsWith(name), (i) => 7 + i * 50);
await often("500 steps: a step is chosen in the timeline", page, async () => {}, (at) => {
  const row = document.querySelectorAll(".timeline li button")[at];
  row.click();
  return row.querySelector(".name").textContent;
}, (_, name) => document.querySelector(".step h2")?.textContent === name, (i) => 11 + i * 23);
await often("500 steps: the picture is made larger", page, async () => {}, () => {
  const svg = document.querySelector(".graph svg");
  const before = svg.getAttribute("width");
  document.querySelector('.zooms button[aria-label="Larger"]').click();
  return before;
}, (_, before) => document.querySelector(".graph svg").getAttribute("width") !== before || Number(before) > 8000);
await page.getByRole("button", { name: "Fit" }).click();
await page.getByRole("button", { name: "Larger" }).click();
await often("500 steps: the picture is moved", page, async () => {}, (i) => {
  const place = document.querySelector(".graph");
  place.scrollTo((i % 3) * 400, (i % 4) * 300);
  return [place.scrollLeft, place.scrollTop];
}, () => true, (i) => i + 1);
await often("500 steps: the page is scrolled", page, async () => {}, (i) => scrollTo(0, (i % 5) * 900), () => true, (i) => i + 1);
await context.close();

// The first picture on the screen, for a browser that has nothing of it yet, while both processors have other things to do.
const busy = [1, 2].map(() => spawn(process.execPath, ["-e", "for (;;) {}"], { stdio: "ignore" }));
const paints = [];
const contents = [];
let sizes = null;
for (let i = 0; i < TIMES; i++) {
  const fresh = await person({ storageState: storage });
  const first = await fresh.newPage();
  const session = await fresh.newCDPSession(first);
  await session.send("Network.enable");
  let bytes = 0;
  session.on("Network.loadingFinished", (event) => (bytes += event.encodedDataLength));
  await first.goto("/dashboard/workflows");
  await first.locator("tbody tr").first().waitFor();
  paints.push(await first.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? Infinity));
  contents.push(await first.evaluate(() => performance.now()));
  sizes ??= bytes;
  await fresh.close();
}
for (const one of busy) one.kill();
say({ paint: paints, content: contents, bytes: sizes });

// All files that all pages want.
const walker = await person({ storageState: storage });
const walk = await walker.newPage();
const session = await walker.newCDPSession(walk);
await session.send("Network.enable");
const files = new Map();
const names = new Map();
session.on("Network.responseReceived", (event) => names.set(event.requestId, event.response.url));
session.on("Network.loadingFinished", (event) => {
  const url = new URL(names.get(event.requestId) ?? "http://none/");
  if (url.pathname.startsWith("/dashboard")) files.set(url.pathname.includes("/assets/") ? url.pathname : "the page itself", event.encodedDataLength);
});
for (const path of ["/workflows", "/workflows/many-1", "/workflows/many-1/plan", "/workflows/many-1/versions", "/workflows/new", "/generate", "/runs", large, `${large}/compare`, "/inbox", "/connections", "/connections/slack", "/use", "/settings", "/audit", "/health"]) await visit(walk, path);
await wait(500);
say({ files: files.size, bytes_of_all_files: [...files.values()].reduce((all, one) => all + one, 0), others });

// Three pages that are looked at and not touched: what they cost the service.
for (const path of ["/workflows", "/runs", large]) {
  const idle = await walker.newPage();
  await visit(idle, path);
}
await walk.close();
await wait(2000);
say({ wish: "idle" });
await wait(Number(env.KEYWAY_IDLE) * 1000);
say({ wish: "idle no more" });
await browser.close();
say({ scene: "large", trouble: null });
