// Where one is: the address of the page, which can be linked to and gone back to.

const BASE = "/dashboard";

const here = () => {
  const path = location.pathname.startsWith(BASE) ? location.pathname.slice(BASE.length) : "";
  return { path: path.replace(/\/+$/, "") || "/", query: location.search, hash: location.hash };
};

export const route = $state(here());

const read = () => Object.assign(route, here());

/** Goes somewhere below `/dashboard`. */
export function go(to: string, how: "push" | "replace" = "push") {
  history[how === "push" ? "pushState" : "replaceState"](null, "", BASE + (to === "/" ? "" : to));
  read();
  if (how === "push") scrollTo(0, 0);
}

/** The address for a link. */
export const href = (to: string) => BASE + (to === "/" ? "" : to);

/** The parts of the address, where it looks like a pattern; nothing elsewhere. */
export function match(pattern: string, path: string): Record<string, string> | null {
  const [wanted, found] = [pattern.split("/"), path.split("/")];
  if (wanted.length !== found.length) return null;
  const parts: Record<string, string> = {};
  for (const [at, part] of wanted.entries()) {
    const own = found[at] ?? "";
    if (part.startsWith(":")) {
      try {
        parts[part.slice(1)] = decodeURIComponent(own);
      } catch {
        return null;
      }
    } else if (part !== own) return null;
  }
  return parts;
}

/** The query of the address. */
export const query = (name: string) => new URLSearchParams(route.query).get(name) ?? "";

/** Changes the query without a step back for it. */
export function setQuery(values: Record<string, string>) {
  const all = new URLSearchParams(route.query);
  for (const [name, value] of Object.entries(values)) {
    if (value) all.set(name, value);
    else all.delete(name);
  }
  go(route.path + (all.size ? `?${all}` : ""), "replace");
}

/** Lets links of the pages be followed without loading anything. */
export function listen() {
  addEventListener("popstate", read);
  addEventListener("click", (event) => {
    if (event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = event.composedPath().find((node) => node instanceof HTMLAnchorElement);
    if (!link || link.target || link.origin !== location.origin) return;
    if (link.pathname !== BASE && !link.pathname.startsWith(`${BASE}/`)) return;
    if (link.pathname === location.pathname && link.hash) return;
    event.preventDefault();
    go(link.pathname.slice(BASE.length) + link.search || "/");
  });
}
