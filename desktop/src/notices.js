// Tells by the notices of the desktop what needs a person: steps that ask, and runs that fail. It asks two public routes as
// the page does, with the session that is in the page; without one it hears 401 and tells nothing. Notices name workflows and
// steps alone: what stands in a run is for the page.
(() => {
  "use strict";
  const EVERY = 10_000;
  const AT_ONCE = 3;
  const isPage = /^https?:$/.test(location.protocol) && location.pathname.startsWith("/dashboard");
  if (!isPage || window.top !== window || typeof Notification === "undefined") return;

  let asked = null;
  let failed = null;
  let latest = 0;

  const get = async (path) => {
    const answer = await fetch(path, { credentials: "same-origin", headers: { accept: "application/json" } });
    if (!answer.ok) throw answer.status;
    return answer.json();
  };

  // As if somebody followed a link: the page leads there itself, and asks before it drops what is not saved.
  const follow = (to) => {
    const link = document.createElement("a");
    link.href = to;
    link.hidden = true;
    document.body.append(link);
    link.click();
    link.remove();
  };

  const tell = (title, body, tag, to) => {
    if (Notification.permission !== "granted") return;
    const notice = new Notification(title, { body, tag });
    notice.onclick = () => {
      window.focus();
      notice.close();
      follow(to);
    };
  };

  const tellAll = (fresh, one, many, to) => {
    if (fresh.length > AT_ONCE) tell(many(fresh.length), "", `keyway ${to}`, to);
    else fresh.forEach(one);
  };

  const look = async () => {
    try {
      const { approvals } = await get("/api/v1/approvals");
      const { runs } = await get("/api/v1/runs?status=failed&limit=100");
      const id = (one) => `${one.run} ${one.step}`;
      // What was there at the first look is in the pages: only what comes later is told.
      if (asked !== null) {
        tellAll(
          approvals.filter((one) => !asked.has(id(one))),
          (one) => tell(
            one.kind === "doubt" ? `${one.workflow}: did a call take effect?` : `${one.workflow} asks for an answer`,
            `Step ${one.step}`, `keyway ${id(one)}`, "/dashboard/inbox",
          ),
          (count) => `${count} steps ask for an answer`, "/dashboard/inbox",
        );
        // The list is by when runs began: one that is older than what was seen comes into it when others leave.
        tellAll(
          runs.filter((one) => !failed.has(one.run) && Date.parse(one.ended ?? "") >= latest),
          (one) => tell(`${one.workflow} failed`, `Run ${one.run}`, `keyway ${one.run}`, `/dashboard/runs/${encodeURIComponent(one.run)}`),
          (count) => `${count} runs failed`, "/dashboard/runs",
        );
      }
      asked = new Set(approvals.map(id));
      failed = new Set(runs.map((one) => one.run));
      latest = Math.max(latest, ...runs.map((one) => Date.parse(one.ended ?? "") || 0));
    } catch (error) {
      // Somebody else may sign in next, whose runs are others. A service that is away for a moment has the same ones.
      if (error === 401 || error === 403) asked = null;
    }
  };

  const permit = () => {
    if (Notification.permission === "default") void Notification.requestPermission();
  };
  permit();
  addEventListener("pointerdown", permit, { once: true });
  addEventListener("keydown", permit, { once: true });
  void look();
  setInterval(look, EVERY);
})();
