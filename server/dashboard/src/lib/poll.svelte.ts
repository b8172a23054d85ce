// Something that is asked again and again while it is looked at.
import { Fault } from "./api";

/** Asks now and every so many milliseconds. To be called while a component is made. */
export function poll<T>(question: () => Promise<T>, every = 0) {
  const told = $state<{ now: T | null; fault: Fault | null; asking: boolean }>({ now: null, fault: null, asking: true });
  let asked = 0;
  async function again() {
    const mine = ++asked;
    told.asking = true;
    try {
      const now = await question();
      if (mine !== asked) return;
      told.now = now;
      told.fault = null;
    } catch (error) {
      if (mine !== asked) return;
      told.fault = Fault.of(error);
    } finally {
      if (mine === asked) told.asking = false;
    }
  }
  $effect(() => {
    void again();
    if (!every) return;
    const timer = setInterval(() => {
      if (document.visibilityState === "visible") void again();
    }, every);
    return () => clearInterval(timer);
  });
  return { told, again };
}
