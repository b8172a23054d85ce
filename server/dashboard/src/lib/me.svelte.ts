// Who is signed in, and how far they may go.
import { ask, Fault, session, type Told } from "./api";
import { go, route } from "./router.svelte";

export type Me = Told<"/api/v1/session">;

export const me = $state<{ now: Me | null; state: "asking" | "in" | "out"; fault: Fault | null }>({
  now: null,
  state: "asking",
  fault: null,
});

const ranks = ["viewer", "editor", "admin", "owner"] as const;
export type Role = (typeof ranks)[number];

/** Whether the role goes so far. The service decides; this only spares what would be refused. */
export const may = (least: Role) => {
  const role = me.now?.role as Role | null | undefined;
  return role ? ranks.indexOf(role) >= ranks.indexOf(least) : false;
};

export function entered(now: Me) {
  session.csrf = now.csrf;
  me.now = now;
  me.state = "in";
}

export function left() {
  session.csrf = "";
  me.now = null;
  me.state = "out";
}

/** Asks whose browser this is. */
export async function lookUp() {
  session.lost = () => {
    left();
    if (route.path !== "/sign-in") go(`/sign-in?to=${encodeURIComponent(route.path + route.query)}`, "replace");
  };
  try {
    entered(await ask("get", "/api/v1/session"));
  } catch (error) {
    const fault = Fault.of(error);
    left();
    if (fault.status !== 401) me.fault = fault;
  }
}
