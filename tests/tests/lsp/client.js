// Talks to `keyway lsp` as VS Code does: with its own library of the protocol. Arguments: the program, a folder.
"use strict";
const { spawn } = require("node:child_process");
const assert = require("node:assert");
const protocol = require("vscode-languageserver-protocol/node");

const [program, folder] = process.argv.slice(2);
const child = spawn(program, ["lsp", "--stdio"], { cwd: folder, stdio: ["pipe", "pipe", "inherit"] });
const connection = protocol.createProtocolConnection(
  new protocol.StreamMessageReader(child.stdout),
  new protocol.StreamMessageWriter(child.stdin),
);
const told = new Promise((resolve) => connection.onNotification(protocol.PublishDiagnosticsNotification.type, resolve));
const asked = new Promise((resolve) =>
  connection.onRequest(protocol.RegistrationRequest.type, (params) => resolve(params.registrations[0].method)),
);
connection.listen();

async function main() {
  const capabilities = {
    textDocument: { publishDiagnostics: { relatedInformation: true } },
    workspace: { didChangeWatchedFiles: { dynamicRegistration: true } },
  };
  const said = await connection.sendRequest(protocol.InitializeRequest.type, { processId: null, rootUri: null, capabilities });
  assert.strictEqual(said.capabilities.textDocumentSync.change, protocol.TextDocumentSyncKind.Incremental);
  await connection.sendNotification(protocol.InitializedNotification.type, {});
  assert.strictEqual(await asked, "workspace/didChangeWatchedFiles");
  const uri = "file:///a.yaml";
  const text = "name: a\nsteps:\n  first: { set: { n: 1 } }\noutput: \"{{ steps.frist.n }}\"\n";
  const textDocument = { uri, languageId: "yaml", version: 1, text };
  await connection.sendNotification(protocol.DidOpenTextDocumentNotification.type, { textDocument });
  const { diagnostics } = await told;
  const unknown = diagnostics.find((found) => found.code === "KW0102");
  assert.deepStrictEqual(unknown.range, { start: { line: 3, character: 18 }, end: { line: 3, character: 23 } });
  const actions = await connection.sendRequest(protocol.CodeActionRequest.type, {
    textDocument: { uri }, range: unknown.range, context: { diagnostics: [unknown] },
  });
  assert.strictEqual(actions[0].edit.changes[uri][0].newText, "first");
  const at = { textDocument: { uri }, position: { line: 3, character: 18 } };
  const list = await connection.sendRequest(protocol.CompletionRequest.type, at);
  assert.ok(list.items.some((item) => item.label === "first"));
  await assert.rejects(connection.sendRequest("workspace/unheardOf"), { code: protocol.ErrorCodes.MethodNotFound });
  await connection.sendRequest(protocol.ShutdownRequest.type);
  const gone = new Promise((resolve) => child.on("exit", resolve));
  await connection.sendNotification(protocol.ExitNotification.type);
  assert.strictEqual(await gone, 0);
  console.log("well");
}

main().then(() => process.exit(0), (error) => {
  console.error(error);
  process.exit(1);
});
