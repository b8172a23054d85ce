//! The pages that are made from the code are what the code says. `KEYWAY_WRITE=1` writes them anew.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use dsl::codes::Code;
use dsl::expr::functions::shape::written;
use dsl::expr::functions::{self, Function, Presence, Takes};
use dsl::keys;
use dsl::shape::{self, Shape};
use dsl::types::Field;
use dsl::verb;

#[path = "generated/compare.rs"]
mod compare;
#[path = "../../dsl/tests/support/made.rs"]
#[allow(dead_code)]
mod made;
#[path = "generated/providers.rs"]
mod providers;

/// Compares a page with what it should be, or writes it.
fn page(name: &str, expected: &str) {
    let path = tests::root().join("docs").join(name);
    if std::env::var_os("KEYWAY_WRITE").is_some() {
        std::fs::create_dir_all(path.parent().expect("a file stands in a folder")).expect("a folder");
        std::fs::write(&path, expected).expect("the page can be written");
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        found == expected,
        "docs/{name} is not what the code says; `KEYWAY_WRITE=1 cargo test -p tests --test generated` writes it"
    );
}

/// Pages beside them that another test writes: of what its run has seen, and of what others have.
const OF_ANOTHER: [&str; 2] = ["compare.md", "status.md"];

/// A folder of pages, a page for each name, and nothing else.
fn folder(name: &str, pages: &BTreeMap<String, String>) {
    for (file, text) in pages {
        page(&format!("{name}/{file}"), text);
    }
    for entry in std::fs::read_dir(tests::root().join("docs").join(name)).expect("a folder").flatten() {
        let file = entry.file_name().to_string_lossy().into_owned();
        if pages.contains_key(&file) || OF_ANOTHER.contains(&&*file) {
            continue;
        }
        if std::env::var_os("KEYWAY_WRITE").is_some() {
            std::fs::remove_file(entry.path()).expect("a stale page can be removed");
        } else {
            panic!("docs/{name}/{file} is the page of nothing that there is");
        }
    }
}

/// A text within a cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

#[test]
fn the_pages_of_functions() {
    let mut text = String::from(
        "# Functions\n\nEvery function can be called as `f(x, …)` or `x | f(…)`. What stands in `[…]` may be left out. \
         Each has a page with more examples; all examples are tests.\n\n\
         | Function | Does |\n| --- | --- |\n",
    );
    for function in functions::all() {
        let (name, form, about) = (function.name, cell(&function.form()), cell(function.about));
        text += &format!("| [`{form}`](functions/{name}.md) | {about} |\n");
    }
    page("functions.md", &text);
    let pages =
        functions::all().iter().map(|function| (format!("{}.md", function.name), of_function(function)));
    folder("functions", &pages.collect());
}

fn of_function(function: &Function) -> String {
    let (form, about) = (function.form(), function.about);
    let (listed, prose): (Vec<&str>, Vec<&str>) =
        function.details().lines().partition(|line| line.starts_with("- "));
    let (fails, gives): (Vec<&str>, Vec<&str>) =
        listed.into_iter().partition(|line| line.contains("` fails: "));
    let (near, prose): (Vec<&str>, Vec<&str>) =
        prose.into_iter().partition(|line| line.starts_with("See also "));
    let mut text = format!("# `{}`\n\n```text\n{form}\n```\n\n{about}\n\n", function.name);
    text += prose.join("\n").trim();
    text += &of_parameters(function);
    let (expression, value) = function.example.rsplit_once(" => ").expect("an example has a value");
    text += &format!("\n\n## Examples\n\n- `{expression}` => `{value}`\n{}\n", gives.join("\n"));
    if !fails.is_empty() {
        text += &format!("\n## What goes wrong\n\n{}\n", fails.join("\n"));
    }
    text + &format!("\n{}\n", near.into_iter().map(linked).collect::<String>())
}

