//! The log of a service: JSON, one object a line, at the level that was asked for, and without secrets at any.

use serde_json::Value;
use tests::place::Place;

use super::{CANARY, Serving, get};

/// Shows a secret to this machine.
fn asking(port: u16) -> String {
    format!(
        "name: asking\nsteps:\n  a:\n    http: {{ url: \"http://127.0.0.1:{port}/x?secret=1\", \
         auth: {{ bearer: \"{{{{ secret('CRM') }}}}\" }}, expect: [404] }}\n"
    )
}

#[test]
fn every_line_of_the_log_is_an_object_and_no_level_tells_a_secret() {
    let place = Place::new();
    let stored =
        place.piped(&["secrets", "add", "CRM", "--host", "127.0.0.1", "--stdin"], &format!("{CANARY}\n"));
    assert_eq!(stored.code, Some(0), "{stored:?}");
    let token = place.keyway.run(&["token", "add", "ci"]).stdout.trim().to_owned();
    let serving = Serving::of(&place, &["--log-format", "json", "--log-level", "trace"]);
    let file = place.file("asking.yaml", &asking(serving.address.port()));
    assert_eq!(place.keyway.run(&["deploy", &file, "--yes"]).code, Some(0));
    place.keyway.run(&["run", "asking", "--allow-private"]);
    let head = format!("/api/v1/runs?x={token}");
    assert_eq!(get(serving.address, &head).0, 401);
    let said = serving.stop();
    for line in said.lines().filter(|line| line.starts_with('{')) {
        let object: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        for name in ["time", "level", "target"] {
            assert!(object[name].is_string(), "{line}");
        }
        let (level, target) = (object["level"].as_str().unwrap(), object["target"].as_str().unwrap());
        let root = target.split("::").next().unwrap();
        let others = ["hyper", "hyper_util", "reqwest", "h2", "rustls", "tokio", "mio"];
        assert!(!(others.contains(&root) && ["debug", "trace"].contains(&level)), "{line}");
    }
    for never in [CANARY, token.as_str()] {
        assert!(!said.contains(never), "{never}\n{said}");
    }
}

#[test]
fn a_level_that_is_none_is_refused_and_the_usual_log_of_a_quiet_service_is_empty() {
    let place = Place::new();
    let refused = place.keyway.run(&["serve", "--log-level", "loud"]);
    assert_eq!(refused.code, Some(2), "{refused:?}");
    let refused = place.keyway.run(&["serve", "--log-format", "xml"]);
    assert_eq!(refused.code, Some(2), "{refused:?}");
    let said = Serving::of(&place, &["--log-format", "json"]).stop();
    assert!(!said.contains('{'), "{said}");
    // A collector that is not there is told of once, when metrics are told for the last time.
    let arguments = ["--log-format", "json", "--log-level", "warn", "--otlp", "http://127.0.0.1:9"];
    let said = Serving::of(&place, &arguments).stop();
    let lines: Vec<Value> = said
        .lines()
        .filter(|line| line.starts_with('{'))
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 1, "{said}");
    assert_eq!((&lines[0]["level"], &lines[0]["target"]), (&"warn".into(), &"server::telemetry".into()));
}
