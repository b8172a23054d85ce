//! What descriptions do not know, though their services do.

/// Fixtures whose requests their description refuses though the vendor's own prose asks for them, each with the reason.
pub const BEYOND: &[(&str, &str, &str)] = &[
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

/// Names that a description does not have though the vendor's own prose does: service, action (or nothing for all), place and
/// name, and the reason.
pub const NAMES: &[(&str, &str, &str, &str)] = &[
    ("clickup", "create_task", "body `markdown_content`", MARKDOWN),
    ("clickup", "update_task", "body `markdown_content`", MARKDOWN),
    ("freshdesk", "create_ticket", "body `name`", "the name of who asks, for one who is not known yet"),
    ("freshdesk", "list_contacts", "query `_updated_since`", "the prose has it with its leading `_`"),
    (
        "linkedin",
        "add_comment",
        "body `parentComment`",
        "an answer to a comment, in the prose on nested ones",
    ),
    ("linkedin", "list_companies", "query `count`", "how all its lists are paged, said once for all of them"),
    (
        "onedrive",
        "create_folder",
        "body `@microsoft.graph.conflictBehavior`",
        "annotations stand beside the fields of a type, and not in it",
    ),
    ("outlook_mail", "create_draft", "body `attachments[].contentBytes`", A_FILE),
    ("outlook_mail", "send_message", "body `message.attachments[].contentBytes`", A_FILE),
    ("salesforce", "search", "query `overallLimit`", "the description is an extract without its limits"),
    (
        "teams",
        "create_chat",
        "body `members[].user@odata.bind`",
        "a link to what exists already, which OData has beside the fields of a type",
    ),
    ("wordpress", "create_post", "body `parent`", A_TREE),
    ("wordpress", "update_post", "body `parent`", A_TREE),
    ("zendesk", "create_ticket", "body `ticket.requester`", "who asks, for one who is not known yet"),
    ("zendesk", "", "query `page[size]`", PAGED),
    ("zendesk", "", "query `per_page`", PAGED),
    ("zendesk", "list_tickets", "query `sort`", PAGED),
];

const MARKDOWN: &str = "the description has the name that the field had before, of creating alone";
const A_FILE: &str = "the description has attachments of any kind, and this is a field of files";
const A_TREE: &str = "pages and kinds that plugins make stand in a tree; the description of posts has none";
const PAGED: &str = "how lists are paged and sorted, which the prose says once for all of them";