fn of_parameters(function: &Function) -> String {
    if function.parameters.is_empty() {
        return String::new();
    }
    let mut text = String::from("\n\n| Parameter | Takes | |\n| --- | --- | --- |");
    for parameter in function.parameters {
        let wants = cell(&written(parameter.wants));
        let takes = match parameter.takes {
            Takes::Value => format!("`{wants}`"),
            Takes::Lambda(2) => {
                format!("a lambda over the item, and its index if wanted; it gives `{wants}`")
            }
            Takes::Lambda(_) => format!("a lambda over the item; it gives `{wants}`"),
            Takes::Values => format!("any number of `{wants}`"),
        };
        let must = match parameter.presence {
            Presence::Required => "must be given",
            Presence::Optional => "may be left out",
            Presence::ElseItems => "may be left out where the items are themselves what it would give",
        };
        text += &format!("\n| `{}` | {takes} | {must} |", parameter.name);
    }
    text
}

/// A line of names, each as a link to its page.
fn linked(line: &str) -> String {
    let parts = line.split('`').enumerate();
    parts
        .map(|(at, part)| if at % 2 == 1 { format!("[`{part}`]({part}.md)") } else { part.to_owned() })
        .collect()
}

#[test]
fn the_page_of_verbs() {
    let mut text = String::from(
        "# Verbs\n\nA step has one of these, and may have the keys at the end beside it. \
         [language.md](language.md#what-runs-and-what-is-only-checked) says which of them run today.\n",
    );
    for verb in verb::VERBS {
        let (key, about) = (verb.key, verb.about);
        text += &format!("\n## `{key}`\n\n{about}\n");
        text += &table("", verb.fields);
        text += &format!("\n```yaml fragment\n{}\n```\n", verb.example.trim_end());
    }
    text += "\n## Beside any verb\n";
    text += &table("", verb::STEP);
    page("verbs.md", &text);
}

fn key_row(field: &shape::Field) -> String {
    let must = if field.required { ", must be given" } else { "" };
    format!("| `{}` | {}{must} | {} |\n", field.name, cell(&field.shape.to_string()), cell(field.about))
}

#[test]
fn the_page_of_keys() {
    let mut text = String::from(
        "# Keys\n\nWhat may stand at the top of a workflow, in a trigger, and beside the verb of a step. \
         [verbs.md](verbs.md) has the keys of each verb, and \
         [language.md](language.md#what-runs-and-what-is-only-checked) says what has an effect today.\n\n## At the top\n",
    );
    text += &table("", keys::TOP);
    text += "\n## Triggers\n\nA trigger has one of these, and the keys in its table.\n";
    for kind in keys::TRIGGERS {
        text += &format!("\n### `{}`\n\n{}\n", kind.key, kind.about);
        text += &table("", kind.fields);
        let mut lines = kind.example.lines();
        let first = lines.next().unwrap_or_default();
        let rest: String = lines.map(|line| format!("  {line}\n")).collect();
        text += &format!("\n```yaml fragment\n- {first}\n{rest}```\n");
    }
    text += "\n## Beside any verb\n";
    text += &table("", verb::STEP);
    page("keys.md", &text);
}

/// A table of keys, and one for each mapping within.
fn table(within: &str, fields: &[shape::Field]) -> String {
    let mut text = String::from("\n| Key | Type | |\n| --- | --- | --- |\n");
    fields.iter().for_each(|field| text += &key_row(field));
    for field in fields {
        let name = format!("{within}{}", field.name);
        inner(&field.shape, &mut |fields| {
            text += &format!("\nIn `{name}`:\n{}", table(&format!("{name}."), fields));
        });
    }
    text
}

/// Calls `found` for each mapping with keys of its own.
fn inner(shape: &Shape, found: &mut dyn FnMut(&[shape::Field])) {
    match shape {
        Shape::Fields(fields) | Shape::OneOf(fields) => found(fields),
        Shape::Either(shapes) => shapes.iter().for_each(|shape| inner(shape, found)),
        _ => {}
    }
}

