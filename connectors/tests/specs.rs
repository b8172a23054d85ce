//! The requests of fixtures against descriptions of their services, where a validator is at hand: `KEYWAY_SPECS` names
//! the folder of its script `run-prism.sh`, `KEYWAY_DESCRIPTIONS` that of the descriptions, `NAME.json` for each service.
//! Without them nothing is judged, since the project stands alone. `KEYWAY_SERVICES=slack,github` judges these alone: a
//! description takes its time to be loaded. `KEYWAY_WRITE=1` keeps the verdict on each service that was judged, all of whose
//! requests fit, in `judged.json`, from which docs/connectors/status.md is made.

#![allow(clippy::unwrap_used)]

mod play;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use connectors::library::Library;
use connectors::manifest::Manifest;
use serde_json::{Value as Json, json};

/// Fixtures whose requests their description refuses though the vendor's own prose asks for them, each with the reason.
const BEYOND: &[(&str, &str, &str)] = &[
    ("airtable", "upsert_record", "the description has no change of several records of a table"),
    ("calendly", "create_scheduling_link", "the description has no links for one booking"),
    (
        "clickup",
        "add_comment_right_bare",
        "the description requires that somebody is assigned, which the prose does not",
    ),
    ("clickup", "attach_file", "the description takes the parts of the body for a list"),
    ("clickup", "update_task_right_bare", "the description has no task that is not urgent any more"),
    ("freshdesk", "get_me", "the description has agents by their numbers, and not `me`"),
    ("github", "download_archive", "the description is an extract without archives"),
    ("github", "download_release_asset", "the description is an extract without files of releases"),
    ("github", "get_file_limited", "a parameter of a path is one segment in the description"),
    ("github", "get_file_refused", "a parameter of a path is one segment in the description"),
    ("github", "get_file_right", "a parameter of a path is one segment in the description"),
    ("github", "put_file_limited", "a parameter of a path is one segment in the description"),
    ("github", "put_file_refused", "a parameter of a path is one segment in the description"),
    ("github", "put_file_right", "a parameter of a path is one segment in the description"),
    ("github", "upload_release_asset", "the description is an extract without files of releases"),
    ("hubspot", "add_to_list", "the description is an extract without lists"),
    ("hubspot", "create_deal", "the description is an extract without deals"),
    ("hubspot", "get_account", "the description is an extract without the account"),
    ("hubspot", "search_deals", "the description is an extract without deals"),
    ("hubspot", "update_deal", "the description is an extract without deals"),
    (
        "google_calendar",
        "create_event_right_zone",
        "a time without offset is none in the description; the prose takes it beside a time zone",
    ),
    (
        "google_calendar",
        "update_event_right",
        "the description has no null, with which a patch empties a field",
    ),
    (
        "google_calendar",
        "update_event_right_day",
        "the description has no null, with which a patch empties a field",
    ),
    ("google_sheets", "add_sheet", TOO_DEEP),
    ("google_sheets", "batch_update", TOO_DEEP),
    ("google_sheets", "create_spreadsheet", TOO_DEEP),
    ("google_sheets", "delete_rows", TOO_DEEP),
    ("google_sheets", "get_spreadsheet", TOO_DEEP),
    ("google_sheets", "get_user", "the description is of Sheets, and who somebody is, OpenID Connect tells"),
    ("gitlab", "update_issue_right_undue", "the description has no issue that is not due any more"),
    (
        "intercom",
        "create_conversation",
        "an id is 24 letters and a UUID at once in the description, which none is",
    ),
    (
        "intercom",
        "search_contacts_right_both",
        "the description is an extract without conditions within conditions",
    ),
    ("jira", "add_attachment", "the description takes the parts of the body for a list"),
    ("jira", "assign_issue_right_bare", "the description has no issue that is given to nobody"),
    (
        "jira",
        "get_myself_refused_scope",
        "the description knows the address of a site, and not the one of OAuth",
    ),
    (
        "jira",
        "get_myself_right_oauth",
        "the description knows the address of a site, and not the one of OAuth",
    ),
    (
        "jira",
        "get_myself_right_renewed",
        "the description knows the address of a site, and not the one of OAuth",
    ),
    (
        "notion",
        "create_page_right_children",
        "the description has blocks and icons as texts; the prose as objects",
    ),
    ("notion", "create_page_right_item", "the description calls the id of a data source `database_id`"),
    ("paypal", "create_payout", "the description is an extract without payouts"),
    ("paypal", "list_events", "the description is an extract without webhooks"),
    ("paypal", "list_transactions", "the description is an extract without reports"),
    ("salesforce", "run_report", "the description is one of records, without reports"),
    ("onedrive", "find_item", "the description has no paths of names, as in `root:/a/b`"),
    ("onedrive", "get_drive_right_app", "the description has a drive by its id only with something below it"),
    (
        "onedrive",
        "get_drive_right_library",
        "the description has a drive by its id only with something below it",
    ),
    ("onedrive", "upload_file", "the description has no paths of names, as in `root:/a:/content`"),
    ("outlook_mail", "get_attachment", "the description has no content of an attachment alone"),
    ("outlook_mail", "send_draft_right_app", "the description has the mailbox of who signed in alone"),
    ("outlook_mail", "send_draft_right_shared", "the description has the mailbox of who signed in alone"),
    ("sendgrid", "send_template", "the description requires a subject and a content, which a template has"),
    ("slack", "begin_upload", "the description of 2021 has not the uploads of today"),
    (
        "slack",
        "delete_message",
        "the description of 2021 has `ts` as a number; the prose, as everywhere else, as a text",
    ),
    ("slack", "download_file", "the description has methods alone, and no addresses of files"),
    ("slack", "finish_upload", "the description of 2021 has not the uploads of today"),
    ("slack", "send_upload", "the description of 2021 has not the uploads of today"),
    ("stripe", "create_checkout_session", "the validator cannot read lists of objects in a form"),
    ("stripe", "create_subscription", "the validator cannot read lists of objects in a form"),
    ("twilio", "download_recording", "the description has what is said of a recording, and not the sound"),
    ("twilio", "get_account_right_renewed", "the description knows no OAuth"),
    ("twilio", "send_message_right_media", "the validator cannot read lists in a form"),
    ("twilio", "send_whatsapp_right_media", "the validator cannot read lists in a form"),
    (
        "wordpress",
        "get_me_right_com",
        "the description knows a site's own address, and not the one at WordPress.com",
    ),
    ("wordpress", "get_me_right_folder", "the description knows a site at the top of its host"),
    ("wordpress", "get_post_refused_route", "the description cannot know the types that a plugin makes"),
    ("wordpress", "upload_media", "the description lists some kinds of files, and not text"),
    ("zendesk", "add_tags", "the description leaves the body out"),
    ("zendesk", "create_organization", "the description leaves the body out"),
    ("zendesk", "create_ticket_right_custom", "the description takes the field itself for its value"),
    ("zendesk", "get_me_right_renewed", "the description knows no OAuth"),
    (
        "zendesk",
        "update_ticket_right_custom",
        "the description takes the field itself for its value, and has no ticket that is given to nobody",
    ),
    ("zendesk", "upload_file", "the description leaves the body out"),
    ("x", "upload_media", "the description has no uploads"),
    ("zapier", "start_zap", HOOK),
    ("zapier", "start_zap_for_each", HOOK),
    ("zapier", "start_zap_with_text", HOOK),
    (
        "zoho_crm",
        "add_note",
        "the description requires of a new note what only an answer has, as when it was changed",
    ),
    ("zoho_crm", "add_tags", "the description requires of a tag what only an answer has, as who made it"),
    ("zoho_crm", "attach_file", "the description has links to attach, and no files"),
];

