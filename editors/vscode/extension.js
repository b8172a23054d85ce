// Starts `keyway lsp`, and shows the stories of codes. All that is known of workflows the server knows.
"use strict";

const vscode = require("vscode");
const { LanguageClient, TransportKind } = require("vscode-languageclient/node");

let client;

function start() {
  const settings = vscode.workspace.getConfiguration("keyway");
  const data = settings.get("data");
  const args = ["lsp", "--stdio", ...(data ? ["--data", data] : [])];
  const run = { command: settings.get("path") || "keyway", args, transport: TransportKind.stdio };
  client = new LanguageClient("keyway", "Keyway", { run, debug: run }, {
    // The server leaves files alone that are neither workflows nor their tests nor manifests of connectors.
    documentSelector: [{ language: "keyway" }, { language: "yaml" }],
    initializationOptions: { codePages: "keyway-code:/" },
  });
  return client.start().catch((error) => {
    vscode.window.showErrorMessage(
      `Keyway: the server does not start (${error.message}). Set "keyway.path" to where the program keyway is.`,
    );
  });
}

// The page behind a code, as `keyway explain` tells it.
const pages = {
  async provideTextDocumentContent(uri) {
    const code = uri.path.replace(/^\/|\.md$/g, "");
    if (!client) return "";
    const page = await client.sendRequest("keyway/explain", { code });
    return `# ${page.code}: ${page.title}\n\n${page.story}`;
  },
};

exports.activate = async (context) => {
  context.subscriptions.push(
    vscode.workspace.registerTextDocumentContentProvider("keyway-code", pages),
    vscode.commands.registerCommand("keyway.restart", async () => {
      if (client) await client.stop().catch(() => {});
      await start();
    }),
  );
  await start();
};

exports.deactivate = () => (client ? client.stop() : undefined);
