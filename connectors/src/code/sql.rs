//! Databases: one statement, whose text is the author's, with its values beside it. What reads is done in a transaction that
//! can do no more than read, and gives its rows as objects.

use std::sync::Arc;

use dsl::catalog::{Failure, FailureKind, Safety};
use dsl::value::{File, MAX_DEPTH, Object, UNKNOWN, Value};
use egress::{Answer, Crypt, Database, Datum, Dialect, May, Statement};

use super::Coded;
use crate::builtin::http::build::invalid;
use crate::call::{Preview, unanswered};
use crate::params::{Params, no_secret, short, wrong_type};

/// The parameter that has the text of a statement.
pub(super) const STATEMENT: &str = "sql";

/// What a statement reads.
pub(super) const TAKES: &[(&str, bool)] = &[(STATEMENT, true), ("limit", false), ("params", false)];

/// The most rows where nothing is said.
pub(crate) const ROWS: usize = 1000;

/// Carries a statement out.
pub(super) async fn ask(
    call: &Coded<'_>,
    dialect: Dialect,
    may: May,
    params: &Params,
) -> Result<Value, Failure> {
    let safety = match may {
        May::Read => Safety::Read,
        May::Change => Safety::Once,
    };
    let sql = params.required_text(STATEMENT)?.to_owned();
    let rows = params.count("limit").unwrap_or(ROWS);
    let statement = Statement { sql, values: values(params)?, may, rows };
    let database = database(call, dialect)?;
    let name = format!("SQL {}:{}", database.host, database.port);
    let answer = call.egress.sql(&database, &statement).await;
    let answer = answer.map_err(|error| unanswered(&error, &name, safety))?;
    let changed = i64::try_from(answer.changed).unwrap_or(i64::MAX);
    let (rows, more) = given(answer)?;
    Ok(Value::object([("rows", rows), ("more", Value::Bool(more)), ("changed", Value::Int(changed))]))
}

/// Signs in, and asks for what is always there.
pub(super) async fn attempt(call: &Coded<'_>, dialect: Dialect) -> Result<Value, Failure> {
    let statement = Statement { sql: "select version()".into(), values: vec![], may: May::Read, rows: 1 };
    let database = database(call, dialect)?;
    let name = format!("SQL {}:{}", database.host, database.port);
    let answer = call.egress.sql(&database, &statement).await;
    let answer = answer.map_err(|error| unanswered(&error, &name, Safety::Read))?;
    let version = answer.rows.into_iter().flatten().next().map(|datum| value(datum, 0)).transpose()?;
    Ok(Value::object([("version", version.unwrap_or_default())]))
}

/// What would be sent.
pub(super) fn preview(call: &Coded<'_>, dialect: Dialect, params: &Params) -> Result<Preview, Failure> {
    let database = database(call, dialect)?;
    let scheme = match dialect {
        Dialect::Postgres => "postgres",
        Dialect::MySql => "mysql",
    };
    let url = format!("{scheme}://{}:{}/{}", database.host, database.port, database.name);
    let body = params.text(STATEMENT)?.unwrap_or_default().to_owned();
    Ok(Preview { method: "SQL".into(), url, headers: vec![], body })
}

/// The database of a connection, by its fields; at another address where somebody said so.
fn database(call: &Coded<'_>, dialect: Dialect) -> Result<Database, Failure> {
    let field = |name: &str| call.connection.fields.get(name);
    let text = |name: &str| field(name).and_then(Value::as_text).map(str::to_owned);
    let needed = |name: &str| text(name).ok_or_else(|| invalid(&format!("the connection has no `{name}`")));
    let usual = match dialect {
        Dialect::Postgres => 5432,
        Dialect::MySql => 3306,
    };
    let (host, port) = match call.base {
        Some(base) => elsewhere(base, usual)?,
        None => {
            let port = match field("port") {
                Some(Value::Int(port)) => {
                    u16::try_from(*port).map_err(|_| invalid("`port` is at most 65535"))?
                }
                _ => usual,
            };
            (needed("host")?, port)
        }
    };
    let crypt = match text("tls").as_deref() {
        Some("off") => Crypt::NotHere,
        _ => Crypt::Always,
    };
    let (user, password) = call.login("databases")?;
    let (name, trusted, timeout) = (needed("database")?, text("certificate"), call.timeout);
    Ok(Database { dialect, host, port, crypt, trusted, name, user, password, timeout })
}

fn elsewhere(base: &str, usual: u16) -> Result<(String, u16), Failure> {
    let url = url::Url::parse(base)
        .map_err(|error| invalid(&format!("`{}` is no address: {error}", short(base))))?;
    let host = url.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
    if host.is_empty() {
        return Err(invalid(&format!("`{}` names no host", short(base))));
    }
    Ok((host.to_ascii_lowercase(), url.port().unwrap_or(usual)))
}

/// The values of a statement.
fn values(params: &Params) -> Result<Vec<Datum>, Failure> {
    match params.get("params") {
        None | Some(Value::Null) => Ok(vec![]),
        Some(Value::List(items)) => {
            items.iter().enumerate().map(|(at, item)| datum(item, &format!("params[{at}]"))).collect()
        }
        Some(other) => Err(wrong_type("`params`", "[any]", other)),
    }
}

