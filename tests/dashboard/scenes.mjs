// The scenes, in the order in which they are played: each goes on with what the ones before left.
import { join } from "node:path";

const OWNER = { name: "ada@example.com", password: "a password of twelve" };
const settled = (page) => page.waitForFunction(() => [...document.querySelectorAll("main [role=status]")].every((one) => !/…$/.test(one.textContent.trim())));

/** Signs the owner in at a browser that is not known. */
async function signIn(page) {
  await page.goto("/dashboard/sign-in");
  await page.getByLabel("Name").fill(OWNER.name);
  await page.locator("input[type=password]").fill(OWNER.password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("heading", { level: 1, name: "Workflows" }).waitFor();
}

/** Lets the next Tab begin where the page does. */
const fromTheStart = (page) =>
  page.evaluate(() => {
    const first = document.createElement("button");
    document.body.prepend(first);
    first.focus();
    first.remove();
  });

/** Deploys a text from an empty page. */
async function deployText(page, text) {
  await visit(page, "/workflows/new");
  await page.getByRole("button", { name: /^Empty/ }).click();
  await page.locator(".cm-content").waitFor();
  await write(page, text);
  await page.getByText("Nothing is wrong with it").waitFor();
  await page.getByRole("button", { name: "Plan", exact: true }).click();
  await page.getByRole("button", { name: "Deploy", exact: true }).click();
  await page.getByRole("button", { name: "Run now" }).waitFor();
}

/** Goes somewhere and waits until it is there. */
async function visit(page, path) {
  await page.goto(`/dashboard${path}`);
  await page.locator("h1").first().waitFor();
  await settled(page);
}

/** Replaces what stands in the editor. */
async function write(page, text) {
  const editor = page.locator(".cm-content");
  await editor.click();
  await page.keyboard.press("Control+a");
  await page.keyboard.insertText(text);
}

/** Begins with a template, looks at its plan and deploys it. */
async function deploy(page, template) {
  await visit(page, "/workflows/new");
  await page.getByRole("button", { name: template }).click();
  await page.getByText("Nothing is wrong with it").waitFor();
  await page.getByRole("button", { name: "Plan", exact: true }).click();
  await page.getByRole("heading", { name: "What a run would do" }).waitFor();
  await page.getByRole("button", { name: "Deploy", exact: true }).click();
  await page.getByRole("button", { name: "Run now" }).waitFor();
}

/** Starts a run of the workflow whose page is open. */
async function runNow(page) {
  await page.getByRole("button", { name: "Run now" }).click();
  await page.getByRole("button", { name: "Run it" }).click();
  await page.waitForURL(/\/dashboard\/runs\/./);
}

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

export const scenes = {
  async "first run"({ env, person, check, state }) {
    state.context = await person();
    const page = (state.page = await state.context.newPage());
    const began = Date.now();
    await page.goto(env.KEYWAY_LINK);
    await page.getByRole("heading", { name: "Make this Keyway yours" }).waitFor();
    check(!page.url().includes("#"), "the link has left the address");
    check((await page.getByLabel("Link").inputValue()).startsWith("kwl_"), "the link is filled in");
    await page.getByLabel("Name", { exact: true }).fill(OWNER.name);
    await page.locator("input[type=password]").nth(0).fill(OWNER.password);
    await page.getByLabel("Password again").fill("something else");
    await page.getByRole("button", { name: "Create the owner" }).click();
    await page.getByText("the two passwords differ").waitFor();
    await page.locator("input[type=password]").nth(0).fill(OWNER.password);
    await page.getByLabel("Password again").fill(OWNER.password);
    await page.getByRole("button", { name: "Create the owner" }).click();
    await page.getByRole("heading", { name: "Five minutes to a workflow" }).waitFor();
    check(page.url().endsWith("/dashboard/workflows"), page.url());

    // From nothing to a workflow that runs on a schedule.
    await page.getByRole("link", { name: "Write a workflow" }).click();
    await deploy(page, "On a schedule");
    await page.getByText("triggers off").waitFor();
    await page.getByRole("button", { name: "Run now" }).click();
    await page.getByLabel("due").fill("10:00");
    await page.getByRole("button", { name: "Run it" }).click();
    await page.getByText("succeeded").first().waitFor();
    await page.getByText("due at 10:00").first().waitFor();
    await page.getByRole("link", { name: "its workflow" }).click();
    await page.getByRole("button", { name: "Enable triggers" }).click();
    await page.getByRole("button", { name: "Enable", exact: true }).click();
    await page.getByText("triggers on").waitFor();
    await page.getByText(/next in/).waitFor();
    check(Date.now() - began < 300_000, "it takes less than five minutes");
  },

  async "signing out and in"({ check, state }) {
    const { page } = state;
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByRole("heading", { name: "Sign in" }).waitFor();
    await page.goto("/dashboard/runs");
    await page.getByRole("heading", { name: "Sign in" }).waitFor();
    await page.getByLabel("Name").fill(OWNER.name);
    await page.getByLabel("Password").fill("not the right one");
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByText("the name or the password is wrong").waitFor();
    await page.getByText("wrong_password · 401").waitFor();
    await page.getByLabel("Password").fill(OWNER.password);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("heading", { name: "Runs" }).waitFor();
    check(page.url().endsWith("/dashboard/runs"), "one comes back to where one was");
  },

  async key({ env, check, state }) {
    const { page } = state;
    await visit(page, "/settings");
    await page.getByText("0 configured").waitFor();
    const add = page.getByRole("button", { name: "Add a key of OpenAI", exact: true });
    await add.click();
    await page.getByRole("dialog").locator("input[type=password]").fill("sk-canary-0f1e2d3c4b5a69788796");
    await page.getByLabel("Where its API begins").fill("http://127.0.0.1:9/v1");
    await page.getByRole("button", { name: "Save and test" }).click();
    // Nobody listens there: the page says so, and what to do is to remove it and add it right.
    await page.locator(".key [role=alert]").waitFor();
    await page.getByRole("button", { name: "Remove" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Remove", exact: true }).click();
    await page.getByText("0 configured").waitFor();
    await add.click();
    await page.getByRole("dialog").locator("input[type=password]").fill("sk-canary-0f1e2d3c4b5a69788796");
    await page.getByLabel("Where its API begins").fill(`${env.KEYWAY_PROVIDER}/v1`);
    await page.getByRole("button", { name: "Save and test" }).click();
    await page.getByText("1 configured").waitFor();
    await page.getByText("1 working").waitFor();
    const html = await page.content();
    check(!html.includes("sk-canary-0f1e2d3c4b5a69788796"), "no page holds the key");
  },

  async "an error and its fix"({ check, state }) {
    const { page } = state;
    await visit(page, "/workflows/new");
    await page.getByRole("button", { name: /^Empty/ }).click();
    await page.locator(".cm-content").waitFor();
    await write(page, "name: fixed\nsteps:\n  first:\n    set: { x: 1 }\n  second:\n    set: { y: \"{{ steps.frist.x }}\" }\n");
    const wrong = page.locator("ul.wrongs li").filter({ hasText: "frist" });
    await wrong.waitFor();
    check((await wrong.textContent()).includes("KW0102"), "it names what is wrong, and its code");
    check(await page.getByRole("button", { name: "Deploy", exact: true }).isDisabled(), "what is wrong is not deployed");
    await page.locator(".cm-lintRange-error").first().hover();
    await page.locator(".cm-diagnosticAction").first().click();
    await page.getByText("Nothing is wrong with it").waitFor();
    // Completion knows the steps.
    await page.locator(".cm-content").click();
    await page.keyboard.press("Control+End");
    await page.keyboard.type("  c:\n  s");
    await page.keyboard.press("Control+Space");
    await page.locator(".cm-tooltip-autocomplete li").first().waitFor();
    const offered = await page.locator(".cm-tooltip-autocomplete").textContent();
    check(/set|switch/.test(offered), `it offers verbs: ${offered}`);
    await page.keyboard.press("Escape");
    await write(page, "name: fixed\nsteps:\n  a:\n    set: { x: 1 }\n  b:\n    set: { y: \"{{ steps.a.x }}\" }\n");
    await page.getByText("Nothing is wrong with it").waitFor();
    await page.getByRole("button", { name: "Step b" }).waitFor();
    await page.getByRole("button", { name: "Plan", exact: true }).click();
    await page.getByRole("button", { name: "Deploy", exact: true }).click();
    await page.getByRole("button", { name: "Run now" }).waitFor();
    // Another version, and what differs.
    await page.locator(".cm-content").waitFor();
    await write(page, "name: fixed\nsteps:\n  a:\n    set: { x: 2 }\n  b:\n    set: { y: \"{{ steps.a.x }}\" }\n");
    await page.getByRole("button", { name: "Deploy changes" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Deploy", exact: true }).click();
    await page.getByText("Version 2 is in force").waitFor();
    await page.getByRole("link", { name: "Versions" }).click();
    await page.getByRole("button", { name: "Version 2" }).click();
    check((await page.locator(".diff .come").textContent()).includes("x: 2"), "what came is shown");
    check((await page.locator(".diff .gone").textContent()).includes("x: 1"), "what went is shown");
  },

  async "watching and an approval"({ check, state }) {
    const { page } = state;
    await deploy(page, "A loop and a person");
    await runNow(page);
    await page.getByText("Order for 280?").waitFor();
    await deploy(page, "A model and a person");
    await deployText(page, 'name: watched\nsteps:\n  begin:\n    wait: { signal: begin, timeout: 1d }\n  sum:\n    after: begin\n    ai: "Say what Keyway is."\n  look:\n    approve: { message: "Is this right? {{ steps.sum.text }}", timeout: 1d }\n');
    await runNow(page);
    await page.getByText("as it happens").waitFor();
    await page.getByRole("button", { name: "Raise begin" }).click();
    await page.getByRole("button", { name: "Raise it" }).click();
    // The model says half, and the rest once the test says so.
    await page.locator(".says").filter({ hasText: "Keyway" }).first().waitFor();
    check((await page.getByText("as it happens").count()) === 1, "it is told as it happens");
    await state.goOn();
    await page.getByRole("button", { name: /Step look\b.*, waiting/ }).waitFor();
    check((await page.getByRole("button", { name: /Step look\b.*, waiting/ }).count()) === 1, "the picture shows who waits");
    await page.getByRole("link", { name: /Inbox/ }).click();
    const asked = page.getByRole("region", { name: "watched, look" });
    await asked.getByLabel("Comment").fill("fine");
    await asked.getByRole("button", { name: "Yes", exact: true }).click();
    await asked.waitFor({ state: "detached" });
    await page.goBack();
    await page.locator(".facts").getByText("succeeded").waitFor();
    await page.getByRole("button", { name: /Step sum\b.*, succeeded/ }).click();
    await page.getByRole("heading", { name: "Given" }).waitFor();
    check(page.url().includes("step=sum"), "a step has an address");
    state.run = page.url();
  },

  async "a failure, a retry and a fork"({ check, state }) {
    const { page } = state;
    await deployText(page, "name: breaks\ninputs:\n  good: { type: boolean, default: false }\nsteps:\n  look:\n    set: { seen: true }\n  stop:\n    if: not inputs.good\n    after: look\n    fail: \"it is not good\"\n");
    await runNow(page);
    await page.getByRole("alert").getByText("it is not good").first().waitFor();
    const first = page.url();
    await page.getByRole("button", { name: "Retry from the failure" }).click();
    await page.waitForURL((url) => url.href !== first);
    await page.getByRole("link", { name: /takes over from/ }).waitFor();
    await page.getByRole("button", { name: "Fork" }).click();
    await page.getByLabel("Other inputs").fill('{ "good": true }');
    await page.getByRole("button", { name: "Start the fork" }).click();
    await page.locator(".facts").getByText("succeeded").waitFor();
    check(true, "the fork went well");
  },

  async "a signal, a pause and an end"({ check, state }) {
    const { page } = state;
    await deployText(page, "name: listens\nsteps:\n  hear:\n    wait: { signal: parcel, timeout: 1d }\n  again:\n    after: hear\n    wait: { signal: second, timeout: 1d }\n");
    await runNow(page);
    await page.getByRole("button", { name: "Raise parcel" }).click();
    await page.getByLabel("What it carries").fill('{ "number": 5 }');
    await page.getByRole("button", { name: "Raise it" }).click();
    await page.getByRole("button", { name: "Raise second" }).waitFor();
    await page.getByRole("button", { name: "Pause" }).click();
    await page.getByRole("button", { name: "Resume" }).click();
    await page.getByRole("button", { name: "Pause" }).waitFor();
    await page.getByRole("button", { name: "Cancel", exact: true }).click();
    await page.getByRole("button", { name: "Cancel the run" }).click();
    await page.locator(".facts").getByText("cancelled").waitFor();
    check(true, "it ended");
  },

  async "another role"({ person, check, state }) {
    const { page } = state;
    await visit(page, "/settings/people");
    await page.getByRole("button", { name: "Invite somebody" }).click();
    await page.getByLabel("For whom").fill("bob");
    await page.getByLabel("Role").last().selectOption("viewer");
    await page.getByRole("button", { name: "Make the invitation" }).click();
    const link = await page.locator(".copy code").textContent();
    const other = await person();
    const guest = await other.newPage();
    await guest.goto(link);
    await guest.getByLabel("Name", { exact: true }).fill("bob@example.com");
    await guest.locator("input[type=password]").fill("another one of twelve");
    await guest.getByRole("button", { name: "Accept the invitation" }).click();
    await guest.getByRole("heading", { name: "Workflows" }).waitFor();
    await settled(guest);
    check((await guest.getByRole("link", { name: "New workflow" }).count()) === 0, "who looks is offered no new workflow");
    await guest.getByRole("link", { name: "tick" }).click();
    await guest.getByText("Only to be read").waitFor();
    for (const name of ["Run now", "Deploy changes", "Disable triggers"]) {
      check((await guest.getByRole("button", { name }).count()) === 0, `who looks is not offered: ${name}`);
    }
    await visit(guest, "/settings");
    check((await guest.getByRole("button", { name: /Add/ }).count()) === 0, "who looks adds no key");
    check((await guest.getByRole("link", { name: "Audit" }).count()) === 0, "who looks reads no audit");
    await visit(guest, "/connections/slack");
    await guest.getByText("An admin connects accounts.").waitFor();
    check((await guest.getByRole("button", { name: /Connect|Set up/ }).count()) === 0, "who looks connects no account");
    // What the page does not offer, the service does not do either.
    const refused = await guest.evaluate(async () => {
      const { csrf } = await (await fetch("/api/v1/session")).json();
      const answer = await fetch("/api/v1/workflows/tick/disable", { method: "POST", headers: { "x-csrf-token": csrf } });
      return answer.status;
    });
    check(refused === 403, `it is refused: ${refused}`);
    await guest.goto("/dashboard/audit");
    await guest.getByText("forbidden · 403").waitFor();
    await other.close();
  },

  async "in plain words"({ check, state, shots }) {
    const { page } = state;
    const count = () => page.evaluate(async () => (await (await fetch("/api/v1/workflows")).json()).workflows.length);
    await visit(page, "/workflows/new");
    const before = await count();
    await page.getByRole("link", { name: /^In plain words/ }).click();
    await page.getByLabel("Ask no model").check();
    const say = async (wish) => {
      await page.getByLabel("What is it to do?").fill(wish);
      await page.getByRole("button", { name: /^Draft/ }).click();
    };
    await say("make me a coffee every morning");
    // The first one makes the index of all that can be called.
    await page.getByText("That is not possible:").waitFor({ timeout: 90_000 });
    // A question has its choices as buttons, and its answer makes the draft.
    await say('every day at 5 post "Good morning" to #general in Slack');
    const question = page.getByRole("region", { name: /17|5/ });
    await question.getByRole("button", { name: /17/ }).click();
    await page.getByText("Nothing is wrong with it").waitFor();
    const written = () => page.locator(".cm-content").innerText();
    check((await written()).includes("0 17 * * *"), await written());
    check((await page.locator(".picture svg").count()) > 0, "the picture stands beside it");
    await page.getByRole("heading", { name: "What it does" }).waitFor();
    await page.getByText(/keyway connect slack/).first().waitFor();
    // A change is told line by line and by what it does otherwise.
    await page.getByLabel("What is to change?").fill("post to #team instead of #general");
    await page.getByRole("button", { name: "Change it" }).click();
    await page.getByRole("heading", { name: "What has changed" }).waitFor();
    await page.getByText("Nothing is wrong with it").waitFor();
    check((await written()).includes("#team") && !(await written()).includes("channel: \"#general\""), await written());
    check((await page.getByText("changed step", { exact: false }).count()) > 0, "what it does otherwise is told");
    if (shots) {
      for (const scheme of ["light", "dark"]) {
        await page.emulateMedia({ colorScheme: scheme, reducedMotion: "reduce" });
        await page.evaluate(() => scrollTo(0, 0));
        await page.waitForTimeout(500);
        await page.screenshot({ path: join(shots, `generate-draft-${scheme}.png`), fullPage: true });
      }
      await page.emulateMedia({ colorScheme: "light" });
    }
    await page.getByRole("button", { name: "Use this draft" }).click();
    await page.getByRole("heading", { level: 1, name: "New workflow" }).waitFor();
    check(page.url().endsWith("/dashboard/workflows/new"), page.url());
    await page.getByText("Nothing is wrong with it").waitFor();
    check((await written()).includes("#team"), "the draft stands in the editor");
    check((await count()) === before, "nothing was stored");
    // Deployed with its box not ticked, it is kept, and its triggers start nothing.
    await page.getByRole("button", { name: "Plan", exact: true }).click();
    await page.getByRole("button", { name: "Deploy", exact: true }).click();
    await page.getByText("triggers off").waitFor();
    check((await count()) === before + 1, "it is kept once");
  },

  async "a token is told once"({ check, state }) {
    const { page } = state;
    await visit(page, "/settings/tokens");
    await page.getByRole("button", { name: "Make a token" }).first().click();
    await page.getByLabel("Name").fill("ci");
    await page.getByRole("button", { name: "Make it" }).click();
    const token = await page.locator(".copy code").textContent();
    check(/^kw_[0-9A-Za-z]{49}$/.test(token), "it is a token");
    await page.getByRole("button", { name: "I have it" }).click();
    await page.reload();
    await page.getByRole("cell", { name: "ci", exact: true }).waitFor();
    check(!(await page.content()).includes(token), "it is not told again");
  },

  async "connecting accounts"({ env, axe, check, state, shots }) {
    const { page, context } = state;
    const key = "xoxb-cnry-0f1e2d3c4b5a";
    const dialog = page.getByRole("dialog");
    // The page of the service at which somebody agrees, or does not.
    await context.route(`${env.KEYWAY_SERVICE}/**`, (route) => {
      const asked = new URL(route.request().url()).searchParams;
      const back = (answer) => `${asked.get("redirect_uri")}?${new URLSearchParams({ ...answer, state: asked.get("state") })}`.replaceAll("&", "&amp;");
      const body = `<h1>Slack</h1><p>${asked.get("scope")}</p><a href="${back({ code: "cnry-code" })}">Allow</a> <a href="${back({ error: "access_denied" })}">Deny</a>`;
      return route.fulfill({ contentType: "text/html", body });
    });
    await deployText(page, "name: says\nsteps:\n  look: { use: slack.list_channels }\noutput: { seen: \"{{ steps.look }}\" }\n");
    await visit(page, "/connections");
    await page.getByText("No account is connected yet").waitFor();
    await page.getByLabel("Find a service").fill("no such service");
    await page.getByText("No service is called like").waitFor();
    await page.getByLabel("Find a service").fill("slack");
    await page.getByRole("link", { name: /Slack.*Connect/ }).click();
    await page.getByRole("heading", { level: 1, name: "Slack" }).waitFor();

    // A token, in a form. It is reached by keys alone, and what does not fit is told there.
    const byToken = page.getByRole("button", { name: "Connect by token" });
    await byToken.focus();
    await page.keyboard.press("Enter");
    await dialog.waitFor();
    check(await dialog.evaluate((one) => one.contains(document.activeElement)), "the dialog has the focus");
    const secret = dialog.locator("input[type=password]");
    check((await secret.count()) === 1 && (await secret.getAttribute("autocomplete")) === "off", "what is secret is typed unseen");
    check((await dialog.textContent()).includes("The token, which begins with"), "its description is there");
    await secret.fill("sk-of-others");
    await secret.press("Enter");
    await dialog.getByText("this is no `token` of Slack").waitFor();
    await secret.fill(key);
    await dialog.getByText("It stands elsewhere").click();
    await dialog.getByLabel("Where its API begins").fill(env.KEYWAY_SERVICE);
    await dialog.getByRole("button", { name: "Connect", exact: true }).click();
    await page.getByText("Slack is connected: bot in Acme").waitFor();
    await dialog.waitFor({ state: "detached" });
    await page.locator("article").getByText(/needed by .*\bsays\b/).waitFor();
    check(!(await page.content()).includes(key), "no page holds the token");

    // What the service does not take is said, with what to do.
    await byToken.click();
    await dialog.getByLabel("Name").fill("wrong");
    await secret.fill("xoxb-of-nobody");
    await dialog.getByText("It stands elsewhere").click();
    await dialog.getByLabel("Where its API begins").fill(env.KEYWAY_SERVICE);
    await dialog.getByRole("button", { name: "Connect", exact: true }).click();
    await dialog.getByText("Slack does not take it").waitFor();
    await dialog.getByRole("button", { name: "Close" }).click();

    // In a browser: first the app, once; then what is asked for is said, a tab opens, and what is agreed there is known here.
    await page.getByRole("button", { name: "Set up the app for oauth" }).click();
    check((await dialog.locator(".copy code").textContent()) === `${env.KEYWAY_URL}/connect/slack`, "it says where browsers come back to");
    await dialog.getByLabel("Client id").fill("app-1");
    await dialog.getByLabel("Client secret").fill("cnry-app-secret-0123");
    await dialog.getByLabel("May be sent to, too").fill("127.0.0.1");
    await dialog.getByRole("button", { name: "Store the app" }).click();
    const byApp = page.getByRole("button", { name: "Connect by oauth" });
    const agree = async (how) => {
      const opening = context.waitForEvent("page");
      await dialog.getByRole("button", { name: "Go to Slack" }).click();
      const tab = await opening;
      await tab.getByRole("link", { name: how }).waitFor();
      check(await tab.evaluate(() => window.opener === null), "the service holds nothing of the page that sent to it");
      await dialog.getByText("Agree on the page of Slack").waitFor();
      check((await tab.locator("p").textContent()).includes("channels:read"), "it is asked for what workflows need");
      await tab.getByRole("link", { name: how }).click();
      await tab.waitForURL(/\/dashboard\/connections\/slack/);
      return tab;
    };
    await byApp.click();
    await dialog.getByLabel("Name").fill("work");
    check(/channels:read\s*for .*\bsays\b/.test(await dialog.locator(".scopes").textContent()), "it says for whom a scope is asked");
    await dialog.getByText("It stands elsewhere").click();
    await dialog.getByLabel("Where its API begins").fill(env.KEYWAY_SERVICE);
    for (const scheme of ["light", "dark"]) {
      await page.emulateMedia({ colorScheme: scheme, reducedMotion: "reduce" });
      const wrong = await faults(page, axe);
      check(wrong.length === 0, `${scheme}: ${wrong.join(" | ")}`);
      if (shots) await page.screenshot({ path: join(shots, `connections-slack-connect-${scheme}.png`) });
    }
    await page.emulateMedia({ colorScheme: "light" });
    const size = page.viewportSize();
    await page.setViewportSize({ width: 390, height: 844 });
    check((await dialog.evaluate((one) => one.scrollWidth - one.clientWidth)) <= 0, "it fits a phone");
    await page.setViewportSize(size);
    const agreed = await agree("Allow");
    await agreed.getByText("Slack is connected.").waitFor();
    await agreed.close();
    await page.getByText("Slack is connected: bot in Acme").first().waitFor();
    await dialog.waitFor({ state: "detached" });
    const row = (name) => page.locator("article").filter({ has: page.getByText(name, { exact: true }) });
    await row("work").getByText("channels:read").waitFor();

    // Who says no there is told so here, in both tabs.
    await row("work").getByRole("button", { name: "Reconnect slack work" }).click();
    await dialog.getByRole("heading", { name: "Connect Slack work again" }).waitFor();
    check((await dialog.getByLabel("Where its API begins").inputValue()) === env.KEYWAY_SERVICE, "what was given is there again");
    const denied = await agree("Deny");
    await denied.getByRole("dialog").getByText("access_denied").waitFor();
    await denied.close();
    await dialog.getByText("access_denied").waitFor();
    await dialog.getByRole("button", { name: "Close" }).click();

    // Removed is what somebody confirms, and nothing else.
    const cut = row("wrong").getByRole("button", { name: "Disconnect slack wrong" });
    await cut.click();
    await dialog.getByText("This cannot be undone").waitFor();
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "detached" });
    check((await row("wrong").count()) === 1, "who thinks again keeps it");
    await cut.click();
    await dialog.getByRole("button", { name: "Disconnect", exact: true }).click();
    await cut.waitFor({ state: "detached" });
    await visit(page, "/connections");
    check((await page.locator("article").count()) === 2, "the others stay");
    await context.unroute(`${env.KEYWAY_SERVICE}/**`);
  },

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
    for (const scheme of ["light", "dark"]) {
      await page.emulateMedia({ colorScheme: scheme });
      await outside.emulateMedia({ colorScheme: scheme });
      for (const path of [...pages(state), ...DOORS]) {
        const at = DOORS.includes(path) ? outside : page;
        await visit(at, path);
        const wrong = await faults(at, axe);
        check(wrong.length === 0, `${scheme} ${path}: ${wrong.join(" | ")}`);
        looked++;
      }
    }
    check(looked >= 30, `${looked} pages`);
    await page.emulateMedia({ colorScheme: "light" });
  },

  async shots({ shots, person, check, state }) {
    if (!shots) return;
    const { page } = state;
    for (const scheme of ["light", "dark"]) {
      await page.emulateMedia({ colorScheme: scheme, reducedMotion: "reduce" });
      for (const path of [...pages(state), "/sign-in"]) {
        const fresh = path === "/sign-in" ? await (await person({ colorScheme: scheme })).newPage() : page;
        await visit(fresh, path);
        await fresh.waitForTimeout(500);
        await fresh.screenshot({ path: join(shots, `${nameOf(path, state)}-${scheme}.png`) });
      }
      if (state.phone) {
        await state.phone.emulateMedia({ colorScheme: scheme });
        for (const path of ["/workflows", "/workflows/order", new URL(state.run).pathname.slice(10)]) {
          await visit(state.phone, path);
          await state.phone.waitForTimeout(500);
          await state.phone.screenshot({ path: join(shots, `phone-${nameOf(path, state)}-${scheme}.png`) });
        }
      }
    }
    check(true, "they are made");
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
  "/workflows/fixed/versions",
  "/runs",
  new URL(state.run).pathname.slice("/dashboard".length),
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
  "/health",
  "/nowhere",
];
const nameOf = (path, state) => (path === new URL(state.run).pathname.slice(10) ? "run" : path.slice(1).replaceAll("/", "-"));

/** What axe finds that keeps people out. Scripts of a test are let in by the browser itself. */
async function faults(page, axe) {
  const session = await page.context().newCDPSession(page);
  await session.send("Runtime.evaluate", { expression: `if (!window.axe) { ${axe}; }`, allowUnsafeEvalBlockedByCSP: true });
  const told = await session.send("Runtime.evaluate", {
    expression: "axe.run(document, { resultTypes: ['violations'] }).then((found) => JSON.stringify(found.violations.map(({ id, impact, nodes }) => ({ id, impact, at: nodes.map((node) => node.target.join(' ')) }))))",
    awaitPromise: true,
    returnByValue: true,
  });
  await session.detach();
  if (told.exceptionDetails) throw new Error(told.exceptionDetails.exception?.description ?? "axe did not run");
  const found = JSON.parse(told.result.value);
  return found.filter((one) => ["serious", "critical"].includes(one.impact)).map((one) => `${one.id} at ${one.at.join(", ")}`);
}
