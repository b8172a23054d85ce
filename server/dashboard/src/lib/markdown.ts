// The little Markdown of the service's pages, read into pieces that are shown as text. Nothing of it becomes HTML.

export type Piece = { kind: "text" | "code" | "strong"; text: string } | { kind: "link"; text: string; to: string };
export type Block =
  | { kind: "text"; pieces: Piece[] }
  | { kind: "head"; level: number; pieces: Piece[] }
  | { kind: "code"; text: string }
  | { kind: "list"; ordered: boolean; items: Piece[][] }
  | { kind: "table"; head: Piece[][]; rows: Piece[][][] };

const inner = /`([^`]+)`|\*\*([^*]+)\*\*|\[([^\]]+)\]\(([^)\s]+)\)|<(https?:\/\/[^>\s]+)>/g;

export function pieces(text: string): Piece[] {
  const found: Piece[] = [];
  let from = 0;
  for (const hit of text.matchAll(inner)) {
    if (hit.index > from) found.push({ kind: "text", text: text.slice(from, hit.index) });
    const [all, code, strong, label, to, bare] = hit;
    if (code !== undefined) found.push({ kind: "code", text: code });
    else if (strong !== undefined) found.push({ kind: "strong", text: strong });
    else if (bare !== undefined) found.push({ kind: "link", text: bare, to: bare });
    // Only addresses of the web are links: anything else might be a script.
    else if (/^https?:\/\//.test(to ?? "")) found.push({ kind: "link", text: label ?? "", to: to ?? "" });
    else found.push({ kind: "text", text: label ?? "" });
    from = hit.index + all.length;
  }
  if (from < text.length) found.push({ kind: "text", text: text.slice(from) });
  return found;
}

const item = /^(?:[-*]|\d+\.) /;

const cells = (line: string) =>
  line
    .replace(/^\||\|$/g, "")
    .split(/(?<!\\)\|/)
    .map((cell) => pieces(cell.trim().replaceAll("\\|", "|")));

export function blocks(text: string): Block[] {
  const lines = text.split("\n");
  const found: Block[] = [];
  let at = 0;
  while (at < lines.length) {
    const line = lines[at] ?? "";
    const head = /^(#{1,6}) (.*)/.exec(line);
    if (line.startsWith("```")) {
      const end = lines.findIndex((other, i) => i > at && other.startsWith("```"));
      found.push({ kind: "code", text: lines.slice(at + 1, end < 0 ? undefined : end).join("\n") });
      at = end < 0 ? lines.length : end + 1;
    } else if (head) {
      found.push({ kind: "head", level: head[1]!.length, pieces: pieces(head[2]!) });
      at++;
    } else if (line.startsWith("|")) {
      const rows: Piece[][][] = [];
      const first = cells(line);
      at++;
      while (lines[at]?.startsWith("|")) {
        if (!/^\|[\s|:-]+\|?$/.test(lines[at]!)) rows.push(cells(lines[at]!));
        at++;
      }
      found.push({ kind: "table", head: first, rows });
    } else if (item.test(line)) {
      const items: Piece[][] = [];
      const ordered = /^\d/.test(line);
      while (item.test(lines[at] ?? "") || /^ {2}/.test(lines[at] ?? "")) {
        items.push(pieces(lines[at]!.replace(item, "").replace(/^ +/, "")));
        at++;
      }
      found.push({ kind: "list", ordered, items });
    } else if (!line.trim()) at++;
    else {
      let whole = line;
      at++;
      while (lines[at]?.trim() && !/^(#|\||```|[-*] |\d+\. )/.test(lines[at]!)) whole += ` ${lines[at++]}`;
      found.push({ kind: "text", pieces: pieces(whole) });
    }
  }
  return found;
}
