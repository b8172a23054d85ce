//! MySQL and MariaDB. The statement is prepared, so that it is one alone, and its values go beside it.

use std::net::IpAddr;

use jiff::civil;
use mysql_async::consts::{ColumnFlags, ColumnType};
use mysql_async::prelude::Queryable;
use mysql_async::{Column, Conn, IoError, OptsBuilder, Params, Row, SslOpts, Value};

use super::numbers::{decimal, float};
use super::{Answer, Datum, Door, MOST, May, UnderWay};
use crate::client::install_cryptography;
use crate::error::Error;

/// The set of characters of what is bytes.
const BINARY: u16 = 63;

/// Carries the statement out.
pub(super) async fn ask(
    door: &Door<'_>,
    addresses: &[IpAddr],
    under_way: &mut UnderWay,
) -> Result<Answer, Error> {
    let (database, statement) = (door.database, door.statement);
    install_cryptography();
    let ssl = door.crypted.then(|| {
        let trusted = database.trusted.iter().map(|pem| pem.clone().into_bytes().into()).collect();
        SslOpts::default()
            // The address was looked at before; the name is what the server proves.
            .with_danger_tls_hostname_override(Some(database.host.clone()))
            .with_disable_built_in_roots(database.trusted.is_some())
            .with_root_certs(trusted)
    });
    let options = OptsBuilder::default()
        .tcp_port(database.port)
        .user(Some(&database.user))
        .pass(Some(door.password.expose()))
        .db_name(Some(&database.name))
        .prefer_socket(Some(false))
        .stmt_cache_size(Some(0))
        .ssl_opts(ssl);
    let mut conn = connected(door, options, addresses, under_way).await?;
    let answer = carry_out(door, &mut conn, under_way).await;
    // It was carried out or not, whatever becomes of the farewell; what reads is rolled back by it.
    if answer.is_ok() && statement.may == May::Change {
        let _ = conn.disconnect().await;
    }
    answer
}

/// A connection to the first of these addresses where there is one to be had.
async fn connected(
    door: &Door<'_>,
    options: OptsBuilder,
    addresses: &[IpAddr],
    under_way: &UnderWay,
) -> Result<Conn, Error> {
    let mut last = door.broken(&"the name has no address", under_way);
    for address in addresses {
        match Conn::new(options.clone().ip_or_hostname(address.to_string())).await {
            Ok(conn) => return Ok(conn),
            Err(error) => last = told(door, &error, under_way),
        }
        // A server that has answered is the one.
        if !matches!(last, Error::Network { .. }) {
            break;
        }
    }
    Err(last)
}

async fn carry_out(door: &Door<'_>, conn: &mut Conn, under_way: &mut UnderWay) -> Result<Answer, Error> {
    let statement = door.statement;
    // The server gives up a little earlier, so that it is the one who says so.
    let time = door.database.timeout.as_millis() * 9 / 10;
    // One of the two is known: the first to MariaDB, the second to MySQL.
    for limit in [
        format!("set session max_statement_time = {}", time as f64 / 1000.0),
        format!("set session max_execution_time = {time}"),
    ] {
        if conn.query_drop(limit).await.is_ok() {
            break;
        }
    }
    let mut opening = vec!["set session time_zone = '+00:00'"];
    if statement.may == May::Read {
        opening.extend(["set session transaction read only", "start transaction read only"]);
    }
    for opening in opening {
        conn.query_drop(opening).await.map_err(|error| told(door, &error, under_way))?;
    }
    let prepared = conn.prep(&*statement.sql).await.map_err(|error| told(door, &error, under_way))?;
    let (wanted, given) = (usize::from(prepared.num_params()), statement.values.len());
    if wanted != given {
        return Err(Error::Invalid(format!(
            "the statement has {wanted} marks, and there are {given} values"
        )));
    }
    let values = statement.values.iter().map(value).collect::<Vec<_>>();
    let values = if values.is_empty() { Params::Empty } else { Params::Positional(values) };
    under_way.sent = statement.may == May::Change;
    let executed = conn.exec_iter(prepared, values).await;
    let mut rows = executed.map_err(|error| told(door, &error, under_way))?;
    let columns: Vec<Column> = rows.columns_ref().to_vec();
    let names = columns.iter().map(|column| column.name_str().into_owned()).collect();
    let mut answer = Answer { columns: names, ..Answer::default() };
    let mut size = 0;
    while let Some(row) = rows.next().await.map_err(|error| told(door, &error, under_way))? {
        if answer.rows.len() == statement.rows {
            answer.more = true;
            // What changes something is heard to its end, since it is over only then.
            if statement.may == May::Read {
                return Ok(answer);
            }
            continue;
        }
        let row = read(door, row, &columns)?;
        size += row.iter().map(Datum::size).sum::<usize>();
        if size > MOST {
            return Err(door.too_large());
        }
        answer.rows.push(row);
    }
    answer.changed = rows.affected_rows();
    rows.drop_result().await.map_err(|error| told(door, &error, under_way))?;
    Ok(answer)
}

/// What went wrong.
fn told(door: &Door<'_>, error: &mysql_async::Error, under_way: &UnderWay) -> Error {
    match error {
        mysql_async::Error::Server(said) => door.no(state(said.code, &said.state), &said.message),
        mysql_async::Error::Io(IoError::Tls(why)) => uncrypted(door, why),
        mysql_async::Error::Io(IoError::Io(error)) if is_of_tls(error) => uncrypted(door, error),
        other => {
            let text = other.to_string();
            if text.contains("TLS") || text.contains("SSL") {
                let host = &door.database.host;
                let why = "does not offer TLS, and others could read what is said";
                return Error::Refused(format!("`{host}` {why}"));
            }
            door.broken(other, under_way)
        }
    }
}

