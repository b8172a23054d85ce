//! `sqlite`: a database that is a file below the folder of files. What reads can do no more than read, no statement reaches
//! another file, and each is given up where it takes too long.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use dsl::catalog::{Action, Failure, FailureKind, Safety, Trust};
use dsl::types::{Field, Marks, Type};
use dsl::value::Value;
use egress::{Answer, Datum};
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::limits::Limit;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, ErrorCode, OpenFlags, ToSql};

use super::file::Reached;
use crate::Settings;
use crate::code::sql::{ROWS, datum, given};
use crate::params::{Params, short};

/// The longest that a statement takes.
const PATIENCE: Duration = Duration::from_secs(30);

/// How long it is waited for whoever else writes.
const BUSY: Duration = Duration::from_secs(5);

/// The most bytes of an answer.
const MOST: usize = 32 * 1024 * 1024;

/// The longest text or bytes of one cell, in bytes.
const CELL: i32 = 16 * 1024 * 1024;

/// What is done with a database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Task {
    Execute,
    Query,
}

pub(crate) fn query(id: &str) -> Action {
    let about = "Read rows of an SQLite database, a file below the folder of files, which is opened for reading alone.";
    action(id, about, Safety::Read, vec![rows_field(), more_field()])
}

pub(crate) fn execute(id: &str) -> Action {
    let about = "Carry out a statement that changes an SQLite database, as a whole or not at all; a missing file is made.";
    let changed = Field::required("changed", Type::Integer, "How many rows it changed.");
    action(id, about, Safety::Once, vec![rows_field(), more_field(), changed])
}

fn action(id: &str, about: &str, safety: Safety, output: Vec<Field>) -> Action {
    let path = Field::required("path", Type::String, "The database's path below the folder of files.");
    let sql = "One statement. Its text is yours alone: values go into `params`, and `?` marks their places.";
    let params = "What stands for each `?`, in this order.";
    let limit = "Most rows that are given; 1000 where nothing is said.";
    Action {
        id: id.into(),
        about: about.into(),
        safety,
        input: vec![
            path,
            Field::required("sql", Type::String, sql).fixed(Marks::Questions),
            Field::optional("params", Type::List(Box::new(Type::Any)), params),
            Field { min: Some(1.0), max: Some(10_000.0), ..Field::optional("limit", Type::Integer, limit) },
        ],
        output: Type::Object(output),
        trust: Trust::Untrusted,
    }
}

fn rows_field() -> Field {
    Field::required("rows", Type::List(Box::new(Type::AnyObject)), "The rows, by the names of the columns.")
}

fn more_field() -> Field {
    Field::required("more", Type::Boolean, "True if there are more rows than are given.")
}

/// Does it on a thread where waiting for a disk holds nobody up.
pub(crate) async fn call(settings: &Settings, task: Task, params: Params) -> Result<Value, Failure> {
    let reached = Reached::new(settings);
    let work = tokio::task::spawn_blocking(move || {
        let (path, sql) = (params.required_text("path")?, params.required_text("sql")?);
        let file = match task {
            Task::Query => reached.to_read(path)?,
            Task::Execute => reached.to_change(path)?,
        };
        let values = match params.get("params") {
            Some(Value::List(items)) => {
                let items = items.iter().enumerate();
                items
                    .map(|(at, item)| datum(item, &format!("params[{at}]")))
                    .collect::<Result<Vec<_>, _>>()?
            }
            _ => vec![],
        };
        let most = params.count("limit").unwrap_or(ROWS);
        let asked = Asked { task, name: path, file, sql, values, most };
        asked.carry_out(Instant::now() + PATIENCE)
    });
    work.await
        .unwrap_or_else(|_| Err(Failure::new(FailureKind::Server, "the work on a database was cut off")))
}

/// A statement at a database.
struct Asked<'a> {
    task: Task,
    name: &'a str,
    file: PathBuf,
    sql: &'a str,
    values: Vec<Datum>,
    most: usize,
}

