//! A client that others' generator makes of the description compiles with strict types, and does what a program does.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::{Value, json};
use server::http::Limits;
use server::http::openapi::document;
use server::http::routes::ROUTES;
use server::token::Scope;
use tests::tool::installed;
use tests::web::Web;

/// The program that uses it.
const PROGRAM: &str = include_str!("programs/client.py");

/// A folder with a client that was made of a description, and what checks and runs programs with it.
struct Workshop {
    folder: tempfile::TempDir,
    tools: PathBuf,
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

impl Workshop {
    /// Makes a client of a description.
    fn of(tools: &Path, document: &Value) -> Workshop {
        let folder = tempfile::tempdir().expect("a folder");
        let shop = Workshop { folder, tools: tools.to_owned() };
        shop.write("openapi.json", &document.to_string());
        // Nothing is laid out anew behind it: what was made is read by programs alone.
        shop.write("config.yml", "project_name_override: keyway-api\npost_hooks: []\n");
        let made = shop.run(
            "openapi-python-client",
            &[
                "generate",
                "--path",
                "openapi.json",
                "--config",
                "config.yml",
                "--meta",
                "none",
                "--output-path",
                "keyway_api",
                "--fail-on-warning",
            ],
        );
        assert!(made.status.success(), "{}", text(&made));
        shop
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.folder.path().join(name), text).expect("a file in a folder of ours");
    }

    fn run(&self, tool: &str, arguments: &[&str]) -> Output {
        self.command(tool, arguments).output().expect("what is installed can be started")
    }

    fn command(&self, tool: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(self.tools.join(tool));
        command.args(arguments).current_dir(self.folder.path()).env("PYTHONDONTWRITEBYTECODE", "1");
        command
    }

    /// What a checker of types says of a program.
    fn checked(&self, program: &str) -> Output {
        self.write("program.py", program);
        self.run(
            "mypy",
            &["--strict", "--no-error-summary", "--cache-dir", "types", "keyway_api", "program.py"],
        )
    }

    /// What the program says of a service.
    fn ran(&self, web: &Web, token: &str) -> Output {
        let mut command = self.command("python", &["program.py"]);
        command.env("KEYWAY_URL", format!("http://{}", web.address)).env("KEYWAY_TOKEN", token);
        command.output().expect("it can be started")
    }
}

#[test]
fn a_client_that_is_made_of_the_description_compiles_and_does_what_programs_do() {
    let Some(generator) = installed("api/bin/openapi-python-client") else { return };
    let tools = generator.parent().expect("a folder").to_owned();
    let shop = Workshop::of(&tools, &document(ROUTES));
    let checked = shop.checked(PROGRAM);
    assert!(checked.status.success(), "{}", text(&checked));
    let web = Web::open(ROUTES, Limits::default(), &[]);
    let token = web.token("local", "admin", Scope::Admin, None);
    let ran = shop.ran(&web, token.expose());
    assert!(ran.status.success(), "{}", text(&ran));
    let said: Value = serde_json::from_slice(&ran.stdout).expect("JSON");
    assert_eq!(said, json!({ "output": "hello you", "step": "succeeded", "refused": "forbidden" }));

    // The controls: a program that is not as the types say, and a description that is not as the service answers.
    let wrong = PROGRAM.replace("client=client, body=PostTokensBody(name=\"more\")", "client=client");
    assert_ne!(wrong, PROGRAM);
    let checked = shop.checked(&wrong);
    assert!(!checked.status.success() && text(&checked).contains("[call-arg]"), "{}", text(&checked));
    let mut other = document(ROUTES);
    let status = &mut other["components"]["schemas"]["Run"];
    status["required"] = json!(["run", "workflow", "status", "output", "steps", "mood"]);
    status["properties"]["mood"] = json!({ "type": "string" });
    let shop = Workshop::of(&tools, &other);
    shop.write("program.py", PROGRAM);
    let web = Web::open(ROUTES, Limits::default(), &[]);
    let token = web.token("local", "admin", Scope::Admin, None);
    let ran = shop.ran(&web, token.expose());
    assert!(!ran.status.success() && text(&ran).contains("KeyError: 'mood'"), "{}", text(&ran));
}
