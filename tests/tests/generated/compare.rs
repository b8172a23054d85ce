//! The page that lays our services beside those of n8n, Activepieces and Zapier, of what `connectors/compare/` says of them.
//! What is counted and what is missing follows from the lists; nothing of it is typed.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use connectors::manifest::Manifest;
use serde_json::Value;

use super::{cell, page};

/// Whose lists tell each of their actions.
const RIVALS: [&str; 2] = ["n8n", "activepieces"];

/// What does the same here as one of theirs.
#[derive(Clone, PartialEq, Eq)]
enum Here {
    /// An action or an event of ours.
    Ours(String),
    /// A request of the author's own.
    Request,
    /// The step that asks a person.
    Approve,
    Nothing,
}

/// What a rival has for a service: names of theirs, each with what does the same here.
struct Theirs {
    source: Vec<String>,
    actions: Vec<(String, Here)>,
    triggers: Vec<(String, Here)>,
}

/// A service: theirs by rival, and how long Zapier's lists are, actions first.
struct Beside {
    theirs: BTreeMap<&'static str, Theirs>,
    zapier: Option<(u64, u64, String)>,
}

fn folder() -> PathBuf {
    tests::root().join("connectors/compare")
}

fn value(text: &str) -> Value {
    dsl::yaml::read_value(text).expect("a file that is YAML").to_json()
}

fn word(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn entries(list: &Value) -> Vec<(String, Here)> {
    let of = |to: &Value| match word(to).as_str() {
        "request" => Here::Request,
        "approve" => Here::Approve,
        "none" => Here::Nothing,
        name => Here::Ours(name.to_owned()),
    };
    list.as_object().into_iter().flatten().map(|(name, to)| (name.clone(), of(to))).collect()
}

fn source(read: &Value) -> String {
    let Some(path) = read["path"].as_str() else { return format!("the node `{}`", word(read)) };
    let size = &read["size"];
    let at = match (read["beside"].as_str(), read["commit"].as_str()) {
        (_, None) => "a version whose commit is not known".to_owned(),
        (None, Some(commit)) => format!("commit `{}`", &commit[..10]),
        (Some(file), Some(commit)) => format!("with `{file}` of commit `{}`", &commit[..10]),
    };
    format!("`{path}` ({size} characters, {at})")
}

fn read(text: &str) -> Beside {
    let file = value(text);
    let mut theirs = BTreeMap::new();
    for rival in RIVALS {
        let told = &file[rival];
        assert!(told.is_object() || told == "none", "{rival} is told, or said to be none");
        if told.is_object() {
            let source = told["source"].as_array().into_iter().flatten().map(source).collect();
            let (actions, triggers) = (entries(&told["actions"]), entries(&told["triggers"]));
            theirs.insert(rival, Theirs { source, actions, triggers });
        }
    }
    let zapier = &file["zapier"];
    assert!(zapier.is_object() || zapier == "none", "zapier is told, or said to be none");
    let long = |list: &str| zapier[list].as_u64().expect("a length");
    let zapier = zapier.is_object().then(|| (long("actions"), long("triggers"), word(&zapier["source"])));
    Beside { theirs, zapier }
}

/// What a file says that the manifest does not have.
fn wrong(manifest: &Manifest, beside: &Beside) -> Vec<String> {
    let actions: BTreeSet<&str> = manifest.actions.iter().map(|action| &*action.name).collect();
    let events: BTreeSet<&str> = manifest.triggers.iter().map(|trigger| &*trigger.name).collect();
    let mut found = Vec::new();
    for (rival, theirs) in &beside.theirs {
        let mut say =
            |name: &str, what: &str| found.push(format!("{}: {rival}: `{name}`: {what}", manifest.id));
        for (name, here) in &theirs.actions {
            match here {
                Here::Ours(ours) if !actions.contains(&**ours) => say(name, &format!("no action `{ours}`")),
                Here::Request if manifest.free.is_empty() => say(name, "it has no requests of one's own"),
                Here::Ours(_) | Here::Request | Here::Approve | Here::Nothing => {}
            }
        }
        for (name, here) in &theirs.triggers {
            match here {
                Here::Ours(ours) if !events.contains(&**ours) => say(name, &format!("no event `{ours}`")),
                Here::Request | Here::Approve => say(name, "an event is told by an event or not at all"),
                Here::Ours(_) | Here::Nothing => {}
            }
        }
    }
    found
}

fn all() -> Vec<(std::sync::Arc<Manifest>, Beside)> {
    let library = server::connector::library();
    let manifest = |id: &str| library.find(id).expect("a manifest in the program is right").clone();
    let read_of = |id: &str| {
        let text = std::fs::read_to_string(folder().join(format!("{id}.yaml")));
        read(&text.unwrap_or_else(|_| panic!("connectors/compare/{id}.yaml says what others have for {id}")))
    };
    library.names().map(|id| (manifest(id), read_of(id))).collect()
}

fn equals(list: &[(String, Here)]) -> usize {
    list.iter().filter(|(_, here)| matches!(here, Here::Ours(_))).count()
}

/// Names as a list, those of one kind of thing together: "`issue`: create, get; `user`: get".
fn listed<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let mut kinds: Vec<(&str, Vec<&str>)> = Vec::new();
    for name in names {
        let (kind, rest) = name.split_once(['.', '/', ':']).unwrap_or(("", name));
        match kinds.iter_mut().find(|(known, _)| *known == kind) {
            Some((_, of)) => of.push(rest),
            None => kinds.push((kind, vec![rest])),
        }
    }
    let of = |(kind, names): (&str, Vec<&str>)| match kind {
        "" => names.join(", "),
        kind => format!("`{kind}`: {}", names.join(", ")),
    };
    cell(&kinds.into_iter().map(of).collect::<Vec<_>>().join("; "))
}

