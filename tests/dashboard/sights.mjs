// The scenes that look at every page: by keys, on a phone, for who does not see, as pictures, and with texts that break programs.
import { deployText, faults, fromTheStart, settled, signIn, visit } from "./hands.mjs";
import { MOST, seen as another } from "./pictures.mjs";

/** Where one is let in. */
const DOORS = ["/sign-in", "/setup", "/invitation", "/reset"];

/** As text that a browser would run, if any text were. */
const POISON = [
  '<script>alert(1)</script>',
  '"><img src=x onerror=alert(2)>',
  "javascript:alert(3)",
  "<svg/onload=alert(4)>",
  "{{constructor.constructor('alert(5)')()}}",
  "<iframe srcdoc='<script>alert(6)</script>'>",
  "</title><script>alert(7)</script>",
  "<style>@import 'http://evil.example/x.css'</style>",
  "<math><mtext></form><form><mglyph><style></math><img src onerror=alert(8)>",
  "`${alert(9)}`",
];

export const sights = {
  async "keyboard alone"({ person, check, state }) {
    const { page } = state;
    await visit(page, "/workflows");
    const now = () => page.evaluate(() => document.activeElement?.textContent?.trim() ?? "");
    await fromTheStart(page);
    await page.keyboard.press("Tab");
    check((await now()) === "Skip to the content", `the first stop is the skip link, not ${await now()}`);
    await page.keyboard.press("Enter");
    check((await now()) === "Workflows", "it leads to the heading");
    for (const [key, title] of [["r", "Runs"], ["i", "Inbox"], ["c", "Connections"], ["u", "Use and cost"], ["s", "API keys"], ["a", "Audit"], ["h", "Health"], ["w", "Workflows"]]) {
      await page.keyboard.press("g");
      await page.keyboard.press(key);
      await page.getByRole("heading", { level: 1, name: title }).waitFor();
    }
    await page.keyboard.press("Control+k");
    await page.keyboard.type("fixed");
    await page.getByRole("option", { name: /fixed/ }).waitFor();
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { level: 1, name: "fixed" }).waitFor();
    await page.getByRole("button", { name: "Run now" }).and(page.locator(":enabled")).waitFor();
    // On by Tab to the button that runs it, and through the dialog.
    let stops = 0;
    while ((await now()) !== "Run now" && stops++ < 40) await page.keyboard.press("Tab");
    check((await now()) === "Run now", "the button is reached by Tab");
    const ring = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
    check(ring !== "none", "one sees where one is");
    await page.keyboard.press("Enter");
    await page.getByRole("dialog").waitFor();
    stops = 0;
    while ((await now()) !== "Run it" && stops++ < 10) await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await page.locator(".facts").getByText("succeeded").waitFor();
    // A step of the picture is chosen by keys.
    stops = 0;
    const label = () => page.evaluate(() => document.activeElement?.getAttribute("aria-label") ?? "");
    while (!(await label()).startsWith("Step a") && stops++ < 40) await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Gives" }).waitFor();
    check(page.url().includes("step=a"), page.url());
    // Tab leaves the editor, as it leaves every field.
    await visit(page, "/workflows/fixed");
    await page.locator(".cm-content").focus();
    await page.keyboard.press("Tab");
    check(!(await page.evaluate(() => document.activeElement?.classList.contains("editor"))), "the editor is left");
  },

  async "phone"({ person, check, state }) {
    const phone = await person({ viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true, deviceScaleFactor: 2 });
    const page = await phone.newPage();
    await signIn(page);
    state.phone = page;
    for (const path of pages(state)) {
      await visit(page, path);
      const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      check(over <= 0, `${path} is ${over} pixels too wide`);
    }
    await page.getByRole("button", { name: /Menu/ }).click();
    await page.getByRole("link", { name: "Runs" }).click();
    await page.getByRole("heading", { level: 1, name: "Runs" }).waitFor();
    check(await page.getByRole("button", { name: /Menu/ }).isVisible(), "the menu closes where one goes");
  },

  async "axe"({ axe, person, check, state }) {
    const { page } = state;
    const outside = await (await person()).newPage();
    let looked = 0;
    for (const path of [...pages(state), ...DOORS]) {
      const at = DOORS.includes(path) ? outside : page;
      await visit(at, path);
      // A page that says it cannot show something is no page that was looked at.
      if (at === page && path !== state.failed) check((await page.locator("main [role=alert]").count()) === 0, `${path} shows an error`);
      for (const scheme of ["light", "dark"]) {
        await at.emulateMedia({ colorScheme: scheme });
        const wrong = await faults(at, axe);
        check(wrong.length === 0, `${scheme} ${path}: ${wrong.join(" | ")}`);
        looked++;
      }
    }
    check(looked >= 50, `${looked} pages`);
    await page.emulateMedia({ colorScheme: "light" });
  },

  async pictures({ pictures, person, check, state, note }) {
    const { page } = state;
    const outside = await (await person()).newPage();
    for (const path of [...pages(state), "/sign-in"]) {
      const at = path === "/sign-in" ? outside : page;
      await visit(at, path);
      await pictures.both(at, nameOf(path, state));
      check(true, path);
    }
    for (const path of ["/workflows", "/workflows/order", state.run]) {
      await visit(state.phone, path);
      await pictures.both(state.phone, `phone-${nameOf(path, state)}`);
      check(true, path);
    }
    const most = `${MOST * 100} % may differ, and KEYWAY_WRITE=1 keeps the new ones`;
    check(pictures.others.length === 0, `${pictures.others.join(", ")}: other pictures than are kept; ${most}`);
    note(`${pictures.looked} pictures; most differs ${pictures.worst[0]}, by ${(pictures.worst[1] * 100).toFixed(3)} %`);
  },

  // A change of style that somebody would see is seen by the comparison, and a page as it is passes.
  async "another style"({ pictures, check, state, note }) {
    const { page } = state;
    const changes = [
      ["none", () => {}],
      ["another colour of what is done first", () => document.documentElement.style.setProperty("--accent", "#7a2fd0")],
      ["texts a pixel larger", () => (document.documentElement.style.fontSize = "15px")],
      ["a page moved by four pixels", () => (document.querySelector("main").style.paddingTop = "30px")],
      ["a panel without its border", () => document.querySelectorAll(".panel").forEach((one) => (one.style.border = "0"))],
      ["a heading that is gone", () => document.querySelector("h1").remove()],
    ];
    await page.emulateMedia({ colorScheme: "light", reducedMotion: "reduce" });
    for (const [what, change] of changes) {
      await visit(page, "/runs");
      const share = await another(page, "runs-light", pictures, change);
      note(`${what}: ${(share * 100).toFixed(2)} %`);
      check(share <= MOST === (what === "none"), `${what}: ${share}`);
    }
    await page.emulateMedia({ colorScheme: "light", reducedMotion: null });
  },

  async "texts that would be scripts"({ check, state, seen }) {
    const { page } = state;
    const poison = POISON;
    let shown = 0;
    // As inputs, as values of steps, as the message of an approval and as a description.
    const quoted = JSON.stringify(poison.filter((one) => !one.includes("{{")).join(" and "));
    await deployText(page, `name: poisoned\ndescription: ${quoted}\ninputs:\n  text: string\nsteps:\n  say:\n    set: { said: "{{ inputs.text }}" }\n  ask:\n    approve: { message: "{{ inputs.text }}", timeout: 1d }\n    after: say\noutput: "{{ steps.say.said }}"\n`);
    const texts = [...(state.naughty ?? []), ...poison].filter((text) => text.trim());
    const runs = await page.evaluate(async (texts) => {
      const { csrf } = await (await fetch("/api/v1/session")).json();
      const runs = [];
      for (const text of texts) {
        for (;;) {
          const answer = await fetch("/api/v1/workflows/poisoned/runs", { method: "POST", headers: { "x-csrf-token": csrf, "content-type": "application/json" }, body: JSON.stringify({ inputs: { text } }) });
          if (answer.status === 429) {
            await new Promise((done) => setTimeout(done, 300));
            continue;
          }
          const told = await answer.json();
          if (told.run) runs.push(told.run);
          break;
        }
      }
      return runs;
    }, texts);
    shown = runs.length;
    state.poisoned = runs.at(-1);
    check(shown >= texts.length * 0.98, `${shown} texts are in runs`);
    // All of them stand in the inbox at once, and each in its run.
    await visit(page, "/inbox");
    await page.getByText("<script>alert(1)</script>").first().waitFor();
    check((await page.locator(".message").count()) >= poison.length, "the inbox shows them");
    for (const step of ["say", "ask"]) {
      await page.goto(`/dashboard/runs/${state.poisoned}?step=${step}`);
      await page.getByRole("heading", { name: step, exact: true }).waitFor();
      await settled(page);
    }
    // In fields that people fill.
    await visit(page, "/settings/secrets");
    for (const text of poison.slice(0, 4)) {
      await page.getByRole("button", { name: "Add a secret" }).click();
      await page.getByRole("dialog").getByLabel("Name").fill(text);
      await page.getByRole("dialog").getByLabel("Value").fill("x");
      await page.getByRole("button", { name: "Save" }).click();
      await page.getByRole("dialog").getByRole("alert").waitFor();
      await page.keyboard.press("Escape");
    }
    for (const text of poison.slice(0, 4)) {
      await page.goto(`/dashboard/runs/${encodeURIComponent(text)}`);
      await page.getByRole("alert").first().waitFor();
      await page.goto(`/dashboard/workflows?to=${encodeURIComponent(text)}#${encodeURIComponent(text)}`);
      await page.locator("h1").first().waitFor();
      await page.goto(`/dashboard/sign-in?to=${encodeURIComponent(text)}`);
      await page.locator("h1").first().waitFor();
      check(page.url().includes("/dashboard/"), page.url());
    }
    check(seen.dialogs.length === 0 && seen.violations.length === 0, `${seen.dialogs.length} dialogs, ${seen.violations.length} violations`);
  },

  // The eyes of the scenes above see what they look for.
  async control({ axe, check, state, seen }) {
    const { page } = state;
    await visit(page, "/health");
    await page.evaluate(() => {
      const script = document.createElement("script");
      try {
        script.textContent = "window.ran = true";
        document.body.append(script);
      } catch {
        // A browser that holds texts and scripts apart forbids even this.
      }
      const style = document.createElement("style");
      style.textContent = "h1 { color: red }";
      document.head.append(style);
      const other = new Image();
      other.src = "https://other.example/x.png";
    });
    await page.evaluate(() => setTimeout(() => alert("seen"), 0));
    await page.waitForTimeout(500);
    check(seen.violations.length >= 2, `violations are seen: ${seen.violations.length}`);
    check(seen.dialogs.includes("seen"), "dialogs are seen");
    check((await page.evaluate(() => window.ran)) === undefined, "the script did not run");
    await page.evaluate(() => {
      const button = document.createElement("button");
      document.querySelector("main").append(button);
    });
    const wrong = await faults(page, axe);
    check(wrong.some((one) => one.includes("button-name")), `axe sees a button without a name: ${wrong}`);
    await page.evaluate(() => {
      const wide = document.createElement("div");
      wide.style.width = "3000px";
      wide.style.height = "1px";
      document.querySelector("main").append(wide);
    });
    check((await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)) > 0, "what is too wide is seen");
  },
};

/** Every page there is. */
const pages = (state) => [
  "/workflows",
  "/workflows/new",
  "/generate",
  "/workflows/order",
  "/workflows/order/runs",
  "/workflows/order/plan",
  "/workflows/fixed/versions?version=2",
  "/runs",
  state.run,
  `${state.run}?step=sum`,
  state.failed,
  `${state.forked}/compare`,
  "/inbox",
  "/connections",
  "/connections/slack",
  "/use",
  "/settings",
  "/settings/secrets",
  "/settings/tokens",
  "/settings/people",
  "/settings/organisations",
  "/settings/account",
  "/audit",
  "/audit?who=bob%40example.com",
  "/health",
  "/nowhere",
];
/** What the picture of a page is called. */
const nameOf = (path, state) =>
  ({
    "/workflows/fixed/versions?version=2": "workflows-fixed-versions",
    [state.run]: "run",
    [`${state.run}?step=sum`]: "run-step",
    [state.failed]: "run-failed",
    [`${state.forked}/compare`]: "run-compare",
    "/audit?who=bob%40example.com": "audit-of-one",
  })[path] ?? path.slice(1).replaceAll("/", "-");
