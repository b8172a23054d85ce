//! The requests of fixtures against descriptions of their services, where a validator is at hand: `KEYWAY_SPECS` names
//! the folder of its script `run-prism.sh`, `KEYWAY_DESCRIPTIONS` that of the descriptions, `NAME.json` for each service.
//! Without them nothing is judged, since the project stands alone.

#![allow(clippy::unwrap_used)]

mod play;

use std::path::PathBuf;
use std::process::Command;

use connectors::library::Library;
use serde_json::{Value as Json, json};

/// Fixtures whose requests their description refuses though the vendor's own prose asks for them, each with the reason.
const BEYOND: &[(&str, &str, &str)] = &[
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

#[test]
fn every_request_of_a_fixture_fits_the_description_of_its_service() {
    let (Some(tools), Some(descriptions)) =
        (std::env::var_os("KEYWAY_SPECS"), std::env::var_os("KEYWAY_DESCRIPTIONS"))
    else {
        println!("no validator is named, and nothing is judged");
        return;
    };
    let (tools, descriptions) = (PathBuf::from(tools), PathBuf::from(descriptions));
    let library = Library::embedded();
    let (mut cases, mut judged) = (vec![], serde_json::Map::new());
    for name in library.names() {
        let file = descriptions.join(format!("{}.json", name.replace('_', "-")));
        let Ok(text) = std::fs::read_to_string(&file) else { continue };
        let below = served(&serde_json::from_str(&text).unwrap());
        let before = cases.len();
        let mut beyond_it = 0;
        for fixture in play::of(library.find(name).unwrap()) {
            let beyond = BEYOND
                .iter()
                .any(|(service, of, _)| *service == name && (*of == fixture.name || *of == fixture.action));
            if fixture.action == "request" || beyond {
                beyond_it += usize::from(beyond);
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
            cases.push(case);
        }
        judged.insert(name.into(), json!({ "judged": cases.len() - before, "beyond": beyond_it }));
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("cases.json");
    std::fs::write(&file, serde_json::to_string(&cases).unwrap()).unwrap();
    let mut command = Command::new("bash");
    command.arg(tools.join("run-prism.sh")).arg("check").arg(&file).arg(&descriptions);
    let out = command.output().unwrap();
    let said = String::from_utf8_lossy(&out.stdout).into_owned();
    let wrong: Vec<&str> = said.lines().filter(|line| line.starts_with("FAIL")).collect();
    println!("{} requests judged", cases.len());
    assert!(wrong.is_empty(), "{} of {} requests:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
    assert!(out.status.success(), "{said}\n{}", String::from_utf8_lossy(&out.stderr));
    if std::env::var_os("KEYWAY_WRITE").is_some() {
        let kept =
            json!({ "date": jiff::Timestamp::now().strftime("%Y-%m-%d").to_string(), "services": judged });
        let text = serde_json::to_string_pretty(&kept).unwrap();
        std::fs::write(
            std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/judged.json"),
            text + "\n",
        )
        .unwrap();
    }
}