/// A line of what is not here in one way, or nothing.
fn gap(list: &[(String, Here)], way: &Here, says: &str) -> String {
    let names: Vec<&str> = list.iter().filter(|(_, here)| here == way).map(|(name, _)| &**name).collect();
    if names.is_empty() {
        return String::new();
    }
    format!("- {says} ({}): {}\n", names.len(), listed(names.into_iter()))
}

fn of_service(manifest: &Manifest, beside: &Beside, titles: &BTreeMap<&str, String>) -> String {
    let id = &manifest.id;
    let mut text = format!("\n### {id}\n\n");
    let start = text.len();
    for rival in RIVALS {
        let title = &titles[rival];
        let Some(theirs) = beside.theirs.get(rival) else {
            text += &format!("- {title} has no such service.\n");
            continue;
        };
        text += &gap(&theirs.actions, &Here::Request, &format!("{title}, here only by `{id}.request`"));
        text += &gap(&theirs.actions, &Here::Nothing, &format!("{title}, not here"));
        text += &gap(&theirs.actions, &Here::Approve, &format!("{title}, here by a step `approve`"));
        text += &gap(&theirs.triggers, &Here::Nothing, &format!("{title}, events that are not here"));
    }
    if text.len() == start {
        text += "- Nothing is missing.\n";
    }
    text
}

/// Actions and events of ours that are beside none of theirs.
fn alone(manifest: &Manifest, beside: &Beside) -> (Vec<String>, Vec<String>) {
    let mut known = (BTreeSet::new(), BTreeSet::new());
    for theirs in beside.theirs.values() {
        let ours = |list: &[(String, Here)]| -> Vec<String> {
            list.iter()
                .filter_map(|(_, here)| match here {
                    Here::Ours(name) => Some(name.clone()),
                    Here::Request | Here::Approve | Here::Nothing => None,
                })
                .collect()
        };
        known.0.extend(ours(&theirs.actions));
        known.1.extend(ours(&theirs.triggers));
    }
    let actions = manifest.actions.iter().map(|action| action.name.clone());
    let events = manifest.triggers.iter().map(|trigger| trigger.name.clone());
    (
        actions.filter(|name| !known.0.contains(name)).collect(),
        events.filter(|name| !known.1.contains(name)).collect(),
    )
}

