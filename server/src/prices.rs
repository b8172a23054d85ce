//! Prices that an owner has agreed on with a provider: they count instead of those of the files, for what that owner pays.

use ai::price::{Money, Price, Rate};
use ai::provider::{Agreed, PROVIDERS, Provider};
use jiff::Timestamp;
use jiff::civil::Date;
use store::Edit;
use store::calls;
use vault::{Action, Deed, Recorded, Vault, Who};

use crate::DriverError;
use crate::error::Error;
use crate::home::Home;

/// A model of a provider.
#[derive(Clone, Copy)]
pub struct Model<'a> {
    /// The provider.
    pub provider: &'static Provider,
    /// The model, as the files or its endpoint call it.
    pub name: &'a str,
}

/// Amounts in US dollars for a million tokens, as they are written.
#[derive(Clone, Copy, Debug, Default)]
pub struct Amounts<'a> {
    /// What is read anew.
    pub input: &'a str,
    /// What is written; nothing for models that write nothing.
    pub output: Option<&'a str>,
    /// What is read from the provider's cache.
    pub cached: Option<&'a str>,
    /// What is kept there for minutes.
    pub cache_write: Option<&'a str>,
    /// What is kept there for an hour.
    pub cache_write_hour: Option<&'a str>,
}

/// When a price counts.
#[derive(Clone, Copy, Debug, Default)]
pub struct Days {
    /// From this day on; without one, from ever on.
    pub from: Option<Date>,
    /// Until before this day; without one, until further notice.
    pub until: Option<Date>,
}

/// Why a price cannot be taken, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unfit {
    /// What is wrong.
    pub why: String,
    /// What to do.
    pub help: String,
}

fn unfit(why: impl Into<String>, help: impl Into<String>) -> Unfit {
    Unfit { why: why.into(), help: help.into() }
}

