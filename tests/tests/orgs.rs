//! Organisations, people and tiers from the terminal, and whose secret a run then opens.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;

use tempfile::TempDir;
use tests::keyway::{Answer, Keyway};

struct Place {
    folder: TempDir,
    keyway: Keyway,
    port: u16,
}

/// A service that answers everybody alike.
fn service() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let port = listener.local_addr().expect("it has an address").port();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut reader = BufReader::new(stream.try_clone().expect("a stream can be read"));
            let mut head = String::new();
            while !head.ends_with("\r\n\r\n") && reader.read_line(&mut head).is_ok_and(|read| read > 0) {}
            // A client that goes away has nothing to be told.
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        }
    });
    port
}

/// The run, and the message where it failed.
fn told(answer: &Answer) -> (String, Result<(), String>) {
    let json = answer.json();
    let run = json["run"].as_str().unwrap_or_default().to_owned();
    if answer.code == Some(0) {
        return (run, Ok(()));
    }
    let message = json["error"]["message"].as_str().unwrap_or_default().to_owned();
    // The call that was refused is named before.
    let why = message.rsplit_once("`: ").map_or(message.clone(), |(_, why)| why.to_owned());
    (run, Err(why))
}

impl Place {
    fn new() -> Place {
        let folder = tempfile::tempdir().expect("a folder");
        let keyway = Keyway::at(folder.path().join("data"));
        Place { folder, keyway, port: service() }
    }

    fn done(&self, arguments: &[&str]) -> Answer {
        let answer = self.keyway.run(arguments);
        assert_eq!(answer.code, Some(0), "{arguments:?}: {answer:?}");
        answer
    }

    fn store(&self, more: &[&str]) {
        let arguments = [&["secrets", "add"], more, &["--host", "127.0.0.1", "--stdin"]].concat();
        let answer = self.keyway.run_with(&arguments, "a-secret-value");
        assert_eq!(answer.code, Some(0), "{answer:?}");
    }

    /// Runs a workflow that sends a secret; the message where it is refused.
    fn sends(&self, name: &str) -> Result<(), String> {
        self.run("send.yaml", name, &[]).1
    }

    /// Runs a workflow that sends a secret, or one that calls it; gives the run, and the message where it is refused.
    fn run(&self, file: &str, name: &str, more: &[&str]) -> (String, Result<(), String>) {
        let caller = "name: outer\nsteps: { inner: { call: send } }\noutput: \"{{ steps.inner }}\"\n";
        std::fs::write(self.folder.path().join("outer.yaml"), caller).expect("a file in a folder of ours");
        let send = self.folder.path().join("send.yaml");
        let text = format!(
            "name: send\nsteps:\n  ask:\n    http: {{ url: \"http://127.0.0.1:{}/\", auth: {{ bearer: \"{{{{ secret('{name}') }}}}\" }} }}\n    retry: 1\noutput: {{ s: \"{{{{ steps.ask.status }}}}\" }}\n",
            self.port
        );
        std::fs::write(&send, text).expect("a file in a folder of ours");
        let file = self.folder.path().join(file).display().to_string();
        let answer = self.keyway.run(&[&["run", &file, "--json", "--allow-private"], more].concat());
        told(&answer)
    }

    fn audited(&self, name: &str) -> Vec<String> {
        let rows = self.done(&["audit", "--key", name, "--json"]).json();
        let rows = rows.as_array().expect("a list").iter();
        let used = rows.filter(|row| row["action"] == "used");
        used.map(|row| row["detail"].as_str().unwrap_or_default().to_owned()).collect()
    }
}

