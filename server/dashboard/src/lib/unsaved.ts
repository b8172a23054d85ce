// What somebody has written and not kept, by the workflow's name: it stays while other pages are looked at.

const texts = new Map<string, string>();

/** The text that was written of a workflow and not kept. */
export const unsaved = (workflow: string) => texts.get(workflow);

/** Keeps what is written of a workflow; nothing where it is as it was kept. */
export function remember(workflow: string, text: string | null) {
  if (text === null) texts.delete(workflow);
  else texts.set(workflow, text);
}

/** Lets the browser ask before it leaves while something is unsaved. */
export function guardLeaving() {
  addEventListener("beforeunload", (event) => {
    if (texts.size) event.preventDefault();
  });
}
