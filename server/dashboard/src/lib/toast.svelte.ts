// Short words that something was done.

export const toasts = $state<{ id: number; text: string; tone: "good" | "bad" }[]>([]);
let next = 0;

export function toast(text: string, tone: "good" | "bad" = "good") {
  const id = next++;
  toasts.push({ id, text, tone });
  setTimeout(() => {
    const at = toasts.findIndex((one) => one.id === id);
    if (at >= 0) toasts.splice(at, 1);
  }, 5000);
}
