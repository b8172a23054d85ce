//! Nothing of the shell is open to pages: no capability, no command, no plugin. What is not there cannot be tried from a page, so
//! that it is looked for in what the shell is made of.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

/// What would open something to a page.
const OPENINGS: [&str; 6] = [
    "tauri::command",
    "invoke_handler",
    ".plugin(",
    "add_capability",
    "register_uri_scheme",
    "with_global_tauri",
];

fn openings(text: &str) -> Vec<&'static str> {
    OPENINGS.into_iter().filter(|opening| text.contains(opening)).collect()
}

fn is_shut(settings: &Value) -> bool {
    let app = &settings["app"];
    app["security"]["capabilities"] == json!([])
        && app["withGlobalTauri"] == json!(false)
        && app["windows"] == json!([])
        && settings.get("plugins").is_none()
}

#[test]
fn no_capability_stands_in_the_settings_or_beside_them() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let settings: Value =
        serde_json::from_str(&fs::read_to_string(root.join("tauri.conf.json")).unwrap()).unwrap();
    assert!(is_shut(&settings));
    assert!(!root.join("capabilities").exists() && !root.join("permissions").exists());
    // Each of these would be seen.
    for (place, value) in [
        ("/app/security/capabilities", json!(["main"])),
        ("/app/withGlobalTauri", json!(true)),
        ("/app/windows", json!([{ "url": "https://example.com" }])),
    ] {
        let mut open = settings.clone();
        *open.pointer_mut(place).unwrap() = value;
        assert!(!is_shut(&open), "{place}");
    }
}

#[test]
fn no_command_and_no_plugin_stands_in_the_source() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut seen = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let text = fs::read_to_string(entry.unwrap().path()).unwrap();
        assert_eq!(openings(&text), Vec::<&str>::new());
        seen += 1;
    }
    assert!(seen >= 8, "{seen}");
    assert_eq!(openings("#[tauri::command]\nfn run() {}"), ["tauri::command"]);
}