/// What a rival has in all, of which how many have an equal here, and who has more where.
fn sum(services: &[(std::sync::Arc<Manifest>, Beside)], rival: &str, title: &str) -> String {
    let mut counts = [0_usize; 5];
    let (mut more, mut fewer, mut without) = (0, 0, Vec::new());
    let mut events = (0, 0);
    for (manifest, beside) in services {
        let Some(theirs) = beside.theirs.get(rival) else {
            without.push(format!("`{}`", manifest.id));
            continue;
        };
        for (_, here) in &theirs.actions {
            counts[match here {
                Here::Ours(_) => 0,
                Here::Request => 1,
                Here::Approve => 2,
                Here::Nothing => 3,
            }] += 1;
            counts[4] += 1;
        }
        events = (events.0 + equals(&theirs.triggers), events.1 + theirs.triggers.len());
        match theirs.actions.len().cmp(&manifest.actions.len()) {
            std::cmp::Ordering::Greater => more += 1,
            std::cmp::Ordering::Less => fewer += 1,
            std::cmp::Ordering::Equal => {}
        }
    }
    let [equal, request, approve, nothing, all] = counts;
    format!(
        "**{title}** lists {all} actions for these services. {equal} have an equal here, {request} are reached only by a request of one's own, \
         {approve} are a step `approve`, and {nothing} are not here. Of its {} events {} have an equal here. It lists more actions than \
         we for {more} services and fewer for {fewer}; it has nothing for {}.\n\n",
        events.1,
        events.0,
        without.join(", ")
    )
}

fn summary(services: &[(std::sync::Arc<Manifest>, Beside)]) -> String {
    let mut text = String::from(
        "| Service | Here | n8n | of them here | Activepieces | of them here | Zapier |\n| --- | --- | --- | --- | --- | --- | --- |\n",
    );
    for (manifest, beside) in services {
        let id = &manifest.id;
        text += &format!("| [{id}](#{id}) | {} / {} |", manifest.actions.len(), manifest.triggers.len());
        for rival in RIVALS {
            text += &match beside.theirs.get(rival) {
                None => " – | – |".to_owned(),
                Some(theirs) => format!(
                    " {} / {} | {} / {} |",
                    theirs.actions.len(),
                    theirs.triggers.len(),
                    equals(&theirs.actions),
                    equals(&theirs.triggers)
                ),
            };
        }
        text += &match &beside.zapier {
            None => " not seen |\n".to_owned(),
            Some((actions, triggers, _)) => format!(" {actions} / {triggers} |\n"),
        };
    }
    text
}

/// Services that they have and we have not.
fn others(told: &Value) -> String {
    let many = told["others"]["n8n"].as_u64().expect("a count");
    let mut text = format!(
        "\n## Services that are not here\n\nn8n has nodes with a sign-in for {many} services more than we. The list of Activepieces was not seen as a whole; \
         these are its most used pieces for services that are not here, by how often their packages were fetched in a month. What is not here \
         is reached by `http` with a secret of the vault, without what a manifest knows of a service, or by [a manifest of your \
         own](../new-connector.md). Providers of models are [elsewhere](../providers/README.md).\n\n| Service | Fetched in a month | n8n has it too |\n| --- | ---: | --- |\n"
    );
    for (name, of) in told["others"]["most_used"].as_object().into_iter().flatten() {
        let too = if of["n8n"] == true { "yes" } else { "no" };
        text += &format!("| {} | {} | {too} |\n", cell(name), of["downloads"]);
    }
    text
}

