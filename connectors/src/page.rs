//! The page of a connector for readers, in Markdown: made of what its manifest says, with a workflow that works.

use dsl::catalog::{Safety, Trust};
use dsl::types::{Field, Marks, Type};

use crate::manifest::auth::{Auth, Kind};
use crate::manifest::{Action, Effect, Manifest};

/// The page of a connector.
pub fn of(manifest: &Manifest) -> String {
    let mut page = format!("# {}\n\n{}", manifest.name, manifest.about);
    if let Some(docs) = &manifest.docs {
        page += &format!(" The service's own reference: <{docs}>.");
    }
    page += "\n\n";
    page += &format!("In workflows it is `{}`.", manifest.id);
    page += &match where_to(manifest).as_str() {
        "" => " Nobody signs in, and it has no secrets.\n".to_owned(),
        hosts => format!(" Its secrets go to {hosts} alone.\n"),
    };
    page += "\n## Connecting\n\n";
    for (at, step) in manifest.setup.iter().enumerate() {
        page += &format!("{}. {step}\n", at + 1);
    }
    if !manifest.setup.is_empty() {
        page.push('\n');
    }
    for way in &manifest.auth {
        page += &signing_in(manifest, way);
    }
    page += &format!("\n## A workflow\n\n```yaml\n{}```\n", example(manifest));
    page += "\n## Actions\n";
    for action in &manifest.actions {
        page += &told(manifest, action);
    }
    if !manifest.free.is_empty() {
        let methods: Vec<String> = manifest.free.iter().map(|method| method.name().to_owned()).collect();
        page += &format!(
            "\n### `{}.request`\n\nSends a request of your own, with the same sign-in, hosts, limits and errors: {}.\n",
            manifest.id,
            listed(&methods)
        );
    }
    if !manifest.triggers.is_empty() {
        page += "\n## Events\n\nThey start runs of workflows that name them as `event` under `triggers` ([how](../triggers.md)).\n";
        for trigger in &manifest.triggers {
            page += &format!("\n### `{}.{}`\n\n{} ", manifest.id, trigger.name, trigger.about);
            page += &format!("Heard of by {}.\n", trigger.kind.name());
            page += &table(&trigger.input);
            page += &format!("\nGives `{}`.\n", trigger.returns);
        }
    }
    page
}

/// The hosts that secrets go to.
fn where_to(manifest: &Manifest) -> String {
    let entered = match &manifest.entered[..] {
        [] => String::new(),
        fields => format!("the host that you enter as {}", listed(fields)),
    };
    match (manifest.hosts.is_empty(), entered.is_empty()) {
        (_, true) => listed(&manifest.hosts),
        (true, false) => entered,
        (false, false) => format!("{} or {entered}", listed(&manifest.hosts)),
    }
}

fn signing_in(manifest: &Manifest, way: &Auth) -> String {
    let mut text = format!("**`{}`** ({})", way.id, way.kind.name());
    if !way.about.is_empty() {
        text += &format!(": {}", way.about);
    }
    text += "\n\n";
    let fields: Vec<&Field> = manifest.account.fields.iter().chain(&way.fields).collect();
    for field in &fields {
        text += &format!("- field `{}`: {}\n", field.name, field.about);
    }
    for secret in &way.secrets {
        text += &format!("- secret `{}`: {}\n", secret.name, secret.about);
    }
    if !fields.is_empty() || !way.secrets.is_empty() {
        text.push('\n');
    }
    if way.kind.is_given() && !matches!(way.kind, Kind::None) {
        let given = fields.iter().filter(|field| !field.optional && field.default.is_none());
        let given: String = given.map(|field| format!(" --field {}=…", field.name)).collect();
        let auth = if manifest.auth.first().is_some_and(|first| first.id == way.id) {
            String::new()
        } else {
            format!(" --auth {}", way.id)
        };
        text += &format!("```sh\nkeyway connect {}{auth}{given}\n```\n\n", manifest.id);
    }
    text
}