fn uncrypted(door: &Door<'_>, why: &dyn std::fmt::Display) -> Error {
    let message = format!("no encryption with `{}`: {why}", door.database.host);
    Error::Network { message, before_send: true }
}

fn is_of_tls(error: &std::io::Error) -> bool {
    error.get_ref().is_some_and(|inner| inner.is::<rustls::Error>())
}

/// What a code of the server is as an SQLSTATE: those that it gives say little.
fn state(code: u16, given: &str) -> &str {
    match code {
        1040 | 1203 | 1226 => "53300",
        1044 | 1142 | 1143 | 1227 | 1370 => "42501",
        1045 | 1698 => "28000",
        1049 => "3D000",
        1205 | 1213 => "40001",
        1317 | 1969 | 3024 => "57014",
        1792 => "25006",
        _ => given,
    }
}

/// A value that goes to the server.
fn value(datum: &Datum) -> Value {
    match datum {
        Datum::Null => Value::NULL,
        Datum::Bool(flag) => Value::Int(i64::from(*flag)),
        Datum::Int(number) => Value::Int(*number),
        Datum::Float(number) => Value::Double(*number),
        Datum::Text(text) | Datum::Json(text) => Value::Bytes(text.clone().into_bytes()),
        Datum::Bytes(bytes) => Value::Bytes(bytes.clone()),
        // As this server writes moments; it is told that they are in UTC.
        Datum::Time(time) => Value::Bytes(time.strftime("%Y-%m-%d %H:%M:%S%.6f").to_string().into_bytes()),
        Datum::List(_) => Value::Bytes(super::postgres::json(datum).into_bytes()),
    }
}

fn read(door: &Door<'_>, row: Row, columns: &[Column]) -> Result<Vec<Datum>, Error> {
    let cells = row.unwrap().into_iter().zip(columns).map(|(value, column)| {
        let unread = || door.unread(&column.name_str(), &format!("{:?}", column.column_type()));
        datum(value, column).ok_or_else(unread)
    });
    cells.collect()
}

/// A value by the type of its column; nothing where it is not known.
fn datum(value: Value, column: &Column) -> Option<Datum> {
    Some(match value {
        Value::NULL => Datum::Null,
        Value::Int(number) => Datum::Int(number),
        Value::UInt(number) => match i64::try_from(number) {
            Ok(number) => Datum::Int(number),
            Err(_) => Datum::Text(number.to_string()),
        },
        // By its shortest text, so that 0.1 does not become 0.10000000149.
        Value::Float(number) => float(number.to_string().parse().ok()?),
        Value::Double(number) => float(number),
        Value::Date(year, month, day, hour, minute, second, micros) => {
            date((year, month, day), (hour, minute, second, micros), column.column_type())?
        }
        Value::Time(negative, days, hours, minutes, seconds, micros) => {
            let sign = if negative { "-" } else { "" };
            let hours = u64::from(days) * 24 + u64::from(hours);
            let rest = fraction(micros);
            Datum::Text(format!("{sign}{hours:02}:{minutes:02}:{seconds:02}{rest}"))
        }
        Value::Bytes(bytes) => match column.column_type() {
            ColumnType::MYSQL_TYPE_DECIMAL | ColumnType::MYSQL_TYPE_NEWDECIMAL => {
                decimal(std::str::from_utf8(&bytes).ok()?)
            }
            ColumnType::MYSQL_TYPE_JSON => Datum::Json(String::from_utf8(bytes).ok()?),
            ColumnType::MYSQL_TYPE_BIT | ColumnType::MYSQL_TYPE_GEOMETRY => Datum::Bytes(bytes),
            _ if column.character_set() == BINARY && column.flags().contains(ColumnFlags::BINARY_FLAG) => {
                Datum::Bytes(bytes)
            }
            _ => Datum::Text(String::from_utf8(bytes).ok()?),
        },
    })
}

fn date(
    (year, month, day): (u16, u8, u8),
    (hour, minute, second, micros): (u8, u8, u8, u32),
    ty: ColumnType,
) -> Option<Datum> {
    let day_alone = format!("{year:04}-{month:02}-{day:02}");
    let written = format!("{day_alone}T{hour:02}:{minute:02}:{second:02}{}", fraction(micros));
    Some(match ty {
        ColumnType::MYSQL_TYPE_DATE | ColumnType::MYSQL_TYPE_NEWDATE => Datum::Text(day_alone),
        ColumnType::MYSQL_TYPE_TIMESTAMP | ColumnType::MYSQL_TYPE_TIMESTAMP2 => {
            // The day 0000-00-00 is none.
            let time = written.parse::<civil::DateTime>().ok();
            let zoned = time.and_then(|time| time.to_zoned(jiff::tz::TimeZone::UTC).ok());
            zoned.map_or(Datum::Text(written), |zoned| Datum::Time(zoned.timestamp()))
        }
        _ => Datum::Text(written),
    })
}

fn fraction(micros: u32) -> String {
    if micros == 0 { String::new() } else { format!(".{micros:06}").trim_end_matches('0').to_owned() }
}