#[test]
fn the_page_beside_others() {
    let services = all();
    let found: Vec<String> = services.iter().flat_map(|(manifest, beside)| wrong(manifest, beside)).collect();
    assert!(found.is_empty(), "connectors/compare/ says what is not so:\n{}", found.join("\n"));
    let told =
        std::fs::read_to_string(tests::root().join("connectors/compare.yaml")).expect("the file beside");
    let told = value(&told);
    let titles: BTreeMap<&str, String> =
        RIVALS.into_iter().map(|rival| (rival, word(&told[rival]["name"]))).collect();
    let mut text = format!(
        "# Beside n8n, Activepieces and Zapier\n\nWhat each of our services does, beside what the lists of others say, as read on {}: of n8n {}; of Activepieces {}; \
         of Zapier {}. They change, and so do we. This page is made of `connectors/compare/`, where each of their actions stands \
         with what does the same here; the counts and the gaps follow from that.\n\n",
        word(&told["seen"]),
        word(&told["n8n"]["list"]),
        word(&told["activepieces"]["list"]),
        word(&told["zapier"]["list"]),
    );
    for rival in RIVALS {
        text += &sum(&services, rival, &titles[rival]);
    }
    text += "## How to read it\n\n\
         - **A count is no measure of worth.** They count otherwise than we: one action of ours may stand beside many of theirs, as \
         `salesforce.get_record` beside one for each kind of record, and one of theirs may do what takes two here. Names were compared, and what \
         they are said to do; nothing of theirs was run.\n\
         - Lists of Activepieces name many things twice, once for people and once for models that call tools. Two with the same name count once.\n\
         - **Only by `request`** means a request that an author writes, with the sign-in, hosts, limits and errors of the connector, but with \
         no typed parameters, no pages and no fixture. Activepieces has such a request too for most services, and n8n has its node for HTTP; they are \
         not counted.\n\
         - None of our actions was tried against the real service ([status](status.md)). Theirs are in daily use.\n\n\
         ## At a glance\n\nActions / events. \"Of them here\" are those of theirs that an action or an event of ours does. `–`: they have no such service. \
         Not seen: no list of Zapier's was at hand; that says nothing about whether it has one.\n\n";
    text += &summary(&services);
    text += "\n## What they have and we have not\n\nIn their names. For a list of Zapier only its length is known.\n";
    for (manifest, beside) in &services {
        text += &of_service(manifest, beside, &titles);
    }
    text += "\n## What neither list has\n\nActions and events of ours that stand beside none of n8n's or Activepieces'. Zapier's names were not seen, so it may have \
             them. Some are near what a list above has, or a part of what one of theirs does, as `slack.begin_upload` is of sending a file.\n\n\
             | Service | Actions | Events |\n| --- | --- | --- |\n";
    for (manifest, beside) in &services {
        let (actions, events) = alone(manifest, beside);
        let told = |names: Vec<String>| match names.is_empty() {
            true => "–".to_owned(),
            false => names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", "),
        };
        text += &format!("| {} | {} | {} |\n", manifest.id, told(actions), told(events));
    }
    text += &others(&told);
    text += "\n## Where it was read\n\n";
    for (manifest, beside) in &services {
        let mut from: Vec<String> = beside.theirs.values().flat_map(|theirs| theirs.source.clone()).collect();
        from.extend(beside.zapier.as_ref().map(|(_, _, page)| format!("`{page}`")));
        if !from.is_empty() {
            text += &format!("- {}: {}\n", manifest.id, from.join(", "));
        }
    }
    page("connectors/compare.md", &text);
}

#[test]
fn every_file_beside_others_is_of_a_service() {
    let library = server::connector::library();
    for entry in std::fs::read_dir(folder()).expect("a folder").flatten() {
        let file = entry.file_name().to_string_lossy().into_owned();
        let id = file.strip_suffix(".yaml").expect("a YAML file");
        assert!(library.find(id).is_some(), "connectors/compare/{file} is of no service");
    }
}

/// The control: what is not in a manifest is found, in each place where it can stand.
#[test]
fn what_is_not_in_a_manifest_is_found_beside_others() {
    let library = server::connector::library();
    let says = |id: &str, list: &str| {
        let text = format!("n8n:\n  source: [slack 2]\n{list}activepieces: none\nzapier: none\n");
        wrong(library.find(id).expect("a manifest"), &read(&text))
    };
    let right = "  actions: { message.post: post_message, star.add: request, poll: approve, x: none }\n  triggers: { message: new_message, y: none }\n";
    assert_eq!(says("slack", right), Vec::<String>::new());
    for list in [
        "  actions: { message.post: post_mesage }\n  triggers: {}\n",
        "  actions: { message.post: new_message }\n  triggers: {}\n",
        "  actions: {}\n  triggers: { message: post_message }\n",
        "  actions: {}\n  triggers: { message: request }\n",
    ] {
        assert_eq!(says("slack", list).len(), 1, "{list}");
    }
    let no_request = "  actions: { sheet.select: request }\n  triggers: {}\n";
    assert_eq!(says("postgres", no_request).len(), 1);
}