#[test]
fn the_pages_of_codes() {
    let mut text = String::from(
        "# Codes of diagnostics\n\nA code keeps its meaning for ever. `keyway explain KW0102` tells in the terminal what \
         its page tells here.\n",
    );
    let mut range = "";
    for code in Code::ALL {
        let (id, title) = (code.id(), code.title());
        if range != &id[..4] {
            range = &id[..4];
            text += &format!(
                "\n## {range}xx: {}\n\n| Code | Severity | About |\n| --- | --- | --- |\n",
                about(range)
            );
        }
        text += &format!("| [{id}](codes/{id}.md) | {} | {} |\n", severities(*code), cell(title));
    }
    page("codes.md", &text);
    let pages = Code::ALL.iter().map(|code| (format!("{}.md", code.id()), of_code(*code)));
    folder("codes", &pages.collect());
}

fn of_code(code: Code) -> String {
    let (id, title, story) = (code.id(), code.title(), code.story());
    format!("# {id}: {title}\n\nSeverity: {}.\n\n{story}", severities(code))
}

/// What the codes of a range are about.
fn about(range: &str) -> &'static str {
    match range {
        "KW00" => "YAML",
        "KW01" => "structure and names",
        "KW02" => "types and parameters",
        "KW03" => "expressions",
        "KW04" => "texts with holes",
        "KW05" => "order, skips and use",
        "KW06" => "triggers",
        "KW07" => "secrets and data from outside",
        "KW09" => "manifests of connectors",
        other => panic!("say here what the codes {other}xx are about"),
    }
}

/// How bad it is, as the cases of the language show it. Limits, which no case shows, are errors.
fn severities(code: Code) -> String {
    let shown = |severity: &str| CASES.contains(&format!("{severity}[{}]: ", code.id()));
    match (shown("error"), shown("warning")) {
        (true, false) => "error".into(),
        (false, true) => "warning".into(),
        (true, true) => "error or warning".into(),
        (false, false) if made::OF_A_VERSION.contains(&code) => "–".into(),
        (false, false) if made::OF_STRICT.contains(&code) => "warning, with `--strict`".into(),
        (false, false) if code == Code::NeverUsed => "warning".into(),
        (false, false) => "error".into(),
    }
}

/// What the cases of the language expect, all in one text.
static CASES: LazyLock<String> = LazyLock::new(|| {
    let folder = tests::root().join("dsl/tests/cases/err");
    let files = std::fs::read_dir(folder).expect("a folder of cases").flatten().map(|entry| entry.path());
    let expected = files.filter(|path| path.extension().is_some_and(|extension| extension == "out"));
    expected.map(|path| std::fs::read_to_string(path).expect("a file that was just listed")).collect()
});

#[test]
fn the_page_of_actions() {
    let mut text = String::from(
        "# Built-in actions\n\nThe actions of services stand on the pages of their [connectors](connectors/README.md).\n",
    );
    for action in server::catalog().actions.values() {
        let safety = serde_json::to_value(action.safety).expect("a safety is a word");
        let safety = safety.as_str().unwrap_or_default();
        text += &format!("\n## `{}`\n\n{} Its safety is `{safety}`", action.id, action.about);
        text += &format!("; it gives `{}`.\n\n| Parameter | Type | |\n| --- | --- | --- |\n", action.output);
        action.input.iter().for_each(|field| text += &parameter_row(field));
    }
    page("actions.md", &text);
}

fn parameter_row(field: &Field) -> String {
    let must = if field.optional { "" } else { ", must be given" };
    let default = field.default.as_ref().map(|value| format!(", default `{value}`")).unwrap_or_default();
    format!(
        "| `{}` | `{}`{must}{default} | {} |\n",
        field.name,
        cell(&field.ty.to_string()),
        cell(&field.about)
    )
}