/// Without the answers in the description, their requests are judged, and are right.
const TOO_DEEP: &str =
    "the validator cannot make an answer that nests as deep as a table, and says so whatever it is asked";

/// A secret is shown to fixtures by its name, behind `secret-`.
const HOOK: &str =
    "the last part of the address is letters and digits in the description, and has a `-` in fixtures";

/// The path of the server that a description names, which the validator does not serve.
fn served(description: &Json) -> String {
    let url = description["servers"][0]["url"].as_str().unwrap_or_default();
    let path = url.splitn(4, '/').nth(3).map(|rest| format!("/{rest}")).unwrap_or_default();
    path.trim_end_matches('/').to_owned()
}

/// The tools and the descriptions, where both are named. One that is named and is not there is a fault.
fn named() -> Option<(PathBuf, PathBuf)> {
    let folder = |name: &str| {
        let folder = PathBuf::from(std::env::var_os(name)?);
        assert!(folder.is_dir(), "{name} names `{}`, which is no folder", folder.display());
        Some(folder)
    };
    let named = folder("KEYWAY_SPECS").zip(folder("KEYWAY_DESCRIPTIONS"));
    if named.is_none() {
        println!(
            "SKIPPED: no validator is named by KEYWAY_SPECS and KEYWAY_DESCRIPTIONS, and nothing is judged"
        );
    }
    named
}

/// The requests of a service, as the validator takes them.
struct Cases {
    /// Each with the action that it is of.
    all: Vec<(String, Json)>,
    /// How many are beyond the description.
    beyond: usize,
}

