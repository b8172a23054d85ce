// Light or dark: as the system has it, unless somebody chose.

type Theme = "system" | "light" | "dark";
const kept = localStorage.getItem("keyway-theme");
export const theme = $state<{ now: Theme }>({ now: kept === "light" || kept === "dark" ? kept : "system" });

export function showTheme() {
  const root = document.documentElement;
  if (theme.now === "system") delete root.dataset.theme;
  else root.dataset.theme = theme.now;
}

export function turnTheme() {
  const order: Theme[] = ["system", "light", "dark"];
  theme.now = order[(order.indexOf(theme.now) + 1) % order.length] ?? "system";
  localStorage.setItem("keyway-theme", theme.now);
  showTheme();
}