#[test]
fn the_pages_of_connectors() {
    let library = server::connector::library();
    let mut pages = BTreeMap::new();
    let mut index = String::from(
        "# Connectors\n\nHow they are used: [connectors](../connectors.md). [What was tried of each](status.md). [Beside n8n, \
         Activepieces and Zapier](compare.md).\n\n",
    );
    index += "| Connector | Actions | Events | |\n| --- | --- | --- | --- |\n";
    for id in library.names() {
        let manifest = library.find(id).expect("a manifest in the program is right");
        let (actions, events) = (manifest.actions.len(), manifest.triggers.len());
        index += &format!("| [{id}]({id}.md) | {actions} | {events} | {} |\n", cell(&manifest.about));
        pages.insert(format!("{id}.md"), server::connector::page::of(manifest));
    }
    pages.insert("README.md".into(), index);
    folder("connectors", &pages);
}

#[test]
fn the_page_of_hooks() {
    let mut text = String::from(
        "# Hooks\n\nWhat a manifest cannot say is made by a piece of code with a name. An action calls it under `hooks` and reads what \
         it makes as `made`; [new-connector.md](new-connector.md#what-no-expression-makes) shows how.\n",
    );
    for hook in connectors::hook::HOOKS {
        let (name, about, moment) = (hook.name, hook.about, hook.moment.name());
        text += &format!(
            "\n## `{name}`\n\n{about} It is made {moment}.\n\n| Is given | Type | |\n| --- | --- | --- |\n"
        );
        for taken in hook.takes {
            let must = if taken.required { ", must be given" } else { "" };
            text += &format!("| `{}` | `{}`{must} | {} |\n", taken.name, cell(taken.ty), cell(taken.about));
        }
        text += &format!("\nGives `{}`.\n", hook.gives);
    }
    page("hooks.md", &text);
}

#[test]
fn the_picture_of_the_first_page() {
    let file = tests::root().join("workflows/weather-digest.yaml");
    let text = std::fs::read_to_string(file).expect("the example is there");
    let workflow = dsl::check(&text, &server::catalog()).workflow.expect("the example is right");
    let picture = dsl::graph::picture(&dsl::graph::Graph::new(&workflow));
    page("images/weather-digest.svg", &dsl::graph::svg(&picture));
}

#[test]
fn the_page_of_the_api() {
    let document = server::http::openapi::document(server::http::routes::ROUTES);
    let mut text = String::from(
        "# The API\n\nWhat programs and pages can ask of `keyway serve`. `GET /api/v1/openapi.json` tells the same in OpenAPI 3.1. \
         [http.md](http.md) says how a program is let in and what every answer has, [accounts.md](accounts.md) how a person is.\n\n\
         *Who* is `public`, the address itself (`address`), how far a token or a role must go (`ai`, `read`, `run`, `edit`, `admin`), a person who \
         is signed in (`person`), or the role of one: that word behind `a person:`.\n",
    );
    let mut tags: BTreeMap<String, Vec<(String, String, &serde_json::Value)>> = BTreeMap::new();
    for (path, methods) in document["paths"].as_object().expect("paths") {
        for (method, operation) in methods.as_object().expect("methods") {
            let tag = operation["tags"][0].as_str().expect("a tag").to_owned();
            tags.entry(tag).or_default().push((method.to_uppercase(), path.clone(), operation));
        }
    }
    for (tag, routes) in tags {
        text += &format!("\n## {tag}\n\n| Method | Address | Who | |\n| --- | --- | --- | --- |\n");
        for (method, path, operation) in &routes {
            let about = cell(operation["summary"].as_str().expect("a sentence"));
            text += &format!("| `{method}` | `{path}` | {} | {about} |\n", who(operation));
        }
        for (method, path, operation) in &routes {
            text += &of_operation(&document, (method, path), operation);
        }
    }
    page("api.md", &text);
}