/// A value as databases take it.
pub(crate) fn datum(value: &Value, place: &str) -> Result<Datum, Failure> {
    Ok(match value {
        Value::Null => Datum::Null,
        Value::Bool(flag) => Datum::Bool(*flag),
        Value::Int(number) => Datum::Int(*number),
        Value::Number(number) => Datum::Float(*number),
        Value::Text(text) => Datum::Text(text.to_string()),
        Value::Time(time) => Datum::Time(*time),
        Value::Duration(_) => Datum::Text(value.to_string()),
        Value::File(file) => match file.bytes() {
            Some(bytes) => Datum::Bytes(bytes.to_vec()),
            None => {
                let message = format!("`{place}` is a file that is too large for a statement");
                return Err(Failure::new(FailureKind::Limit, message));
            }
        },
        Value::List(items) if items.iter().all(|item| !matches!(item, Value::Object(_))) => {
            let items = items.iter().map(|item| datum(item, place));
            Datum::List(items.collect::<Result<_, _>>()?)
        }
        Value::List(_) | Value::Object(_) => Datum::Json(value.to_json().to_string()),
        Value::Hole(_) => return Err(no_secret(place)),
        Value::Big(_) => return Err(wrong_type(&format!("`{place}`"), "any", value)),
    })
}

/// Rows as objects, and whether there were more.
pub(crate) fn given(answer: Answer) -> Result<(Value, bool), Failure> {
    if let Some((at, twice)) = answer
        .columns
        .iter()
        .enumerate()
        .find(|(at, name)| answer.columns.iter().take(*at).any(|other| other == *name))
    {
        let message = format!("two columns are called `{}`; name column {} with `as`", short(twice), at + 1);
        return Err(Failure { answered: true, ..Failure::new(FailureKind::Invalid, message) });
    }
    let names: Vec<Arc<str>> = answer.columns.iter().map(|name| Arc::from(name.as_str())).collect();
    let rows = answer.rows.into_iter().map(|row| {
        let cells = names.iter().cloned().zip(row).map(|(name, datum)| Ok((name, value(datum, 0)?)));
        Ok(Value::Object(cells.collect::<Result<Object, Failure>>()?.into()))
    });
    Ok((Value::list(rows.collect::<Result<Vec<_>, Failure>>()?), answer.more))
}

/// A value as workflows see it.
fn value(datum: Datum, depth: usize) -> Result<Value, Failure> {
    let limit = |message: &str| Failure { answered: true, ..Failure::new(FailureKind::Limit, message) };
    Ok(match datum {
        Datum::Null => Value::Null,
        Datum::Bool(flag) => Value::Bool(flag),
        Datum::Int(number) => Value::Int(number),
        Datum::Float(number) => Value::Number(number),
        Datum::Text(text) => Value::text(text),
        Datum::Bytes(bytes) => Value::File(Arc::new(File::new(bytes, UNKNOWN))),
        Datum::Time(time) => Value::Time(time),
        Datum::Json(text) => match dsl::json::parse(&text) {
            Ok(value) if value.depth() > MAX_DEPTH - 4 => {
                return Err(limit("a JSON of a row nests too deep"));
            }
            Ok(value) => value,
            Err(_) => Value::text(text),
        },
        Datum::List(_) if depth > 8 => return Err(limit("an array of a row nests too deep")),
        Datum::List(items) => {
            let items = items.into_iter().map(|item| value(item, depth + 1));
            Value::list(items.collect::<Result<_, _>>()?)
        }
    })
}

/// What is refused by a database, by its SQLSTATE, and whether it may become a yes.
pub(crate) fn kind(state: &str) -> (FailureKind, bool) {
    match state {
        "25006" => (FailureKind::Refused, false),
        "28000" | "28P01" => (FailureKind::Auth, false),
        "42501" => (FailureKind::Permission, false),
        "3D000" | "42P01" | "42S02" => (FailureKind::NotFound, false),
        "40001" | "40P01" => (FailureKind::Conflict, true),
        "57014" => (FailureKind::Timeout, false),
        "55P03" => (FailureKind::Conflict, true),
        _ => match state.get(..2).unwrap_or_default() {
            "08" | "53" | "57" | "58" => (FailureKind::Server, true),
            "23" => (FailureKind::Conflict, false),
            "XX" => (FailureKind::Server, false),
            _ => (FailureKind::Invalid, false),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_database_says_becomes_a_failure_of_its_kind() {
        for (state, wanted) in [
            ("25006", (FailureKind::Refused, false)),
            ("28P01", (FailureKind::Auth, false)),
            ("42601", (FailureKind::Invalid, false)),
            ("42P01", (FailureKind::NotFound, false)),
            ("23505", (FailureKind::Conflict, false)),
            ("40P01", (FailureKind::Conflict, true)),
            ("53300", (FailureKind::Server, true)),
            ("57P03", (FailureKind::Server, true)),
            ("57014", (FailureKind::Timeout, false)),
            ("", (FailureKind::Invalid, false)),
        ] {
            assert_eq!(kind(state), wanted, "{state}");
        }
    }
}
