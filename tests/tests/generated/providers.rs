//! A page for each provider of models: how one brings a key, what it answers to, its models with what they can do and cost.

use std::collections::BTreeMap;

use ai::price::{Money, Rate};
use ai::provider::{Dated, Feature, Model, PROVIDERS, Provider};

use super::{cell, folder};

#[test]
fn the_pages_of_providers() {
    let mut pages: BTreeMap<String, String> =
        PROVIDERS.iter().map(|provider| (format!("{}.md", provider.name), of(provider))).collect();
    let mut index = "# Providers of models\n\nEach is a file in `ai/providers/`; [ai.md](../ai.md) tells how steps use them. Grades are our own \
         judgement, and prices are what the file says until you agree on others (`keyway prices`).\n\n\
         | Provider | In steps | Models | Texts to numbers | Batches |\n| --- | --- | ---: | ---: | --- |\n"
        .to_owned();
    for provider in PROVIDERS.iter() {
        let batches = if provider.batch.is_some() { "yes" } else { "no" };
        index += &format!(
            "| [{}]({name}.md) | `{name}/MODEL` | {} | {} | {batches} |\n",
            provider.title,
            provider.models.len(),
            provider.embeddings.len(),
            name = provider.name,
        );
    }
    pages.insert("README.md".into(), index);
    folder("providers", &pages);
}

fn of(provider: &Provider) -> String {
    let name = &provider.name;
    let account = provider.account().expect("each has a file in the vault");
    let (first, rest) = provider.title.split_at(1);
    let mut page = format!("# {}{rest}\n\n## A key\n\n", first.to_uppercase());
    let place = match &account.base {
        Some(base) => format!("Keys go to `{base}` alone, in the header `{}`.", account.check.header),
        None => {
            format!("You say where it stands: keys go there alone, in the header `{}`.", account.check.header)
        }
    };
    let elsewhere = match (&account.base, &**name) {
        (Some(_), _) => "",
        (None, "azure") => " --base-url https://MINE.openai.azure.com --deployment NAME=gpt-4.1",
        (None, _) => " --base-url https://…",
    };
    page += &format!(
        "{place} The key is asked for, never taken from the command line, and tested at once.\n\n\
         ```sh\nkeyway keys add {name}{elsewhere}\nkeyway keys test {name}\n```\n"
    );
    let example = provider.models.iter().find(|(_, model)| model.retired.is_none()).map(|(name, _)| name);
    let model = example.map_or_else(|| "NAME".to_owned(), Clone::clone);
    page += &format!(
        "\n## A step\n\n```yaml\nname: {name}-example\nsteps:\n  say:\n    ai: Say hello in one word.\n    model: {name}/{model}\noutput: \"{{{{ steps.say }}}}\"\n```\n\n\
         Without `model` the router takes the cheapest model of your keys that is good enough ([cost.md](../cost.md)).\n"
    );
    if provider.models.is_empty() {
        page += "\n## Models\n\nOnly whoever runs it knows its models, what they can do and what they cost: name one in the step, and say its \
                 price with `keyway prices` where a budget must be kept.\n";
    } else {
        page += "\n## Models\n\n| Model | Grade | Reads | Writes | Can also | US dollars for a million tokens |\n| --- | --- | ---: | ---: | --- | --- |\n";
        provider.models.iter().for_each(|(name, model)| page += &row(name, model));
    }
    if !provider.embeddings.is_empty() {
        page += "\n## Texts to numbers\n\nFor `ai.embed`.\n\n| Model | Numbers | Reads | US dollars for a million tokens |\n| --- | ---: | ---: | --- |\n";
        for (name, model) in &provider.embeddings {
            let dims = model.dims.map_or_else(|| "–".to_owned(), |dims| dims.to_string());
            page += &format!("| `{name}` | {dims} | {} | {} |\n", model.context, prices(model));
        }
    }
    page += match provider.batch {
        Some(_) => "\nWith `patience` a step goes as a batch, for half the price.\n",
        None => "\nIt is not asked in batches: `patience` changes nothing here.\n",
    };
    page
}

fn row(name: &str, model: &Model) -> String {
    let word = |feature: &Feature| match feature {
        Feature::Tools => "call tools",
        Feature::Images => "look at pictures",
        Feature::Json => "keep to a form",
        Feature::Reasoning => "think first",
        Feature::Cache => "remember beginnings",
    };
    let can: Vec<&str> = model.features.iter().map(word).collect();
    let grade = model.quality.map_or("–", |quality| quality.name());
    let writes = model.max_output.map_or_else(|| "–".to_owned(), |most| most.to_string());
    let gone = model.retired.map(|day| format!(", until {day}")).unwrap_or_default();
    format!(
        "| `{name}`{gone} | {grade} | {} | {writes} | {} | {} |\n",
        model.context,
        can.join(", "),
        prices(model)
    )
}

fn prices(model: &Model) -> String {
    match &model.prices[..] {
        [] => "not known".to_owned(),
        prices => cell(&prices.iter().map(price).collect::<Vec<_>>().join("; ")),
    }
}

fn price(dated: &Dated) -> String {
    let price = &dated.usd;
    let kinds = [
        ("read", Some(price.input)),
        ("remembered", price.cached),
        ("to remember 5 min", price.write_5m),
        ("to remember 1 h", price.write_1h),
        ("written", price.output),
        ("thought", price.reasoning),
    ];
    let told = kinds.into_iter().filter_map(|(kind, rate)| Some(format!("{kind} {}", dollars(rate?))));
    let mut text = told.collect::<Vec<_>>().join(", ");
    if !price.above.is_empty() {
        let above: Vec<String> = price.above.iter().map(|tier| tier.tokens.to_string()).collect();
        text += &format!(", more above {} tokens", above.join(" and "));
    }
    if let Some(from) = dated.from {
        text += &format!(", from {from} on");
    }
    if let Some(until) = dated.until {
        text += &format!(", until {until}");
    }
    text
}

/// A rate, as it is said for a million tokens.
fn dollars(rate: Rate) -> Money {
    rate.times(1_000_000)
}