impl<'a> Model<'a> {
    /// The model of this name: as `PROVIDER/NAME`, or a name that one provider alone has.
    ///
    /// # Errors
    /// Where it is not known whose model is meant.
    pub fn find(text: &'a str) -> Result<Model<'a>, Unfit> {
        let of_provider = PROVIDERS.iter().find_map(|provider| {
            let name = text.strip_prefix(&*provider.name)?.strip_prefix('/')?;
            Some(Model { provider, name }).filter(|_| !name.is_empty())
        });
        if let Some(model) = of_provider {
            return Ok(model);
        }
        let having: Vec<&Provider> =
            PROVIDERS.iter().filter(|provider| provider.model(text).is_some()).collect();
        match having[..] {
            [provider] => Ok(Model { provider, name: text }),
            [] => {
                let names: Vec<&str> = PROVIDERS.iter().map(|provider| &*provider.name).collect();
                Err(unfit(
                    format!("no model is called `{text}`"),
                    format!("write it as PROVIDER/NAME; providers are {}", names.join(", ")),
                ))
            }
            [..] => {
                let names: Vec<String> =
                    having.iter().map(|provider| format!("`{}/{text}`", provider.name)).collect();
                Err(unfit(
                    format!("more than one provider has `{text}`"),
                    format!("write one of {}", names.join(", ")),
                ))
            }
        }
    }

    /// It with its provider, as a step would name it.
    pub fn full(&self) -> String {
        format!("{}/{}", self.provider.name, self.name)
    }

    /// True if it stands in our files.
    pub fn is_known(&self) -> bool {
        self.provider.model(self.name).is_some()
    }

    /// What the files say that it costs today.
    pub fn listed(&self) -> Option<Price> {
        listed(self.provider, self.name)
    }
}

/// What the files say that a model costs today; nothing where they do not.
fn listed(provider: &Provider, model: &str) -> Option<Price> {
    let today = Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date();
    provider.price(model, today, &Agreed::default()).known().cloned()
}

/// What the files say today of the model of an agreed price: what a million tokens cost that are read anew, and that are written.
pub fn in_files(price: &calls::Price) -> Option<(Money, Option<Money>)> {
    let listed = listed(ai::provider::find(&price.provider)?, &price.model)?;
    let of = |rate: Rate| rate.times(1_000_000);
    Some((of(listed.input), listed.output.map(of)))
}

/// Reads a price.
///
/// # Errors
/// Where an amount is none, or one is missing without which a call could cost more than is counted.
pub fn read(owner: &str, model: Model<'_>, amounts: Amounts<'_>, days: Days) -> Result<calls::Price, Unfit> {
    let Days { from, until } = days;
    if from.zip(until).is_some_and(|(from, until)| from >= until) {
        return Err(unfit("the price ends before it begins", "`--until` is a day after `--from`"));
    }
    let part = |text: Option<&str>| text.map(rate).transpose();
    let price = Price {
        input: rate(amounts.input)?,
        cached: part(amounts.cached)?,
        write_5m: part(amounts.cache_write)?,
        write_1h: part(amounts.cache_write_hour)?,
        output: part(amounts.output)?,
        reasoning: None,
        above: vec![],
    };
    if price.output.is_none() && !model.provider.embeddings.contains_key(model.name) {
        return Err(unfit(
            format!("`{}` writes, and that has no price", model.full()),
            "say it with `--output`",
        ));
    }
    if price.write_5m.is_none() && model.listed().is_some_and(|listed| listed.write_5m.is_some()) {
        return Err(unfit(
            format!("what `{}` keeps in its provider's cache has a price of its own", model.full()),
            "say it with `--cache-write`, so that no call costs more than is counted",
        ));
    }
    if model.provider.batch.as_ref().is_some_and(|batch| price.in_batch(batch.cached).is_none()) {
        return Err(unfit(
            "half of a price, as in a batch, has more than six decimals",
            "write prices of at most five decimals",
        ));
    }
    let units = |rate: Rate| i64::try_from(rate.units()).unwrap_or(i64::MAX);
    let day = |day: Option<Date>| day.map(|day| day.to_string()).unwrap_or_default();
    Ok(calls::Price {
        owner: owner.into(),
        provider: model.provider.name.clone(),
        model: model.name.into(),
        since: day(from),
        until: day(until),
        input: units(price.input),
        cached: price.cached.map(units),
        write_5m: price.write_5m.map(units),
        write_1h: price.write_1h.map(units),
        output: price.output.map(units),
    })
}

fn rate(text: &str) -> Result<Rate, Unfit> {
    Money::parse(text).and_then(Rate::per_million).ok_or_else(|| {
        unfit(
            format!("`{text}` is no price of a million tokens"),
            "write US dollars as in `0.75`: 0 to 1000000, at most six decimals",
        )
    })
}

/// What a million tokens cost at an amount of the store.
pub fn per_million(units: i64) -> Money {
    Money::from_units(i128::from(units) * 1_000_000)
}

/// What an owner has agreed on, by provider, model and day.
///
/// # Errors
/// Where the store cannot be read.
pub fn agreed(home: &Home, owner: &str) -> Result<Vec<calls::Price>, Error> {
    match crate::usage::reader(home)? {
        Some(reader) => Ok(reader.prices(owner).map_err(DriverError::from)?),
        None => Ok(vec![]),
    }
}

/// Sets a price. The audit tells of it.
///
/// # Errors
/// Where the store cannot be written.
pub fn set(vault: &Vault, who: Who<'_>, price: calls::Price) -> Result<Recorded, Error> {
    let subject = subject(&price.provider, &price.model);
    let detail = words(&price);
    let deed = Deed { who, action: Action::PriceSet, subject: &subject, detail: &detail };
    Ok(vault.record(deed, vec![Edit::Price(price)], "price")?)
}

/// Removes the prices of a model, or the one that began on a day; nothing where there was none. The audit tells of it.
///
/// # Errors
/// Where the store cannot be written.
pub fn remove(
    vault: &Vault,
    who: Who<'_>,
    model: Model<'_>,
    from: Option<Date>,
) -> Result<Option<Recorded>, Error> {
    let subject = subject(&model.provider.name, model.name);
    let since = from.map(|day| day.to_string());
    let detail = since.as_ref().map_or_else(String::new, |since| format!("from {since}"));
    let deed = Deed { who, action: Action::PriceRemoved, subject: &subject, detail: &detail };
    let edit = Edit::RemovePrices {
        owner: who.owner.into(),
        provider: model.provider.name.clone(),
        model: model.name.into(),
        since,
    };
    match vault.record(deed, vec![edit], "price") {
        Ok(recorded) => Ok(Some(recorded)),
        Err(vault::Error::Stale { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// A price as the audit names it.
fn subject(provider: &str, model: &str) -> String {
    format!("price/{provider}/{model}")
}

/// A price in words, for the audit and for people.
pub fn words(price: &calls::Price) -> String {
    let parts = [
        ("read", Some(price.input)),
        ("from the cache", price.cached),
        ("kept", price.write_5m),
        ("kept for an hour", price.write_1h),
        ("written", price.output),
    ];
    let parts = parts.into_iter().filter_map(|(what, units)| Some(format!("{} {what}", per_million(units?))));
    let mut words = format!("{} USD for a million tokens", parts.collect::<Vec<_>>().join(", "));
    for (word, day) in [("from", &price.since), ("until", &price.until)] {
        if !day.is_empty() {
            words += &format!(", {word} {day}");
        }
    }
    words
}