impl Asked<'_> {
    fn carry_out(&self, due: Instant) -> Result<Value, Failure> {
        let told = |error| self.told(&error);
        let mut flags = match self.task {
            Task::Query => OpenFlags::SQLITE_OPEN_READ_ONLY,
            Task::Execute => OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE,
        };
        flags |= OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_NOFOLLOW;
        let mut connection = Connection::open_with_flags(&self.file, flags).map_err(told)?;
        connection.busy_timeout(BUSY).map_err(told)?;
        connection.set_limit(Limit::SQLITE_LIMIT_ATTACHED, 0).map_err(told)?;
        connection.set_limit(Limit::SQLITE_LIMIT_LENGTH, CELL).map_err(told)?;
        // What leads to other files, or changes how this one is read: `attach`, `vacuum into`, `pragma`.
        connection
            .authorizer(Some(|asked: AuthContext<'_>| match asked.action {
                AuthAction::Attach { .. } | AuthAction::Detach { .. } | AuthAction::Pragma { .. } => {
                    Authorization::Deny
                }
                AuthAction::Function { function_name }
                    if function_name.eq_ignore_ascii_case("load_extension") =>
                {
                    Authorization::Deny
                }
                _ => Authorization::Allow,
            }))
            .map_err(told)?;
        connection.progress_handler(1000, Some(move || Instant::now() > due)).map_err(told)?;
        let mut statement = connection.prepare(self.sql).map_err(told)?;
        if self.task == Task::Query && !statement.readonly() {
            let message =
                format!("`{}` is opened for reading alone; `sqlite.execute` changes it", short(self.name));
            return Err(Failure::new(FailureKind::Refused, message));
        }
        let (wanted, given_values) = (statement.parameter_count(), self.values.len());
        if wanted != given_values {
            let message = format!("the statement has {wanted} marks, and there are {given_values} values");
            return Err(Failure::new(FailureKind::Invalid, message));
        }
        for (at, value) in self.values.iter().enumerate() {
            statement.raw_bind_parameter(at + 1, Bound(value)).map_err(told)?;
        }
        let columns = statement.column_names().map(str::to_owned).collect();
        let (width, mut size) = (statement.column_count(), 0);
        let mut answer = Answer { columns, ..Answer::default() };
        let before = connection.total_changes();
        let mut rows = statement.raw_query();
        while let Some(row) = rows.next().map_err(told)? {
            if answer.rows.len() == self.most {
                answer.more = true;
                if self.task == Task::Query {
                    break;
                }
                continue;
            }
            let mut cells = Vec::with_capacity(width);
            for at in 0..width {
                let cell = read(row.get_ref(at).map_err(told)?);
                size += cell.size();
                cells.push(cell);
            }
            if size > MOST {
                let message = format!("the rows are longer than {MOST} bytes; ask for fewer");
                return Err(Failure::new(FailureKind::Limit, message));
            }
            answer.rows.push(cells);
        }
        drop(rows);
        let changed = connection.total_changes().saturating_sub(before);
        let (rows, more) = given(answer)?;
        let mut entries = vec![("rows", rows), ("more", Value::Bool(more))];
        if self.task == Task::Execute {
            entries.push(("changed", Value::Int(i64::try_from(changed).unwrap_or(i64::MAX))));
        }
        Ok(Value::object(entries))
    }

    /// What went wrong, by the path that the author wrote.
    fn told(&self, error: &rusqlite::Error) -> Failure {
        let name = short(self.name);
        let (code, said) = match error {
            rusqlite::Error::SqliteFailure(code, said) => (code.code, said.clone().unwrap_or_default()),
            rusqlite::Error::SqlInputError { error, msg, .. } => (error.code, msg.clone()),
            rusqlite::Error::MultipleStatement => {
                let message = "`sql` has more than one statement; give each a step of its own";
                return Failure::new(FailureKind::Invalid, message);
            }
            other => (ErrorCode::Unknown, other.to_string()),
        };
        let fail = |kind, what: &str| Failure::new(kind, format!("`{name}`: {what}"));
        match code {
            ErrorCode::OperationInterrupted => fail(
                FailureKind::Timeout,
                &format!("the statement takes longer than {} s", PATIENCE.as_secs()),
            ),
            ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => Failure {
                retryable: true,
                answered: true,
                ..fail(FailureKind::Conflict, "somebody else is writing")
            },
            ErrorCode::CannotOpen => {
                fail(FailureKind::NotFound, "there is no such database, or it is a link")
            }
            ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt => {
                fail(FailureKind::Invalid, "is no SQLite database")
            }
            ErrorCode::ConstraintViolation => fail(FailureKind::Conflict, &short(&said)),
            ErrorCode::DiskFull => fail(FailureKind::Limit, "there is no room left on the disk"),
            ErrorCode::AuthorizationForStatementDenied => {
                fail(FailureKind::Refused, "`attach`, `detach` and `pragma` are not for workflows")
            }
            ErrorCode::ReadOnly => fail(FailureKind::Refused, "it is opened for reading alone"),
            _ => fail(FailureKind::Invalid, &short(&said)),
        }
    }
}

/// A value that goes into a statement.
struct Bound<'a>(&'a Datum);

impl ToSql for Bound<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self.0 {
            Datum::Null => ToSqlOutput::Borrowed(ValueRef::Null),
            Datum::Bool(flag) => ToSqlOutput::from(i64::from(*flag)),
            Datum::Int(number) => ToSqlOutput::from(*number),
            Datum::Float(number) => ToSqlOutput::from(*number),
            Datum::Text(text) | Datum::Json(text) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
            Datum::Bytes(bytes) => ToSqlOutput::Borrowed(ValueRef::Blob(bytes)),
            Datum::Time(time) => ToSqlOutput::from(time.to_string()),
            Datum::List(_) => ToSqlOutput::from(self.0.to_json()),
        })
    }
}

fn read(cell: ValueRef<'_>) -> Datum {
    match cell {
        ValueRef::Null => Datum::Null,
        ValueRef::Integer(number) => Datum::Int(number),
        ValueRef::Real(number) if number.is_finite() => Datum::Float(number),
        ValueRef::Real(number) => Datum::Text(number.to_string()),
        ValueRef::Text(text) => Datum::Text(String::from_utf8_lossy(text).into_owned()),
        ValueRef::Blob(bytes) => Datum::Bytes(bytes.to_vec()),
    }
}