impl Cases {
    fn of(manifest: &Manifest, description: &Json) -> Cases {
        let (below, name) = (served(description), &manifest.id);
        let mut cases = Cases { all: vec![], beyond: 0 };
        for fixture in play::of(manifest) {
            let beyond = BEYOND
                .iter()
                .any(|(service, of, _)| service == name && (*of == fixture.name || *of == fixture.action));
            if fixture.action == "request" || beyond {
                cases.beyond += usize::from(beyond);
                continue;
            }
            // The address of a further page may be one that no description has.
            let wanted = fixture.exchanges()[0]["expect_request"].clone();
            let url = wanted["url"].as_str().unwrap();
            let path = format!("/{}", url.splitn(4, '/').nth(3).unwrap_or_default());
            let path = path.strip_prefix(&below).unwrap_or(&path).to_owned();
            let mut headers: serde_json::Map<String, Json> = wanted["headers"]
                .as_object()
                .into_iter()
                .flatten()
                // The validator answers in plain JSON alone, and looks for nothing else where that is not accepted.
                .filter(|(name, value)| !value.is_null() && *name != "accept")
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect();
            // The first form of this answer in the description is one that the validator cannot write, and it says 500 to
            // every request that names no other.
            if name == "github" && fixture.action == "get_file" {
                headers.insert("accept".into(), "application/json".into());
            }
            let mut case = json!({
                "service": name.replace('_', "-"),
                "name": fixture.name,
                "method": wanted["method"],
                "path": path,
                "headers": headers,
                "expect": "2xx",
            });
            match &wanted["body"] {
                Json::Null => {}
                Json::String(text) => case["text"] = json!(text),
                body => case["text"] = json!(body.to_string()),
            }
            cases.all.push((fixture.action, case));
        }
        cases
    }

    /// What is kept of them once they fit: of each action how many.
    fn verdict(&self, state: String) -> Json {
        let mut actions: BTreeMap<&str, usize> = BTreeMap::new();
        for (action, _) in &self.all {
            *actions.entry(action).or_default() += 1;
        }
        let date = jiff::Timestamp::now().strftime("%Y-%m-%d").to_string();
        json!({ "date": date, "state": state, "actions": actions, "beyond": self.beyond })
    }
}

/// What the validator says to requests: all that it refuses, and all that it said.
fn refused(tools: &Path, descriptions: &Path, cases: &[&Json]) -> (Vec<String>, String) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("cases.json");
    std::fs::write(&file, serde_json::to_string(&cases).unwrap()).unwrap();
    let mut command = Command::new("bash");
    command.arg(tools.join("run-prism.sh")).arg("check").arg(&file).arg(descriptions);
    let out = command.output().unwrap();
    let said = String::from_utf8_lossy(&out.stdout).into_owned();
    let judged = said.lines().filter(|line| line.starts_with("ok") || line.starts_with("FAIL")).count();
    let said = format!("{said}\n{}", String::from_utf8_lossy(&out.stderr));
    let wrong: Vec<String> =
        said.lines().filter(|line| line.starts_with("FAIL")).map(str::to_owned).collect();
    assert!(judged == cases.len() || !wrong.is_empty(), "{judged} of {} were judged: {said}", cases.len());
    (wrong, said)
}

#[test]
fn every_request_of_a_fixture_fits_the_description_of_its_service() {
    let Some((tools, descriptions)) = named() else { return };
    let only = std::env::var("KEYWAY_SERVICES").ok();
    let only: Option<Vec<&str>> = only.as_deref().map(|names| names.split(',').collect());
    let library = Library::embedded();
    let (mut judged, mut faults) = (0, vec![]);
    for name in library.names().filter(|name| only.as_ref().is_none_or(|only| only.contains(name))) {
        let file = descriptions.join(format!("{}.json", name.replace('_', "-")));
        let Ok(text) = std::fs::read_to_string(&file) else { continue };
        let cases = Cases::of(library.find(name).unwrap(), &serde_json::from_str(&text).unwrap());
        let requests: Vec<&Json> = cases.all.iter().map(|(_, case)| case).collect();
        if requests.is_empty() {
            continue;
        }
        let (wrong, _) = refused(&tools, &descriptions, &requests);
        println!(
            "{name}: {} requests judged, {} refused, {} beyond it",
            requests.len(),
            wrong.len(),
            cases.beyond
        );
        judged += requests.len();
        if wrong.is_empty() && std::env::var_os("KEYWAY_WRITE").is_some() {
            keep(name, cases.verdict(play::state(&library, name)));
        }
        faults.extend(wrong);
    }
    println!("{judged} requests judged");
    assert!(judged > 0, "nothing is judged");
    assert!(faults.is_empty(), "{} of {judged} requests:\n{}", faults.len(), faults.join("\n"));
}

/// Keeps a verdict, in the place of the one before.
fn keep(name: &str, verdict: Json) {
    let kept = std::fs::read_to_string(play::judged()).unwrap_or_default();
    let mut kept: BTreeMap<String, Json> = serde_json::from_str(&kept).unwrap_or_default();
    kept.insert(name.to_owned(), verdict);
    std::fs::write(play::judged(), serde_json::to_string_pretty(&kept).unwrap() + "\n").unwrap();
}
