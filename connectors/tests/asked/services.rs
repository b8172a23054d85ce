//! What services are told of an address, and what they are asked for events, service by service: by what their references say,
//! and not by their manifests.

use super::*;

/// A connection with fields, as those have them that need some.
struct Fields(&'static [(&'static str, &'static str)]);

impl Connections for Fields {
    fn fresh<'a>(&'a self, manifest: &'a Manifest, name: Option<&'a str>) -> Coming<'a> {
        Box::pin(async move {
            let mut connection = One.fresh(manifest, name).await?;
            for (name, value) in self.0 {
                connection.fields.insert((*name).into(), Value::text(*value));
            }
            Ok(connection)
        })
    }

    fn refused<'a>(&'a self, manifest: &'a Manifest, connection: &'a Connection) -> Coming<'a> {
        One.refused(manifest, connection)
    }
}

const CALENDLY: &[(&str, &str)] = &[
    ("user", "https://api.calendly.com/users/A"),
    ("organization", "https://api.calendly.com/organizations/O"),
];

/// The address and the secret, as they come there.
const URL: &str = "https://kw.example.com/hooks/kwh_1";
const KEPT: &str = "told-to-the-service";

/// What a service is told when somebody listens, and what when nobody does any more.
struct Wanted {
    event: &'static str,
    input: Json,
    /// The way and path, and the body.
    subscribes: (&'static str, Json),
    /// What it answers, and what is remembered of it.
    answers: Json,
    kept: Json,
    unsubscribes: (&'static str, Option<Json>),
}

fn subscriptions() -> Vec<Wanted> {
    let team = "0a1b2c3d-0000-4000-8000-000000000001";
    let hook = "mutation($input: WebhookCreateInput!) { webhookCreate(input: $input) { success webhook { id enabled } } }";
    let gone = "mutation($id: String!) { webhookDelete(id: $id) { success } }";
    let linear = |event, input: Json, of: &str, more: Json| {
        let mut told = json!({ "url": URL, "resourceTypes": [of], "secret": KEPT });
        told.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        Wanted {
            event,
            input,
            subscribes: ("POST /graphql", json!({ "query": hook, "variables": { "input": told } })),
            answers: json!({ "data": { "webhookCreate": { "success": true, "webhook": { "id": "w1", "enabled": true } } } }),
            kept: json!({ "id": "w1" }),
            unsubscribes: ("POST /graphql", Some(json!({ "query": gone, "variables": { "id": "w1" } }))),
        }
    };
    let figma = |event, kind: &str| Wanted {
        event,
        input: json!({ "context": "team", "context_id": "123" }),
        subscribes: (
            "POST /v2/webhooks",
            json!({ "event_type": kind, "context": "team", "context_id": "123", "endpoint": URL, "passcode": KEPT }),
        ),
        answers: json!({ "id": "22", "event_type": kind, "passcode": KEPT }),
        kept: json!({ "id": "22" }),
        unsubscribes: ("DELETE /v2/webhooks/22", None),
    };
    let calendly = |event, kind: &str, input: Json, more: Json| {
        let mut told =
            json!({ "url": URL, "events": [kind], "organization": CALENDLY[1].1, "signing_key": KEPT });
        told.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        Wanted {
            event,
            input,
            subscribes: ("POST /webhook_subscriptions", told),
            answers: json!({ "resource": { "uri": "https://api.calendly.com/webhook_subscriptions/W1" } }),
            kept: json!({ "uri": "https://api.calendly.com/webhook_subscriptions/W1" }),
            unsubscribes: ("DELETE /webhook_subscriptions/W1", None),
        }
    };
    vec![
        Wanted {
            event: "telegram.update",
            input: json!({}),
            subscribes: (
                "POST /botcanary-token/setWebhook",
                json!({
                    "url": URL, "secret_token": KEPT,
                    "allowed_updates": ["message", "edited_message", "channel_post", "callback_query"],
                }),
            ),
            answers: json!({ "ok": true, "result": true }),
            kept: Json::Null,
            unsubscribes: ("POST /botcanary-token/deleteWebhook", None),
        },
        calendly(
            "calendly.invitee_created",
            "invitee.created",
            json!({ "user": CALENDLY[0].1 }),
            json!({ "scope": "user", "user": CALENDLY[0].1 }),
        ),
        calendly(
            "calendly.invitee_canceled",
            "invitee.canceled",
            json!({}),
            json!({ "scope": "organization" }),
        ),
        calendly(
            "calendly.form_submitted",
            "routing_form_submission.created",
            json!({}),
            json!({ "scope": "organization" }),
        ),
        linear(
            "linear.new_issue",
            json!({ "team": team }),
            "Issue",
            json!({ "teamId": team, "allPublicTeams": false }),
        ),
        linear("linear.status_changed", json!({}), "Issue", json!({ "allPublicTeams": true })),
        linear("linear.new_comment", json!({}), "Comment", json!({ "allPublicTeams": true })),
        figma("figma.new_comment", "FILE_COMMENT"),
        figma("figma.file_updated", "FILE_UPDATE"),
        figma("figma.file_version", "FILE_VERSION_UPDATE"),
        figma("figma.library_published", "LIBRARY_PUBLISH"),
    ]
}

fn sent(request: &str) -> Option<Json> {
    serde_json::from_str(body(request)).ok()
}

#[tokio::test]
async fn each_service_is_told_the_address_and_the_secret_as_it_wants_them() {
    for about in subscriptions() {
        let (event, answers) = (about.event, about.answers.clone());
        let server = Server::start(move |_| told(&answers));
        let (library, base, input) = (library(), server.url(""), Value::from_json(about.input));
        let (connector, name) = event.split_once('.').unwrap();
        let manifest = library.find(connector).unwrap();
        let trigger = manifest.triggers.iter().find(|trigger| trigger.name == name).unwrap();
        let TriggerKind::Subscription(subscription) = &trigger.kind else { panic!("{event}") };
        let of =
            About { manifest, trigger, subscription, input: &input, connection: None, base: Some(&base) };
        let connections: Arc<dyn Connections> =
            if connector == "calendly" { Arc::new(Fields(CALENDLY)) } else { Arc::new(One) };
        let connectors = Connectors::new(Settings { connections, ..settings(&library) });
        connectors.subscribe(&of, &hook()).await.unwrap();
        let asked = server.requests()[0].clone();
        assert!(line(&asked).starts_with(&format!("{} ", about.subscribes.0)), "{event}: {asked}");
        assert_eq!(sent(&asked), Some(about.subscribes.1), "{event}");
        connectors.unsubscribe(&of, &Value::from_json(about.kept)).await.unwrap();
        let asked = server.requests()[1].clone();
        assert!(line(&asked).starts_with(&format!("{} ", about.unsubscribes.0)), "{event}: {asked}");
        assert_eq!(sent(&asked), about.unsubscribes.1, "{event}");
    }
}

#[tokio::test]
async fn every_subscription_of_these_services_is_looked_at() {
    let library = library();
    let seen: Vec<&str> = subscriptions().iter().map(|about| about.event).collect();
    for connector in ["telegram", "calendly", "linear", "figma", "airtable", "zoom", "intercom"] {
        let manifest = library.find(connector).unwrap();
        for trigger in
            manifest.triggers.iter().filter(|known| matches!(known.kind, TriggerKind::Subscription(_)))
        {
            let event = format!("{connector}.{}", trigger.name);
            assert!(seen.contains(&event.as_str()), "{event}");
        }
    }
}

#[tokio::test]
async fn a_bot_is_asked_for_the_last_of_all_and_each_event_takes_its_own() {
    let server = Server::start(|_| {
        let chat = json!({ "id": 12, "type": "private" });
        told(&json!({ "ok": true, "result": [
            { "update_id": 501, "message": { "message_id": 7, "date": 1, "chat": chat, "text": "hi" } },
            { "update_id": 502, "channel_post": { "message_id": 8, "date": 1, "chat": chat, "text": "news" } },
            { "update_id": 503, "callback_query": { "id": "4382", "from": { "id": 1, "is_bot": false, "first_name": "Bo" }, "data": "yes" } },
            { "update_id": 504, "message": { "message_id": 9, "date": 1, "chat": chat, "text": "ho" } },
        ] }))
    });
    for (event, since, found) in [
        ("telegram.new_message", 500, vec!["501", "504"]),
        ("telegram.new_message", 502, vec!["504"]),
        ("telegram.new_channel_post", 500, vec!["502"]),
        ("telegram.button_pressed", 500, vec!["503"]),
    ] {
        let told = ask(&server, event, json!({}), Some(&Value::Int(since))).await.unwrap();
        assert_eq!(keys(&told), found, "{event}");
        let asked = server.requests().last().unwrap().clone();
        // From the end: nobody's reading takes anything from others.
        assert!(
            line(&asked).starts_with("GET /botcanary-token/getUpdates?offset=-100&limit=100 "),
            "{asked}"
        );
    }
}

#[tokio::test]
async fn lists_are_asked_from_the_cursor_on_in_the_words_of_each_service() {
    let server = Server::start(|_| told(&json!({ "records": [] })));
    let input = json!({ "base": "appAb12", "table": "Orders" });
    ask(&server, "airtable.new_record", input.clone(), Some(&Value::text("2026-01-05T09:00:00.000Z")))
        .await
        .unwrap();
    let asked = server.requests()[0].clone();
    let formula = "filterByFormula=IS_AFTER%28CREATED_TIME%28%29%2C+%222026-01-05T08%3A59%3A00Z%22%29";
    assert!(line(&asked).starts_with(&format!("GET /appAb12/Orders?{formula}&")), "{asked}");
    let input = json!({ "base": "appAb12", "table": "Orders", "field": "Changed at" });
    ask(&server, "airtable.updated_record", input, Some(&Value::text("2026-01-05T09:00:00.000Z")))
        .await
        .unwrap();
    let asked = server.requests()[1].clone();
    let formula = "filterByFormula=IS_AFTER%28%7BChanged+at%7D%2C+%222026-01-05T08%3A59%3A00Z%22%29";
    assert!(line(&asked).starts_with(&format!("GET /appAb12/Orders?{formula}&")), "{asked}");

    let empty = json!({ "data": { "issues": { "nodes": [], "pageInfo": { "hasNextPage": false, "endCursor": null } } } });
    let server = Server::start(move |_| told(&empty));
    ask(&server, "linear.updated_issue", json!({}), Some(&Value::text("2026-01-05T09:00:00Z")))
        .await
        .unwrap();
    let variables = sent(&server.requests()[0]).unwrap()["variables"].clone();
    assert_eq!(variables, json!({ "filter": { "updatedAt": { "gt": "2026-01-05T08:59:00Z" } } }));
    // At first nothing is said of the time.
    ask(&server, "linear.updated_issue", json!({}), None).await.unwrap();
    assert_eq!(sent(&server.requests()[1]).unwrap()["variables"], json!({}));

    let server = Server::start(|_| told(&json!({ "type": "list", "data": [], "pages": {} })));
    ask(&server, "intercom.updated_contact", json!({}), Some(&Value::Int(1_767_603_600))).await.unwrap();
    let query = sent(&server.requests()[0]).unwrap()["query"].clone();
    assert_eq!(query, json!({ "field": "updated_at", "operator": ">", "value": 1_767_603_540 }));
}