/// Who may use a route.
fn who(operation: &serde_json::Value) -> String {
    match operation["x-policy"].as_str().expect("a word") {
        word @ ("viewer" | "owner") => format!("a person: {word}"),
        // The word of a scope and of a role: only a person's has no token.
        "admin" if operation["security"].as_array().is_some_and(|all| all.len() == 1) => {
            "a person: admin".into()
        }
        word => word.to_owned(),
    }
}

/// What is sent with a route, and what comes back.
fn of_operation(
    document: &serde_json::Value,
    (method, path): (&str, &str),
    operation: &serde_json::Value,
) -> String {
    let mut rows = String::new();
    for parameter in operation["parameters"].as_array().into_iter().flatten().filter(|it| it["in"] == "query")
    {
        let (name, about) = (parameter["name"].as_str().expect("a name"), &parameter["description"]);
        rows += &format!("| `{name}` | the query | {} | {} |\n", kind(&parameter["schema"]), told(about));
    }
    let mut fields = |place: &str, schema: &serde_json::Value| {
        let schema = resolved(document, schema);
        let required: Vec<&str> =
            schema["required"].as_array().into_iter().flatten().filter_map(|name| name.as_str()).collect();
        for (name, field) in schema["properties"].as_object().into_iter().flatten() {
            let must =
                if place == "the body" && required.contains(&&**name) { ", must be given" } else { "" };
            rows += &format!(
                "| `{name}` | {place} | {}{must} | {} |\n",
                kind(field),
                told(&field["description"])
            );
        }
    };
    fields("the body", &operation["requestBody"]["content"]["application/json"]["schema"]);
    let answers = operation["responses"].as_object().expect("answers");
    if let Some((_, answer)) = answers.iter().find(|(status, _)| status.starts_with('2')) {
        fields("the answer", &answer["content"]["application/json"]["schema"]);
    }
    match rows.is_empty() {
        true => String::new(),
        false => format!("\n### `{method} {path}`\n\n| Name | In | | |\n| --- | --- | --- | --- |\n{rows}"),
    }
}

fn resolved<'a>(document: &'a serde_json::Value, schema: &'a serde_json::Value) -> &'a serde_json::Value {
    match schema["$ref"].as_str() {
        Some(to) => document.pointer(to.trim_start_matches('#')).expect("it leads somewhere"),
        None => schema,
    }
}

fn told(about: &serde_json::Value) -> String {
    cell(about.as_str().unwrap_or_default())
}

/// A schema in a word or two.
fn kind(schema: &serde_json::Value) -> String {
    if let Some(to) = schema["$ref"].as_str() {
        return to.rsplit('/').next().unwrap_or(to).to_owned();
    }
    if let Some(ways) = schema["anyOf"].as_array() {
        return ways.iter().map(kind).collect::<Vec<_>>().join(" or ");
    }
    if let Some(words) = schema["enum"].as_array() {
        return words
            .iter()
            .filter_map(|word| word.as_str())
            .map(|word| format!("`{word}`"))
            .collect::<Vec<_>>()
            .join(", ");
    }
    match schema["type"].as_str() {
        Some("array") => format!("list of {}", kind(&schema["items"])),
        Some("object") if schema["additionalProperties"].is_object() => {
            format!("names to {}", kind(&schema["additionalProperties"]))
        }
        Some("string") if schema["format"] == "date-time" => "moment".into(),
        Some("string") if schema["writeOnly"] == true => "secret".into(),
        Some("string") => "text".into(),
        Some(word) => word.to_owned(),
        None => "anything".into(),
    }
}

