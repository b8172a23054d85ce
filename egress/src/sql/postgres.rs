//! PostgreSQL. Values go as text, which the server reads by the type that it has found for each mark; rows come in its own form.

use std::future::Future;
use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use bytes::BytesMut;
use futures_util::TryStreamExt;
use jiff::Timestamp;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_postgres::config::SslMode;
use tokio_postgres::tls::{ChannelBinding, TlsConnect, TlsStream};
use tokio_postgres::types::{Format, FromSql, IsNull, Kind, ToSql, Type};
use tokio_postgres::{Client, Config, Row};

use super::numbers::{decimal, float};
use super::{Answer, Datum, Door, MOST, May, UnderWay};
use crate::error::Error;
use crate::line::crypt;

type Boxed = Box<dyn std::error::Error + Send + Sync>;

/// Carries the statement out.
pub(super) async fn ask(
    door: &Door<'_>,
    stream: TcpStream,
    under_way: &mut UnderWay,
) -> Result<Answer, Error> {
    let database = door.database;
    let mut config = Config::new();
    config
        .user(&database.user)
        .password(door.password.expose())
        .dbname(&database.name)
        .application_name("keyway")
        .ssl_mode(if door.crypted { SslMode::Require } else { SslMode::Disable });
    let crypting = Crypting { host: database.host.clone(), trusted: database.trusted.clone() };
    let counted = Counted { stream, left: MOST };
    let connected = config.connect_raw(counted, crypting).await;
    let (client, line) = connected.map_err(|error| told(door, &error, under_way))?;
    let mut line = pin!(line);
    // In a box, so that it can be given up before it is looked at how far it came.
    let mut work = Box::pin(carry_out(door, &client, under_way));
    tokio::select! {
        biased;
        outcome = &mut work => outcome,
        ended = &mut line => {
            drop(work);
            match ended {
                Err(error) => Err(told(door, &error, under_way)),
                Ok(()) => Err(door.broken(&"the server closed it", under_way)),
            }
        }
    }
}

async fn carry_out(door: &Door<'_>, client: &Client, under_way: &mut UnderWay) -> Result<Answer, Error> {
    let statement = door.statement;
    // The server gives up a little earlier, so that it is the one who says so.
    let time = door.database.timeout.as_millis() * 9 / 10;
    let opening = match statement.may {
        May::Read => {
            format!("begin read only; set local statement_timeout = {time}; set local time zone 'UTC'")
        }
        May::Change => format!("set statement_timeout = {time}; set time zone 'UTC'"),
    };
    client.batch_execute(&opening).await.map_err(|error| told(door, &error, under_way))?;
    let prepared = client.prepare(&statement.sql).await.map_err(|error| told(door, &error, under_way))?;
    let (wanted, given) = (prepared.params().len(), statement.values.len());
    if wanted != given {
        return Err(Error::Invalid(format!(
            "the statement has {wanted} marks, and there are {given} values"
        )));
    }
    let given: Vec<Given<'_>> = statement.values.iter().map(Given).collect();
    let values: Vec<&(dyn ToSql + Sync)> = given.iter().map(|value| value as _).collect();
    under_way.sent = statement.may == May::Change;
    let rows = client.query_raw(&prepared, values).await;
    let mut rows = pin!(rows.map_err(|error| told(door, &error, under_way))?);
    let columns: Vec<String> = prepared.columns().iter().map(|column| column.name().to_owned()).collect();
    let mut answer = Answer { columns, ..Answer::default() };
    while let Some(row) = rows.try_next().await.map_err(|error| told(door, &error, under_way))? {
        if answer.rows.len() < statement.rows {
            answer.rows.push(read(door, &row)?);
            continue;
        }
        answer.more = true;
        // What changes something is heard to its end, since it is over only then.
        if statement.may == May::Read {
            return Ok(answer);
        }
    }
    answer.changed = rows.rows_affected().unwrap_or_default();
    Ok(answer)
}