#[test]
fn a_run_uses_its_owners_secrets_and_those_of_its_organisations_alone() {
    let place = Place::new();
    place.done(&["org", "create", "acme"]);
    place.done(&["org", "create", "rival"]);
    place.done(&["owner", "add", "ann"]);
    place.store(&["OWN"]);
    place.store(&["ANN", "--owner", "ann"]);
    place.store(&["ACME", "--org", "acme"]);
    place.store(&["RIVAL", "--org", "rival"]);
    place.store(&["BOTH", "--org", "acme"]);
    place.store(&["BOTH", "--org", "rival"]);
    let unknown = |name: &str| Err(format!("there is no secret `{name}`"));
    let opened = || ["OWN", "ANN", "ACME", "RIVAL", "BOTH"].map(|name| place.sends(name));
    let none = [Ok(()), unknown("ANN"), unknown("ACME"), unknown("RIVAL"), unknown("BOTH")];
    assert_eq!(opened(), none);
    place.done(&["org", "add", "acme", "local"]);
    assert_eq!(opened(), [Ok(()), unknown("ANN"), Ok(()), unknown("RIVAL"), Ok(())]);
    place.done(&["org", "add", "rival", "local"]);
    let several = Err("more than one organisation has a secret `BOTH`".into());
    assert_eq!(opened(), [Ok(()), unknown("ANN"), Ok(()), Ok(()), several]);
    place.done(&["org", "remove", "acme", "local"]);
    place.done(&["org", "remove", "rival", "local"]);
    assert_eq!(opened(), none);
    let acme = place.done(&["org", "list", "--json"]).json()[0]["id"].as_str().unwrap_or_default().to_owned();
    assert_eq!(place.audited("ACME"), vec![format!("http to 127.0.0.1, paid by organisation {acme}"); 2]);
    assert_eq!(place.audited("ANN"), Vec::<String>::new());
    place.done(&["vault", "verify"]);
}

#[test]
fn a_run_for_somebody_else_uses_their_secrets_and_so_do_those_that_it_calls_and_that_go_on_from_it() {
    let place = Place::new();
    place.done(&["owner", "add", "ann"]);
    place.store(&["OWN"]);
    place.store(&["ANN", "--owner", "ann"]);
    let ann = &["--owner", "ann"];
    let unknown = |name: &str| Err(format!("there is no secret `{name}`"));
    for file in ["send.yaml", "outer.yaml"] {
        assert_eq!(place.run(file, "ANN", ann).1, Ok(()), "{file}");
        assert_eq!(place.run(file, "OWN", ann).1, unknown("OWN"), "{file}");
        assert_eq!(place.run(file, "ANN", &[]).1, unknown("ANN"), "{file}");
    }
    // A run that goes on from another is for the same owner.
    let (run, failed) = place.run("send.yaml", "LATE", ann);
    assert_eq!(failed, unknown("LATE"));
    place.store(&["LATE", "--owner", "ann"]);
    let again = place.keyway.run(&["retry", &run, "--json", "--allow-private"]);
    assert_eq!(told(&again).1, Ok(()), "{again:?}");
    let file = place.folder.path().join("send.yaml").display().to_string();
    let nobody = place.keyway.run(&["run", &file, "--owner", "bob"]);
    assert_eq!(nobody.faults_as_refusal(1), Vec::<String>::new(), "{nobody:?}");
    assert_eq!(place.audited("ANN").len(), 2);
}