#[test]
fn the_pages_of_settings_and_their_templates() {
    use server::config::table::{OUTSIDE, env_template, toml_template};
    let mut text = String::from(
        "# Settings\n\n`keyway serve` takes each of these as a flag, as a variable of the environment, and from a file: a flag comes \
         before the environment, that before the file. The file is `keyway.toml` beside the root keys, or what `--config` or \
         `KEYWAY_CONFIG` names. `keyway config template` prints one, `keyway config check` looks it through, and `keyway config show` \
         tells each setting with where it comes from.\n\n\
         | Key | Flag | Variable | Usually | |\n| --- | --- | --- | --- | --- |\n",
    );
    for setting in server::config::SETTINGS {
        let usual = setting.usual.map_or("–".to_owned(), |usual| format!("`{usual}`"));
        text += &format!(
            "| `{}` | `--{}` | `{}` | {usual} | {} |\n",
            setting.key,
            setting.flag,
            setting.variable,
            cell(setting.about)
        );
    }
    text += "\nA key with a dot stands in a table of the file: `http.listen` is `listen` below `[http]`. `http.hosts` is a list. What \
        holds a secret is no setting, and no file of settings takes it:\n\n| Variable | Holds |\n| --- | --- |\n";
    for variable in OUTSIDE {
        text += &format!("| `{}` | {} |\n", variable.name, cell(variable.about));
    }
    page("operations/settings.md", &text);
    page("operations/keyway.toml.example", &toml_template());
    page("operations/keyway.env.example", &env_template());
}

#[test]
fn the_page_of_metrics() {
    let mut text = String::from(
        "# Metrics\n\n`keyway serve --metrics 127.0.0.1:9464` tells them at `/metrics`, in Prometheus' text format. Whoever reaches that \
         address reads them, names of workflows and what models cost among them; it is an address of its own, so that nothing else \
         is reached there. Where other machines should, `--allow-remote` must be said, and a firewall belongs before it.\n\n\
         No label holds an owner, a run, a key or a value. A metric keeps 500 series at most; what comes beyond goes into one whose \
         labels are `other`. Counters begin anew with the process.\n\n\
         | Metric | Kind | Labels | |\n| --- | --- | --- | --- |\n",
    );
    for metric in server::metrics::METRICS {
        let labels: Vec<String> = metric.labels.iter().map(|label| format!("`{label}`")).collect();
        let labels = if labels.is_empty() { "–".into() } else { labels.join(", ") };
        text +=
            &format!("| `{}` | {} | {labels} | {} |\n", metric.name, metric.kind.name(), cell(metric.about));
    }
    text += "\nHistograms have the same buckets, from half a millisecond to ten minutes. \
        [dashboard.json](dashboard.json) draws all this in Grafana, and [rules.yaml](rules.yaml) has alerts.\n";
    page("operations/metrics.md", &text);
}

#[test]
fn the_page_of_the_examples() {
    let mut text = String::from(
        "# Examples\n\n`keyway new` lists them by what they are for, and `keyway new EXAMPLE` writes one with its tests to begin from. Each \
         stands here with its test file, which has three cases at least. This page is made from the files.\n",
    );
    let mut purpose = "";
    for template in server::templates::all() {
        if template.purpose != purpose {
            purpose = template.purpose;
            text += &format!("\n## {purpose}\n");
        }
        let name = template.name;
        text += &format!("\n### {name}\n\n{}\n\n", template.about);
        let starts = match &template.starts[..] {
            [] => "by hand, or by another workflow".to_owned(),
            kinds => format!("by `{}`, or by hand", kinds.join("`, `")),
        };
        let services = match &template.services[..] {
            [] => "no service".to_owned(),
            names => format!("`{}`", names.join("`, `")),
        };
        text += &format!(
            "It starts {starts}, and uses {services}: [the workflow]({name}.yaml), [its tests]({name}.test.yaml).\n"
        );
        let file = tests::root().join("workflows").join(format!("{name}.yaml"));
        let checked = dsl::check(template.text, &server::beside::catalog(&file, template.text));
        let workflow = checked.workflow.expect("an example is right");
        let picture = dsl::graph::mermaid(&dsl::graph::Graph::new(&workflow));
        text += &format!("\n```mermaid\n{}\n```\n", picture.trim_end());
    }
    page("../workflows/README.md", &text);
}