/// What went wrong.
fn told(door: &Door<'_>, error: &tokio_postgres::Error, under_way: &UnderWay) -> Error {
    if let Some(said) = error.as_db_error() {
        return door.no(said.code().code(), said.message());
    }
    let mut cause: &(dyn std::error::Error + 'static) = error;
    while let Some(source) = cause.source() {
        cause = source;
        if let Some(error) = cause.downcast_ref::<Error>() {
            return error.clone();
        }
        if let Some(io) = cause.downcast_ref::<io::Error>()
            && io.kind() == io::ErrorKind::FileTooLarge
        {
            return door.too_large();
        }
    }
    if cause.to_string().contains("does not support TLS") {
        let host = &door.database.host;
        return Error::Refused(format!("`{host}` does not offer TLS, and others could read what is said"));
    }
    door.broken(&cause, under_way)
}

/// A value that goes to the server.
#[derive(Debug)]
struct Given<'a>(&'a Datum);

impl ToSql for Given<'_> {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, Boxed> {
        let text = match (self.0, ty.kind()) {
            (Datum::Null, _) => return Ok(IsNull::Yes),
            (Datum::List(items), Kind::Array(_)) => listed(items),
            (datum, _) if *ty == Type::JSON || *ty == Type::JSONB => json(datum),
            (datum, _) => plain(datum),
        };
        out.extend_from_slice(text.as_bytes());
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    fn encode_format(&self, _: &Type) -> Format {
        Format::Text
    }

    tokio_postgres::types::to_sql_checked!();
}

/// A value as the server reads it.
fn plain(datum: &Datum) -> String {
    match datum {
        Datum::Null => String::new(),
        Datum::Bool(flag) => flag.to_string(),
        Datum::Int(number) => number.to_string(),
        Datum::Float(number) => number.to_string(),
        Datum::Text(text) | Datum::Json(text) => text.clone(),
        Datum::Bytes(bytes) => {
            let digits = bytes.iter().map(|byte| format!("{byte:02x}"));
            digits.fold("\\x".to_owned(), |out, digits| out + &digits)
        }
        Datum::Time(time) => time.to_string(),
        Datum::List(_) => json(datum),
    }
}

/// A value as JSON.
pub(super) fn json(datum: &Datum) -> String {
    let quoted = crate::request::json_string;
    match datum {
        Datum::Null => "null".into(),
        Datum::Bool(_) | Datum::Int(_) | Datum::Float(_) => plain(datum),
        Datum::Json(text) => text.clone(),
        Datum::Text(text) => quoted(text),
        Datum::Bytes(_) | Datum::Time(_) => quoted(&plain(datum)),
        Datum::List(items) => format!("[{}]", items.iter().map(json).collect::<Vec<_>>().join(",")),
    }
}

/// A list in the form of an array.
fn listed(items: &[Datum]) -> String {
    let item = |item: &Datum| match item {
        Datum::Null => "NULL".to_owned(),
        Datum::List(inner) => listed(inner),
        other => format!("\"{}\"", plain(other).replace('\\', "\\\\").replace('"', "\\\"")),
    };
    format!("{{{}}}", items.iter().map(item).collect::<Vec<_>>().join(","))
}

fn read(door: &Door<'_>, row: &Row) -> Result<Vec<Datum>, Error> {
    let cells =
        row.columns().iter().enumerate().map(|(at, column)| match row.try_get::<_, Option<Raw<'_>>>(at) {
            Ok(None) => Ok(Datum::Null),
            Ok(Some(Raw(ty, bytes))) => {
                datum(&ty, bytes).ok_or_else(|| door.unread(column.name(), ty.name()))
            }
            Err(_) => Err(door.unread(column.name(), column.type_().name())),
        });
    cells.collect()
}

/// A value as it came.
struct Raw<'a>(Type, &'a [u8]);

