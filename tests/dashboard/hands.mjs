// What a person does on many pages, and how one looks at a page.

export const OWNER = { name: "ada@example.com", password: "a password of twelve" };
export const settled = (page) => page.waitForFunction(() => [...document.querySelectorAll("main [role=status]")].every((one) => !/…$/.test(one.textContent.trim())));

/** Signs the owner in at a browser that is not known. */
export async function signIn(page) {
  await page.goto("/dashboard/sign-in");
  await page.getByLabel("Name").fill(OWNER.name);
  await page.locator("input[type=password]").fill(OWNER.password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("heading", { level: 1, name: "Workflows" }).waitFor();
}

/** Lets the next Tab begin where the page does. */
export const fromTheStart = (page) =>
  page.evaluate(() => {
    const first = document.createElement("button");
    document.body.prepend(first);
    first.focus();
    first.remove();
  });

/** Deploys a text from an empty page. */
export async function deployText(page, text) {
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
export async function visit(page, path) {
  await page.goto(`/dashboard${path}`);
  await page.locator("h1").first().waitFor();
  await settled(page);
}

/** Replaces what stands in the editor. */
export async function write(page, text) {
  const editor = page.locator(".cm-content");
  await editor.click();
  await page.keyboard.press("Control+a");
  await page.keyboard.insertText(text);
}

/** Begins with a template, or with another text in its place, looks at its plan and deploys it. */
export async function deploy(page, template, text) {
  await visit(page, "/workflows/new");
  await page.getByRole("button", { name: template }).click();
  await page.getByText("Nothing is wrong with it").waitFor();
  if (text) {
    await write(page, text);
    await page.getByText("every: 365d").first().waitFor();
    await page.waitForTimeout(1000);
    await page.getByText("Nothing is wrong with it").waitFor();
  }
  await page.getByRole("button", { name: "Plan", exact: true }).click();
  await page.getByRole("heading", { name: "What a run would do" }).waitFor();
  await page.getByRole("button", { name: "Deploy", exact: true }).click();
  await page.getByRole("button", { name: "Run now" }).waitFor();
}

/** Starts a run of the workflow whose page is open. */
export async function runNow(page) {
  await page.getByRole("button", { name: "Run now" }).click();
  await page.getByRole("button", { name: "Run it" }).click();
  await page.waitForURL(/\/dashboard\/runs\/./);
}

/** Where a page is, below `/dashboard`. */
export const placeOf = (url) => new URL(url).pathname.slice("/dashboard".length);

/** What axe finds that keeps people out. Scripts of a test are let in by the browser itself. */
export async function faults(page, axe) {
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
