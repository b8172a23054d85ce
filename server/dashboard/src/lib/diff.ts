// What differs between two texts, line by line.

export interface Line {
  kind: "same" | "gone" | "come";
  text: string;
  before: number | null;
  after: number | null;
}

/** The shortest way from one text to the other that keeps the order of lines. */
export function diff(before: string, after: string): Line[] {
  const [a, b] = [before.split("\n"), after.split("\n")];
  let head = 0;
  while (head < a.length && head < b.length && a[head] === b[head]) head++;
  let tail = 0;
  while (tail < a.length - head && tail < b.length - head && a[a.length - 1 - tail] === b[b.length - 1 - tail]) tail++;
  const [left, right] = [a.slice(head, a.length - tail), b.slice(head, b.length - tail)];
  const wide = right.length + 1;
  const longest = new Uint32Array((left.length + 1) * wide);
  for (let i = left.length - 1; i >= 0; i--) {
    for (let j = right.length - 1; j >= 0; j--) {
      longest[i * wide + j] =
        left[i] === right[j]
          ? longest[(i + 1) * wide + j + 1]! + 1
          : Math.max(longest[(i + 1) * wide + j]!, longest[i * wide + j + 1]!);
    }
  }
  const lines: Line[] = [];
  let [x, y] = [0, 0];
  const put = (kind: Line["kind"], text: string) => {
    lines.push({ kind, text, before: kind === "come" ? null : ++x, after: kind === "gone" ? null : ++y });
  };
  for (const text of a.slice(0, head)) put("same", text);
  let [i, j] = [0, 0];
  while (i < left.length || j < right.length) {
    if (i < left.length && j < right.length && left[i] === right[j]) {
      put("same", left[i++]!);
      j++;
    } else if (i < left.length && (j >= right.length || longest[(i + 1) * wide + j]! >= longest[i * wide + j + 1]!)) {
      put("gone", left[i++]!);
    } else put("come", right[j++]!);
  }
  for (const text of a.slice(a.length - tail)) if (tail) put("same", text);
  return lines;
}

/** The same without long stretches that are alike; a number stands for the lines left out. */
export function near(lines: Line[], around = 3): (Line | number)[] {
  const shown = lines.map(() => false);
  lines.forEach((line, at) => {
    if (line.kind === "same") return;
    for (let i = Math.max(0, at - around); i <= Math.min(lines.length - 1, at + around); i++) shown[i] = true;
  });
  const out: (Line | number)[] = [];
  let left = 0;
  lines.forEach((line, at) => {
    if (!shown[at]) {
      left++;
      return;
    }
    if (left) out.push(left);
    left = 0;
    out.push(line);
  });
  if (left) out.push(left);
  return out;
}