impl<'a> FromSql<'a> for Raw<'a> {
    fn from_sql(ty: &Type, raw: &'a [u8]) -> Result<Self, Boxed> {
        Ok(Raw(ty.clone(), raw))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

/// A value by its type; nothing where it is not known.
fn datum(ty: &Type, raw: &[u8]) -> Option<Datum> {
    let text = || std::str::from_utf8(raw).ok().map(str::to_owned);
    let small = |raw: &[u8]| Some(i64::from(i32::from_be_bytes(raw.try_into().ok()?)));
    let large = |raw: &[u8]| Some(i64::from_be_bytes(raw.try_into().ok()?));
    Some(match *ty {
        Type::BOOL => Datum::Bool(*raw.first()? != 0),
        Type::INT2 => Datum::Int(i64::from(i16::from_be_bytes(raw.try_into().ok()?))),
        Type::INT4 => Datum::Int(small(raw)?),
        Type::INT8 => Datum::Int(large(raw)?),
        Type::OID => Datum::Int(i64::from(u32::from_be_bytes(raw.try_into().ok()?))),
        Type::FLOAT4 => {
            // By its shortest text, so that 0.1 does not become 0.10000000149.
            let number = f32::from_be_bytes(raw.try_into().ok()?);
            float(number.to_string().parse().ok()?)
        }
        Type::FLOAT8 => float(f64::from_be_bytes(raw.try_into().ok()?)),
        Type::NUMERIC => decimal(&numeric(raw)?),
        Type::TEXT | Type::VARCHAR | Type::BPCHAR | Type::NAME | Type::UNKNOWN | Type::XML => {
            Datum::Text(text()?)
        }
        Type::CHAR => Datum::Text(char::from(*raw.first()?).to_string()),
        Type::JSON => Datum::Json(text()?),
        // One byte says which form it has.
        Type::JSONB => Datum::Json(std::str::from_utf8(raw.get(1..)?).ok()?.to_owned()),
        Type::BYTEA => Datum::Bytes(raw.to_vec()),
        Type::UUID => Datum::Text(uuid(raw)?),
        Type::DATE => Datum::Text(match small(raw)? {
            ENDLESS_DAY => "infinity".into(),
            BEGINLESS_DAY => "-infinity".into(),
            days => date(days + EPOCH)?,
        }),
        Type::TIME => Datum::Text(clock(large(raw)?)),
        Type::TIMESTAMP | Type::TIMESTAMPTZ => match large(raw)? {
            i64::MAX => Datum::Text("infinity".into()),
            i64::MIN => Datum::Text("-infinity".into()),
            since => {
                let micros = since.checked_add(EPOCH * DAY)?;
                match *ty == Type::TIMESTAMPTZ {
                    true => Datum::Time(Timestamp::from_microsecond(micros).ok()?),
                    false => {
                        let (day, rest) = (micros.div_euclid(DAY), micros.rem_euclid(DAY));
                        Datum::Text(format!("{}T{}", date(day)?, clock(rest)))
                    }
                }
            }
        },
        Type::INTERVAL => Datum::Text(interval(raw)?),
        _ => match ty.kind() {
            Kind::Enum(_) => Datum::Text(text()?),
            Kind::Domain(inner) => datum(inner, raw)?,
            Kind::Array(inner) => array(inner, raw)?,
            // Of an extension: letters without case have the form of a text.
            _ if ty.name() == "citext" => Datum::Text(text()?),
            _ => return None,
        },
    })
}

/// Days from 1970 to 2000, where the server begins to count.
const EPOCH: i64 = 10_957;
/// Microseconds of a day.
const DAY: i64 = 86_400_000_000;
/// The day after all days.
const ENDLESS_DAY: i64 = i32::MAX as i64;
/// The day before all days.
const BEGINLESS_DAY: i64 = i32::MIN as i64;

/// A day by its number from 1970 on.
fn date(days: i64) -> Option<String> {
    let day = jiff::civil::date(1970, 1, 1).checked_add(jiff::Span::new().try_days(days).ok()?);
    Some(day.ok()?.to_string())
}

/// A time of a day by its microseconds.
fn clock(micros: i64) -> String {
    let (seconds, rest) = (micros / 1_000_000, micros % 1_000_000);
    let whole = format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
    if rest == 0 { whole } else { format!("{whole}.{rest:06}").trim_end_matches('0').to_owned() }
}

/// A length of time in the form of ISO 8601.
fn interval(raw: &[u8]) -> Option<String> {
    let micros = i64::from_be_bytes(raw.get(..8)?.try_into().ok()?);
    let days = i32::from_be_bytes(raw.get(8..12)?.try_into().ok()?);
    let months = i32::from_be_bytes(raw.get(12..16)?.try_into().ok()?);
    let sign = if micros < 0 { "-" } else { "" };
    let micros = micros.unsigned_abs();
    let (seconds, rest) = (micros / 1_000_000, micros % 1_000_000);
    let rest = if rest == 0 { String::new() } else { format!(".{rest:06}").trim_end_matches('0').to_owned() };
    Some(format!("P{months}M{days}DT{sign}{seconds}{rest}S"))
}

fn uuid(raw: &[u8]) -> Option<String> {
    let digits: String = raw.iter().map(|byte| format!("{byte:02x}")).collect();
    if digits.len() != 32 {
        return None;
    }
    Some(format!(
        "{}-{}-{}-{}-{}",
        &digits[..8],
        &digits[8..12],
        &digits[12..16],
        &digits[16..20],
        &digits[20..]
    ))
}

/// A decimal number: groups of four digits, the first of which has a weight.
fn numeric(raw: &[u8]) -> Option<String> {
    let short = |at: usize| Some(i16::from_be_bytes(raw.get(at..at + 2)?.try_into().ok()?));
    let (groups, weight, sign, scale) = (short(0)?, short(2)?, short(4)? as u16, short(6)? as usize);
    match sign {
        0x0000 | 0x4000 => {}
        0xC000 => return Some("NaN".into()),
        0xD000 => return Some("Infinity".into()),
        _ => return Some("-Infinity".into()),
    }
    let group = |at: i64| match usize::try_from(at) {
        Ok(at) if at < groups as usize => short(8 + 2 * at),
        _ => Some(0),
    };
    let mut whole = String::new();
    for at in 0..=i64::from(weight).max(0) {
        whole.push_str(&format!("{:04}", if weight < 0 { 0 } else { group(at)? }));
    }
    let mut part = String::new();
    let mut at = i64::from(weight) + 1;
    while part.len() < scale {
        part.push_str(&format!("{:04}", group(at)?));
        at += 1;
    }
    part.truncate(scale);
    let whole = whole.trim_start_matches('0');
    let whole = if whole.is_empty() { "0" } else { whole };
    let sign = if sign == 0x4000 { "-" } else { "" };
    Some(if part.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{part}") })
}

/// An array of one dimension or of none.
fn array(inner: &Type, raw: &[u8]) -> Option<Datum> {
    let int = |at: usize| Some(i32::from_be_bytes(raw.get(at..at + 4)?.try_into().ok()?));
    match int(0)? {
        0 => return Some(Datum::List(vec![])),
        1 => {}
        _ => return None,
    }
    let count = usize::try_from(int(12)?).ok()?;
    let (mut at, mut items) = (20, vec![]);
    for _ in 0..count {
        let length = int(at)?;
        at += 4;
        match usize::try_from(length) {
            Err(_) => items.push(Datum::Null),
            Ok(length) => {
                items.push(datum(inner, raw.get(at..at.checked_add(length)?)?)?);
                at += length;
            }
        }
    }
    Some(Datum::List(items))
}

/// TLS with the server, which proves its name.
struct Crypting {
    host: String,
    trusted: Option<String>,
}

impl TlsConnect<Counted<TcpStream>> for Crypting {
    type Stream = Crypted;
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Crypted, Error>> + Send>>;

    fn connect(self, counted: Counted<TcpStream>) -> Self::Future {
        Box::pin(async move {
            let stream = crypt(counted.stream, &self.host, self.trusted.as_deref()).await?;
            Ok(Crypted(Counted { stream, left: counted.left }))
        })
    }
}

/// An encrypted line.
struct Crypted(Counted<tokio_rustls::client::TlsStream<TcpStream>>);

impl TlsStream for Crypted {
    fn channel_binding(&self) -> ChannelBinding {
        ChannelBinding::none()
    }
}

impl AsyncRead for Crypted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, into)
    }
}

impl AsyncWrite for Crypted {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}

/// A line that ends where more comes than is read.
struct Counted<S> {
    stream: S,
    left: usize,
}

impl<S: AsyncRead + Unpin> AsyncRead for Counted<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = into.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, into);
        let came = into.filled().len() - before;
        match self.left.checked_sub(came) {
            Some(left) => self.left = left,
            None => return Poll::Ready(Err(io::ErrorKind::FileTooLarge.into())),
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Counted<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
