//! Reads the file of settings: TOML, in which every key is one of the table.

use std::path::Path;

use dsl::diagnostic::nearest;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::table::{Kind, OUTSIDE, SETTINGS, Setting, setting};
use super::{Config, Origin, Problem, Said};

impl Config {
    /// Takes in what a file says. What is wrong in it is told, all of it.
    pub(super) fn take_file(&mut self, path: &Path, text: &str) {
        let at = |offset: usize| {
            let line = text.as_bytes().iter().take(offset).filter(|byte| **byte == b'\n').count() + 1;
            Origin::File(path.to_owned(), line)
        };
        match DeTable::parse(text) {
            Ok(table) => self.take_table("", table.get_ref(), &at),
            Err(error) => {
                let place = at(error.span().map_or(0, |span| span.start)).to_string();
                let message = format!("the file is no TOML: {}", error.message());
                self.problems.push(Problem::wrong(
                    place,
                    message,
                    "`keyway config template` shows one".into(),
                ));
            }
        }
    }

    fn take_table(&mut self, within: &str, table: &DeTable<'_>, at: &dyn Fn(usize) -> Origin) {
        let mut entries: Vec<_> = table.iter().collect();
        entries.sort_by_key(|(name, _)| name.span().start);
        for (name, value) in entries {
            let key = if within.is_empty() {
                name.get_ref().to_string()
            } else {
                format!("{within}.{}", name.get_ref())
            };
            match (setting(&key), value.get_ref()) {
                (Some(setting), _) => self.take_value(setting, value, at(name.span().start)),
                (None, DeValue::Table(inner)) if is_table(&key) => self.take_table(&key, inner, at),
                (None, _) => self.problems.push(unknown(&key, at(name.span().start).to_string())),
            }
        }
    }

    fn take_value(&mut self, setting: &'static Setting, value: &Spanned<DeValue<'_>>, from: Origin) {
        let read = match value.get_ref() {
            DeValue::Array(values) if setting.kind == Kind::Hosts => {
                values.iter().map(|value| single(value.get_ref())).collect::<Option<Vec<String>>>()
            }
            other => single(other).map(|text| vec![text]),
        };
        match read {
            Some(values) => self.take(setting, Said { values, from }),
            None => {
                let message = format!("`{}` takes no value of this kind", setting.key);
                self.problems.push(Problem::wrong(from.to_string(), message, setting.kind.help()));
            }
        }
    }
}

/// A value as it would stand in the environment.
fn single(value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::String(text) => Some(text.to_string()),
        DeValue::Integer(number) if number.radix() == 10 => Some(number.as_str().to_owned()),
        DeValue::Boolean(is_on) => Some(is_on.to_string()),
        DeValue::Integer(_)
        | DeValue::Float(_)
        | DeValue::Datetime(_)
        | DeValue::Array(_)
        | DeValue::Table(_) => None,
    }
}

/// True if there are settings below a key.
fn is_table(key: &str) -> bool {
    SETTINGS.iter().any(|setting| setting.key.strip_prefix(key).is_some_and(|rest| rest.starts_with('.')))
}

fn unknown(key: &str, place: String) -> Problem {
    let message = format!("there is no setting `{key}`");
    let plain = |text: &str| text.to_lowercase().replace(['-', '.'], "_");
    let variable = OUTSIDE.iter().find(|it| it.is_secret && plain(it.name).ends_with(&plain(key)));
    if let Some(variable) = variable {
        let help = format!("it does not belong into a file of settings: give it as `{}`", variable.name);
        return Problem::wrong(place, message, help);
    }
    // A flag or a variable that was written where a key belongs.
    let same = SETTINGS.iter().find(|it| plain(it.flag) == plain(key) || plain(it.variable) == plain(key));
    let last = |key: &'static str| key.rsplit('.').next().unwrap_or(key);
    let moved = || SETTINGS.iter().find(|it| last(it.key) == key.rsplit('.').next().unwrap_or(key));
    let near = same.map(|it| it.key).or_else(|| nearest(key, SETTINGS.iter().map(|it| it.key)));
    let help = match near.or_else(|| moved().map(|it| it.key)) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "`keyway config template` lists the settings there are".into(),
    };
    Problem::wrong(place, message, help)
}
