// The scenes, in the order in which they are played: each goes on with what the ones before left.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { OWNER, deploy, deployText, faults, placeOf, runNow, settled, visit, write } from "./hands.mjs";
import { sights } from "./sights.mjs";

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
    // It runs once where it is enabled, and is not to fall due again while the other scenes are played: lists and pictures would have one run more.
    const seldom = readFileSync(join(env.KEYWAY_NPM, "src/templates/tick.yaml"), "utf8").replace("every: 10m", "every: 365d");
    await deploy(page, "On a schedule", seldom);
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
    await page.getByText(/next (in|tomorrow)/).waitFor();
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
    state.run = placeOf(page.url());
  },

  async "a failure, a retry and a fork"({ check, state }) {
    const { page } = state;
    await deployText(page, "name: breaks\ninputs:\n  good: { type: boolean, default: false }\nsteps:\n  look:\n    set: { seen: true }\n  stop:\n    if: not inputs.good\n    after: look\n    fail: \"it is not good\"\n");
    await runNow(page);
    await page.getByRole("alert").getByText("it is not good").first().waitFor();
    const first = page.url();
    state.failed = placeOf(first);
    await page.getByRole("button", { name: "Retry from the failure" }).click();
    await page.waitForURL((url) => url.href !== first);
    await page.getByRole("link", { name: /takes over from/ }).waitFor();
    await page.getByRole("button", { name: "Fork" }).click();
    await page.getByLabel("Other inputs").fill('{ "good": true }');
    await page.getByRole("button", { name: "Start the fork" }).click();
    await page.locator(".facts").getByText("succeeded").waitFor();
    state.forked = placeOf(page.url());
    check(state.forked !== state.failed, "the fork is another run");
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

  async "in plain words"({ check, state, pictures }) {
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
    await page.evaluate(() => scrollTo(0, 0));
    await pictures.both(page, "generate-draft", { fullPage: true });
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

  async "connecting accounts"({ env, axe, check, state, pictures }) {
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
      const [tab] = await Promise.all([context.waitForEvent("page"), dialog.getByRole("button", { name: "Go to Slack" }).click()]);
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
    }
    await page.locator(".toasts p").first().waitFor({ state: "detached" });
    await pictures.both(page, "connections-slack-connect");
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

  async "a doubt"({ env, check, state, pictures, axe }) {
    const { page } = state;
    await deployText(page, `name: pays\nsteps:\n  order:\n    set: { amount: 20 }\n  charge:\n    after: order\n    http: { method: POST, url: "${env.KEYWAY_SHOP}", json: { step: charge, delay: 600000 } }\n  tell:\n    after: charge\n    set: { told: true }\noutput: "{{ steps.tell.told }}"\n`);
    await runNow(page);
    await page.getByRole("button", { name: /Step charge\b.*, running/ }).waitFor();
    // The service dies while the call is out. The page stays, and knows it when it is back.
    state.restart();
    const asks = page.getByRole("region", { name: "charge is in doubt" });
    await asks.getByText("Did it happen?").waitFor({ timeout: 60_000 });
    check((await asks.textContent()).includes("POST"), "it shows what was sent");
    await page.getByRole("button", { name: /Step charge\b.*, in doubt/ }).waitFor();
    check(await page.locator(".facts").getByText(/waiting|in doubt/).first().isVisible(), "the run waits");
    const wrong = await faults(page, axe);
    check(wrong.length === 0, wrong.join(" | "));
    await pictures.both(page, "run-doubt");
    await page.getByRole("link", { name: /Inbox/ }).click();
    const asked = page.getByRole("region", { name: "pays, charge" });
    await asked.getByRole("button", { name: "Let the step fail" }).waitFor();
    check((await asked.getByRole("button").allTextContents()).join() === "Yes, it happened,No, do it again,Let the step fail", "three answers");
    await asked.getByRole("button", { name: "Yes, it happened" }).click();
    await asked.waitFor({ state: "detached" });
    await page.goBack();
    await page.locator(".facts").getByText("succeeded").waitFor();
    await page.getByRole("button", { name: /Step charge\b.*, succeeded/ }).click();
    await page.getByRole("heading", { name: "charge", exact: true }).waitFor();
    check((await page.getByText("in doubt").count()) === 0, "nothing is in doubt any more");
  },

  async "what it cost"({ check, state }) {
    const { page } = state;
    const fine = async (what) => {
      await settled(page);
      check((await page.locator("main [role=alert]").count()) === 0, what);
    };
    await visit(page, "/use");
    const cost = await page.locator(".figures strong").first().textContent();
    check(/^\$0\.0\d+$/.test(cost), `what it cost: ${cost}`);
    check((await page.locator(".figures strong").nth(1).textContent()) === "1", "one call");
    await page.locator(".chart canvas").waitFor();
    for (const since of ["24h", "7d", "all", "30d"]) {
      await page.getByLabel("Since").selectOption(since);
      await page.getByRole("cell", { name: "1", exact: true }).first().waitFor();
      await fine(`since ${since}`);
    }
    for (const [by, name] of [["provider", "openai"], ["workflow", "watched"], ["step", /sum/], ["key", "openai"]]) {
      await page.getByLabel("Counted by").selectOption(by);
      await page.getByRole("cell", { name }).first().waitFor();
      check((await page.getByRole("cell", { name: cost }).count()) === 1, `the sum by ${by} is the same`);
    }
    await page.getByRole("button", { name: "Set a budget" }).click();
    await page.getByRole("dialog").getByLabel("US dollars a month").fill("20");
    await page.getByRole("dialog").getByRole("button", { name: /Set/ }).click();
    await page.locator(".budget").getByText(/\$20/).waitFor();
    for (const [path, ...all] of [["/audit", "24h", "7d", "30d", "all"], ["/runs", "1h", "24h", "7d", "30d"]]) {
      await visit(page, path);
      for (const since of all) {
        await page.getByLabel("Since").selectOption(since);
        await page.locator("tbody tr").first().waitFor();
        await fine(`${path} since ${since}`);
      }
    }
  },

  async "two runs compared"({ check, state }) {
    const { page } = state;
    await visit(page, state.forked);
    await page.getByRole("link", { name: "Compare" }).click();
    await page.getByRole("heading", { level: 1, name: "Two runs compared" }).waitFor();
    await page.getByText(/things differ/).waitFor();
    const row = (name) => page.getByRole("row").filter({ has: page.getByRole("rowheader", { name, exact: true }) });
    check((await row("input good").getByRole("cell").allTextContents()).map((text) => text.trim()).join() === "true,false", "what it was given");
    check((await row("status").getByRole("cell").allTextContents()).map((text) => text.trim()).join() === "succeeded,failed", "how it ended");
    check((await row("stop became").getByRole("cell").allTextContents()).map((text) => text.trim()).join() === "skipped,failed", "what became of a step");
    check(/1 step did the same/.test(await page.locator("main p[role=status]").textContent()), "what is the same is counted");
    // With another: the choice stands in the address.
    const failed = state.failed.split("/").pop();
    await page.getByLabel("Compare with").selectOption(failed);
    await page.waitForURL((url) => url.search === `?with=${failed}`);
    await page.getByText(/things differ/).waitFor();
    check((await page.getByRole("region", { name: "The other run" }).getByRole("link", { name: failed }).count()) === 1, "the other is named");
    // A run beside itself differs in nothing.
    await visit(page, `${state.failed}/compare?with=${failed}`);
    await page.getByText("Nothing differs").waitFor();
    check((await page.locator("table").count()) === 0, "and no table is there");
    await visit(page, `${state.failed}/compare?with=nothing`);
    await page.getByRole("alert").waitFor();
    check(true, "what is not there is said");
  },

  async "an earlier version"({ check, state }) {
    const { page } = state;
    await visit(page, "/workflows/fixed/versions?version=2");
    await page.locator(".diff .come").waitFor();
    check((await page.locator(".diff .come").textContent()).includes("x: 2"), "a version has an address");
    await page.getByRole("button", { name: "Put in force" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Put in force" }).click();
    await page.getByRole("dialog").waitFor({ state: "detached" });
    await page.getByText(/^version 1, by/).waitFor();
    check((await page.locator(".version").filter({ hasText: "Version 1" }).getByText("in force").count()) === 1, "the first is in force again");
    await page.getByRole("link", { name: "Text", exact: true }).click();
    await page.locator(".cm-content").getByText("x: 1").waitFor();
    check(true, "its text is there");
    await page.getByRole("link", { name: "Versions" }).click();
    await page.locator(".version").filter({ hasText: "Version 2" }).getByRole("button", { name: "Put in force" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Put in force" }).click();
    await page.getByText(/^version 2, by/).waitFor();
    check(true, "and the second once more");
  },

  async "what somebody did"({ check, state }) {
    const { page } = state;
    await visit(page, "/settings/people");
    await page.getByRole("link", { name: "bob@example.com" }).click();
    await page.getByRole("heading", { level: 1, name: "What bob@example.com did" }).waitFor();
    await page.locator("tbody tr").first().waitFor();
    const who = () => page.locator("tbody tr td:nth-child(2)").allTextContents();
    check((await who()).every((name) => name === "bob@example.com"), `of nobody else: ${await who()}`);
    const his = (await who()).length;
    check(his >= 1, `he did ${his} things`);
    await page.getByRole("link", { name: "Everybody" }).click();
    await page.getByRole("heading", { level: 1, name: "Audit" }).waitFor();
    await page.locator("main").getByRole("link", { name: "ada@example.com" }).first().waitFor();
    const all = await who();
    check(all.length > his && new Set(all).size >= 2, `${all.length} of all`);
    await page.getByLabel("Find in the audit").fill("budget");
    await page.getByText("budget_set").waitFor();
    check((await page.locator("tbody tr").count()) < all.length, "it can be searched");
    await page.locator("main").getByRole("link", { name: "ada@example.com" }).first().click();
    await page.getByRole("heading", { level: 1, name: "What ada@example.com did" }).waitFor();
    await page.locator("tbody tr").first().waitFor();
    check((await who()).every((name) => name === "ada@example.com"), "what she did is hers");
  },

  ...sights,
};