#[test]
fn lists_tell_who_there_is_and_what_is_wrong_is_told() {
    let place = Place::new();
    for command in [&["org", "list"][..], &["owner", "list"], &["tier", "list"]] {
        assert_eq!(place.done(command).stdout, "", "nothing is there yet");
    }
    place.done(&["org", "create", "acme"]);
    place.done(&["owner", "add", "ann", "--tier", "free"]);
    place.done(&["org", "add", "acme", "ann"]);
    let names = |arguments: &[&str]| {
        let list = place.done(arguments).json();
        let rows = list.as_array().expect("a list");
        rows.iter().map(|row| row["name"].as_str().unwrap_or_default().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names(&["org", "members", "acme", "--json"]), ["ann"]);
    assert_eq!(names(&["org", "list", "--json"]), ["acme"]);
    assert!(names(&["owner", "list", "--json"]).contains(&"ann".into()));
    assert_eq!(names(&["tier", "list", "--json"]), ["free", "paid"]);
    place.done(&["tier", "set", "trial", "--own-keys", "no", "--quota", "5"]);
    place.done(&["owner", "tier", "ann", "trial"]);
    assert!(place.done(&["owner", "list"]).stdout.contains("trial"));
    for (arguments, told) in [
        (&["org", "create", "acme"][..], "the owner `acme` is there already"),
        (&["org", "create", "a b"], "cannot be a name"),
        (&["org", "add", "acme", "bob"], "there is no user `bob`"),
        (&["org", "add", "nobody", "ann"], "there is no organisation `nobody`"),
        (&["org", "add", "ann", "local"], "there is no organisation `ann`"),
        (&["org", "remove", "acme", "local"], "there is no member `local`"),
        (&["owner", "tier", "ann", "gold"], "there is no tier `gold`"),
        (&["owner", "add", "eve", "--tier", "gold"], "there is no tier `gold`"),
        (&["keys", "list", "--org", "ann"], "there is no organisation `ann`"),
    ] {
        let answer = place.keyway.run(arguments);
        assert_eq!(answer.faults_as_refusal(1), Vec::<String>::new(), "{arguments:?}: {answer:?}");
        assert!(answer.stderr.contains(told), "{told}: {answer:?}");
    }
    place.store(&["ANN", "--owner", "ann"]);
    place.done(&["owner", "rm", "ann"]);
    assert_eq!(place.done(&["org", "members", "acme"]).stdout, "");
    assert_eq!(place.keyway.run(&["secrets", "list", "--owner", "ann"]).code, Some(1));
    place.done(&["vault", "verify"]);
}

#[test]
fn a_vault_that_was_never_used_is_empty_and_asks_for_no_root_key() {
    let place = Place::new();
    let status = place.done(&["vault", "status", "--json"]).json();
    assert_eq!(status["state"], "empty");
    for arguments in
        [&["vault", "verify"][..], &["vault", "seal"], &["vault", "rotate", "root"], &["audit", "verify"]]
    {
        let answer = place.keyway.run(arguments);
        assert_eq!(answer.faults_as_refusal(1), Vec::<String>::new(), "{arguments:?}: {answer:?}");
        assert!(
            answer.stderr.contains("the vault is empty") && !answer.stderr.contains("root key"),
            "{answer:?}"
        );
    }
}

#[test]
fn a_member_hears_that_a_key_of_the_organisation_was_replaced_and_nobody_else_does() {
    let place = Place::new();
    place.done(&["org", "create", "acme"]);
    place.done(&["owner", "add", "ann"]);
    place.done(&["org", "add", "acme", "local"]);
    let key = |arguments: &[&str]| {
        let more = ["--org", "acme", "--no-test", "--stdin"];
        let answer =
            place.keyway.run_with(&[&["keys"], arguments, &more].concat(), "sk-canary-77aa88bb99cc00dd");
        assert_eq!(answer.code, Some(0), "{answer:?}");
    };
    key(&["add", "openai", "--name", "work"]);
    let told = |arguments: &[&str]| {
        let list = place.done(&[&["keys", "list", "--json"], arguments].concat()).json();
        let row = list[0].clone();
        assert!(!row.to_string().contains("00dd"), "what it holds is not a member's to see: {row}");
        (row["organisation"] == "acme", row["advice"].as_str().unwrap_or_default().to_owned())
    };
    assert_eq!(told(&[]), (true, String::new()), "a key that is new and right needs no words");
    key(&["rotate", "work"]);
    let (_, advice) = told(&[]);
    assert!(advice.starts_with("it was replaced on ") && advice.contains("by keyway"), "{advice}");
    let list = place.done(&["keys", "list"]).stdout;
    assert!(list.contains("acme/work for openai") && list.contains(&advice), "{list}");
    let audit = place.done(&["audit", "--owner", "local", "--json"]).json();
    let rows = audit.as_array().expect("a list").iter();
    let replaced = rows.filter(|row| row["action"] == "replaced" && row["subject"] == "key/work@2");
    assert_eq!(replaced.count(), 1, "{audit}");
    place.done(&["keys", "revoke", "work", "--org", "acme"]);
    assert!(told(&[]).1.starts_with("it is revoked"));
    assert_eq!(place.done(&["keys", "list", "--json", "--owner", "ann"]).json(), serde_json::json!([]));
    place.done(&["org", "remove", "acme", "local"]);
    assert_eq!(
        place.done(&["keys", "list", "--json"]).json(),
        serde_json::json!([]),
        "who is no member hears nothing"
    );
}
