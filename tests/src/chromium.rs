//! What plays scenes in a browser: Node, Chromium, and what `npm install` installs in `server/dashboard`.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::Value;

/// Node with a script, in an environment that names Chromium and the packages; nothing, which is said, where one of them is not there.
///
/// # Panics
/// Where CI lacks one.
pub fn plays(script: &str) -> Option<Command> {
    let packages = crate::root().join("server/dashboard");
    let installed = packages.join("node_modules/playwright-core/package.json").is_file();
    let found = (tool(&["node"]), tool(&["chromium", "chromium-browser", "google-chrome"]), installed);
    let (Some(node), Some(chromium), true) = found else {
        assert!(
            std::env::var("CI").as_deref() != Ok("true"),
            "CI has no Node, Chromium, or packages of the pages"
        );
        println!(
            "SKIPPED: there is no Node, no Chromium, or nothing that `npm install` installs in server/dashboard"
        );
        return None;
    };
    let mut play = Command::new(node);
    play.arg(crate::root().join("tests/dashboard").join(script));
    play.env("KEYWAY_NPM", packages).env("KEYWAY_CHROMIUM", chromium);
    Some(play)
}

/// Plays, and gives what is told of each scene by its name; what is no scene is heard at once.
///
/// # Panics
/// Where it cannot be started, or says what is no JSON.
pub fn played(mut play: Command, mut hears: impl FnMut(&Value)) -> BTreeMap<String, Value> {
    let mut play = play.stdout(Stdio::piped()).spawn().expect("Node can be started");
    let mut played = BTreeMap::new();
    for line in BufReader::new(play.stdout.take().expect("it is piped")).lines() {
        let line = line.expect("it is text");
        println!("{line}");
        let told: Value = serde_json::from_str(&line).expect("it tells JSON");
        match told["scene"].as_str() {
            Some(scene) => {
                played.insert(scene.to_owned(), told);
            }
            None => hears(&told),
        }
    }
    play.wait().expect("it ends");
    played
}

fn tool(names: &[&str]) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let mut all =
        names.iter().flat_map(|name| std::env::split_paths(&path).map(move |folder| folder.join(name)));
    all.find(|file| file.is_file())
}