/// A workflow that calls the first action that does something, its needs as inputs.
fn example(manifest: &Manifest) -> String {
    let verify = manifest.account.verify.as_deref();
    let other = |action: &&Action| Some(action.name.as_str()) != verify;
    let acts = |action: &&Action| other(action) && action.effect != Effect::Read;
    let chosen = manifest.actions.iter().find(acts).or_else(|| manifest.actions.iter().find(other));
    let Some(action) = chosen.or(manifest.actions.first()) else { return String::new() };
    if let Some((field, marks)) = action.input.iter().find_map(|field| Some((field, field.marks?))) {
        return example_of_statement(manifest, action, (&field.name, marks));
    }
    let needed: Vec<&Field> =
        action.input.iter().filter(|field| !field.optional && field.default.is_none()).collect();
    let mut text = format!("name: {}-example\n", manifest.id.replace('_', "-"));
    if !needed.is_empty() {
        text += "inputs:\n";
        for field in &needed {
            text += &format!("  {}: {}\n", field.name, quoted(&field.ty));
        }
    }
    text += &format!("steps:\n  {}:\n    use: {}.{}\n", action.name, manifest.id, action.name);
    if !needed.is_empty() {
        text += "    with:\n";
        for field in &needed {
            text += &format!("      {}: \"{{{{ inputs.{} }}}}\"\n", field.name, field.name);
        }
    }
    text += &format!("output: \"{{{{ steps.{} }}}}\"\n", action.name);
    text
}

/// The same where an action takes a text that is the author's alone, with marks for values.
fn example_of_statement(manifest: &Manifest, action: &Action, (field, marks): (&str, Marks)) -> String {
    let statement = match action.effect {
        Effect::Read => "select name, email from customers where country = ",
        _ => "update customers set seen = true where email = ",
    };
    let input = if action.effect == Effect::Read { "country" } else { "email" };
    format!(
        "name: {id}-example\ninputs:\n  {input}: string\nsteps:\n  {name}:\n    use: {id}.{name}\n    with:\n      \
         {field}: {statement}{mark}\n      params: [\"{{{{ inputs.{input} }}}}\"]\noutput: \"{{{{ steps.{name} }}}}\"\n",
        id = manifest.id,
        name = action.name,
        mark = marks.of(1),
    )
}

/// A type as an author writes it in a file: what YAML would read otherwise stands in quotes.
fn quoted(ty: &Type) -> String {
    match ty {
        Type::Enum(texts) => format!("{{ enum: [{}] }}", texts.join(", ")),
        other => {
            let text = other.to_string();
            if text.chars().all(|letter| letter.is_ascii_alphanumeric()) {
                text
            } else {
                format!("\"{text}\"")
            }
        }
    }
}

fn told(manifest: &Manifest, action: &Action) -> String {
    let safety = match action.safety {
        Safety::Read => "read",
        Safety::Idempotent => "idempotent",
        Safety::Keyed => "keyed",
        Safety::Once => "once",
    };
    let mut text = format!("\n### `{}.{}`\n\n{} ", manifest.id, action.name, action.about);
    text += &format!("Its safety is `{safety}`");
    if !action.scopes.is_empty() {
        text += &format!("; it needs the scopes {}", listed(&action.scopes));
    }
    if action.trust == Trust::Trusted {
        text += "; what it gives is the service's own word";
    }
    text += ".\n";
    text += &table(&action.input);
    text += &format!("\nGives `{}`.\n", action.answer.returns);
    text
}

fn table(fields: &[Field]) -> String {
    if fields.is_empty() {
        return String::new();
    }
    let mut text = "\n| Parameter | Type | |\n| --- | --- | --- |\n".to_owned();
    for field in fields {
        let must = if field.optional || field.default.is_some() { "" } else { ", must be given" };
        let default = field.default.as_ref().map(|value| format!(", default `{value}`")).unwrap_or_default();
        let (ty, about) = (cell(&field.ty.to_string()), cell(&field.about));
        text += &format!("| `{}` | `{ty}`{must}{default} | {about} |\n", field.name);
    }
    text
}

/// A text within a cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

fn listed(texts: &[String]) -> String {
    texts.iter().map(|text| format!("`{text}`")).collect::<Vec<_>>().join(", ")
}
