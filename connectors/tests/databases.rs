//! `postgres` and `mysql`, judged by PostgreSQL and MariaDB themselves: types, rights, limits, what is said of a no, and that the
//! password goes nowhere else.

#![cfg(unix)]
#![allow(clippy::unwrap_used)]

#[path = "support/databases.rs"]
mod databases;

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::{Duration, Instant};

use connectors::connection::{Coming, Connection, Connections};
use connectors::library::Library;
use connectors::manifest::Manifest;
use connectors::{Connectors, Request, Settings};
use databases::{CANARY, Server};
use dsl::catalog::{Failure, FailureKind};
use dsl::value::{File, Object, Value};
use egress::{Client, Policy};
use secret::{NoVault, Open, Refused, Secret};
use serde_json::{Value as Json, json};

struct Opens(&'static str);

impl Open for Opens {
    fn open(&self, name: &str, host: &str) -> Result<Secret, Refused> {
        match host {
            "127.0.0.1" | "localhost" => Ok(Secret::new(self.0.into())),
            _ => Err(Refused::Host { name: name.into(), host: host.into() }),
        }
    }
}

/// An account at a database.
#[derive(Clone)]
struct Account {
    connector: &'static str,
    password: &'static str,
    fields: Vec<(&'static str, Value)>,
    allow_private: bool,
}

impl Connections for Account {
    fn fresh<'a>(&'a self, _: &'a Manifest, _: Option<&'a str>) -> Coming<'a> {
        let fields: Object =
            self.fields.iter().map(|(name, value)| ((*name).into(), value.clone())).collect();
        let connection = Connection {
            made: 0,
            name: "main".into(),
            owner: String::new(),
            auth: "password".into(),
            fields,
            secrets: BTreeMap::from([("password".to_owned(), "main/password".to_owned())]),
            version: 0,
            base: None,
            open: Arc::new(Opens(self.password)),
        };
        Box::pin(std::future::ready(Ok(connection)))
    }

    fn refused<'a>(&'a self, _: &'a Manifest, _: &'a Connection) -> Coming<'a> {
        Box::pin(std::future::ready(Err(Failure::new(FailureKind::Auth, "connect again"))))
    }
}

impl Account {
    /// With TLS, and the authority of these tests.
    fn at(connector: &'static str, port: u16) -> Account {
        let authority = include_str!("../../egress/tests/certificates/root.pem");
        let fields = vec![
            ("host", "127.0.0.1".into()),
            ("port", Value::Int(i64::from(port))),
            ("database", if connector == "postgres" { "postgres" } else { "shop" }.into()),
            ("user", "ada".into()),
            ("certificate", authority.into()),
        ];
        Account { connector, password: CANARY, fields, allow_private: true }
    }

    fn with(mut self, name: &'static str, value: impl Into<Value>) -> Account {
        self.fields.retain(|(known, _)| *known != name);
        self.fields.push((name, value.into()));
        self
    }

    fn without(mut self, name: &str) -> Account {
        self.fields.retain(|(known, _)| *known != name);
        self
    }

    async fn ask(&self, action: &str, args: Value) -> Result<Json, Failure> {
        let policy = Policy { allow_private: self.allow_private, ..Policy::default() };
        let connectors = Connectors::new(Settings {
            files: "/nowhere".into(),
            protected: vec![],
            contents: connectors::contents::Contents::none(),
            egress: Client::new(policy, Arc::new(NoVault)),
            library: Arc::new(Library::embedded()),
            connections: Arc::new(self.clone()),
            meter: connectors::meter::Metered::default(),
        });
        let id = format!("{}.{action}", self.connector);
        let done = connectors.call(Request::new(&id, &args, "key")).await.map(|value| value.to_json());
        let said = format!("{done:?}");
        assert!(!said.contains(CANARY), "the password came back: {said}");
        done
    }

    async fn sql(&self, action: &str, sql: &str, params: Vec<Value>) -> Result<Json, Failure> {
        let with = Value::object([("sql", Value::text(sql)), ("params", Value::list(params))]);
        self.ask(action, with).await
    }

    async fn failure(&self, action: &str, sql: &str) -> Failure {
        self.sql(action, sql, vec![]).await.unwrap_err()
    }
}

/// What is asked of both: with their own marks and names.
async fn as_a_database_should(account: &Account, server: &Server, serial: &str, marks: [&str; 2]) {
    let [first, second] = marks;
    let made = format!(
        "create table orders (id {serial} primary key, customer varchar(80) unique, total decimal(10,2))"
    );
    account.sql("execute", &made, vec![]).await.unwrap();

    // A value is no statement, whatever it says.
    let evil = "O'Hara'; drop table orders; --";
    let sql = format!("insert into orders (customer, total) values ({first}, {second})");
    let got = account.sql("execute", &sql, vec![evil.into(), Value::Number(12.5)]).await.unwrap();
    assert_eq!(got, json!({ "rows": [], "more": false, "changed": 1 }));
    account.sql("execute", &sql, vec!["Ünal".into(), Value::Int(7)]).await.unwrap();
    let sql = format!(
        "select customer, total from orders where customer = {first} or total < {second} order by id"
    );
    let got = account.sql("query", &sql, vec![evil.into(), Value::Int(8)]).await.unwrap();
    let wanted = json!([{ "customer": evil, "total": 12.5 }, { "customer": "Ünal", "total": 7.0 }]);
    assert_eq!(got, json!({ "rows": wanted, "more": false }));

    // Fewer rows than there are.
    let with = Value::from_json(json!({ "sql": "select id from orders order by id", "limit": 1 }));
    let got = account.ask("query", with).await.unwrap();
    assert_eq!((got["rows"].as_array().unwrap().len(), &got["more"]), (1, &json!(true)));

    // What reads can do no more than read, and the same statement is carried out where it may be.
    for sql in ["delete from orders", "create table more (a integer)", "update orders set total = 0"] {
        let failure = account.failure("query", sql).await;
        assert_eq!(failure.kind, FailureKind::Refused, "{sql}: {failure}");
    }
    assert_eq!(account.sql("execute", "update orders set total = 1", vec![]).await.unwrap()["changed"], 2);

    // One statement, and no more.
    let two = account.failure("execute", "delete from orders; drop table orders").await;
    assert_eq!(two.kind, FailureKind::Invalid, "{two}");
    for ending in ["commit", "rollback"] {
        let both = account.failure("query", &format!("{ending}; delete from orders")).await;
        assert_eq!(both.kind, FailureKind::Invalid, "{both}");
    }
    let left = account.sql("query", "select count(*) as n from orders", vec![]).await.unwrap();
    assert_eq!(left["rows"][0]["n"], 2);

    // What it says no to.
    let twice = format!("insert into orders (customer) values ({first})");
    let failure = account.sql("execute", &twice, vec!["Ünal".into()]).await.unwrap_err();
    assert!(failure.kind == FailureKind::Conflict && failure.answered && !failure.retryable, "{failure}");
    for (sql, kind) in [
        ("selct 1", FailureKind::Invalid),
        ("select * from nothing_here", FailureKind::NotFound),
        ("select nothing_here from orders", FailureKind::Invalid),
    ] {
        let failure = account.failure("query", sql).await;
        assert!(failure.kind == kind && failure.answered, "{sql}: {failure:?}");
    }
    let marks = account.failure("query", &format!("select 1 from orders where id = {first}")).await;
    assert!(
        marks.to_string().contains("the statement has 1 marks, and there are 0 values (invalid)"),
        "{marks}"
    );

    // Who signs in.
    let wrong = Account { password: "wrong-0123456789", ..account.clone() };
    let failure = wrong.failure("query", "select 1").await;
    assert!(failure.kind == FailureKind::Auth && failure.answered, "{failure:?}");
    let nowhere = account.clone().with("database", "nowhere").failure("query", "select 1").await;
    assert!(matches!(nowhere.kind, FailureKind::NotFound | FailureKind::Permission), "{nowhere}");
    let version = account.ask("check", Value::Null).await.unwrap();
    assert!(version["version"].as_str().is_some_and(|version| version.contains('.')), "{version}");

    // Whom it may be told: encrypted to who proves the name, open on this machine alone, and not at all where that is private.
    let stranger = account.clone().without("certificate").failure("execute", "delete from orders").await;
    assert!(stranger.kind == FailureKind::Network && stranger.answered, "{stranger:?}");
    assert!(stranger.message.contains("no encryption"), "{stranger}");
    let other =
        account.clone().with("certificate", "-----BEGIN NOTHING-----").failure("query", "select 1").await;
    assert_eq!(other.kind, FailureKind::Invalid, "{other}");
    let open = account.clone().with("tls", "off");
    assert_eq!(open.sql("query", "select 1 as one", vec![]).await.unwrap()["rows"][0]["one"], 1);
    let private = Account { allow_private: false, ..account.clone() };
    let failure = private.failure("execute", "delete from orders").await;
    assert!(failure.kind == FailureKind::Refused && failure.message.contains("private"), "{failure}");

    // A port where nobody is: surely nothing happened.
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let gone = account
        .clone()
        .with("port", Value::Int(i64::from(nobody)))
        .failure("execute", "delete from orders")
        .await;
    assert!(gone.kind == FailureKind::Network && gone.answered && gone.retryable, "{gone:?}");
    assert!(!server.log().contains(CANARY), "the password is in the server's log");
}

#[tokio::test]
async fn postgres_as_it_is() {
    let Some(server) = databases::postgres() else { return };
    let account = Account::at("postgres", server.port);
    as_a_database_should(&account, &server, "serial", ["$1", "$2"]).await;

    let sql = "select true as b, 1::int2 as i2, 2::int4 as i4, 9223372036854775807 as i8, 0.1::float4 as f4, \
        1e300::float8 as f8, 12.50::numeric as n, -0.001::numeric as small, 10000::numeric as round, \
        12345678901234567890.5::numeric as long, 'NaN'::numeric as nan, 'x'::char(3) as c, 'text' as t, \
        '{\"a\": [1, null]}'::jsonb as j, '\\x00ff'::bytea as bytes, \
        '2026-05-03T09:30:00.25+02'::timestamptz as tz, '2026-05-03 09:30'::timestamp as ts, \
        '1969-12-31'::date as d, '0044-03-15 BC'::date as old, '09:30:01.5'::time as t2, \
        'infinity'::timestamptz as never, interval '1 month 2 days 3.5 seconds' as iv, \
        'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid as id, array[1, null, 3] as list, array[]::text[] as none, \
        null as nothing";
    let row = account.sql("query", sql, vec![]).await.unwrap()["rows"][0].clone();
    let wanted = json!({
        "b": true, "i2": 1, "i4": 2, "i8": i64::MAX, "f4": 0.1, "f8": 1e300, "n": 12.5, "small": -0.001,
        "round": 10000, "long": "12345678901234567890.5", "nan": "NaN", "c": "x  ", "t": "text",
        "j": { "a": [1, null] }, "bytes": row["bytes"], "tz": "2026-05-03T07:30:00.25Z",
        "ts": "2026-05-03T09:30:00", "d": "1969-12-31", "old": "-000043-03-15", "t2": "09:30:01.5",
        "never": "infinity", "iv": "P1M2DT3.5S", "id": "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
        "list": [1, null, 3], "none": [], "nothing": null,
    });
    assert_eq!(row, wanted);
    assert_eq!(row["bytes"]["base64"], "AP8=");
    let unread = account.failure("query", "select '(1,2)'::point as p").await;
    assert!(unread.message.contains("the column `p` is of the type `point`"), "{unread}");

    // Values find their types by the marks.
    let time = Value::Time("2026-05-03T07:30:00Z".parse().unwrap());
    let values = vec![
        Value::Bool(true),
        Value::Int(7),
        Value::Number(1.5),
        time,
        Value::from_json(json!({ "a": "ü\"" })),
        Value::File(Arc::new(File::new([0, 255], "a/b"))),
        Value::list(vec!["a\"b\\".into(), Value::Null]),
        Value::Null,
    ];
    let sql = "select $1::bool as b, $2::int2 as i, $3::numeric as n, $4::timestamptz as t, $5::jsonb as j, \
        $6::bytea as f, $7::text[] as l, $8::date as d";
    let row = account.sql("query", sql, values).await.unwrap()["rows"][0].clone();
    let wanted = json!({
        "b": true, "i": 7, "n": 1.5, "t": "2026-05-03T07:30:00Z", "j": { "a": "ü\"" }, "f": row["f"],
        "l": ["a\"b\\", null], "d": null,
    });
    assert_eq!((&row, &row["f"]["base64"]), (&wanted, &json!("AP8=")));
    let any = account.sql(
        "query",
        "select 2 = any($1::int[]) as found",
        vec![Value::list(vec![Value::Int(1), Value::Int(2)])],
    );
    assert_eq!(any.await.unwrap()["rows"][0]["found"], true);
    let unfit = account.sql("query", "select $1::int as i", vec!["seven".into()]).await.unwrap_err();
    assert!(unfit.kind == FailureKind::Invalid && unfit.message.contains("seven"), "{unfit}");

    // A statement that would take for ever, and rows that are too many to hold.
    let long = "select repeat('x', 1000000) as x from generate_series(1, 60)";
    let failure = account.failure("query", long).await;
    assert_eq!(failure.kind, FailureKind::Limit, "{failure}");
    let returning =
        account.sql("execute", "insert into orders (customer) values ('c') returning id, customer", vec![]);
    assert_eq!(returning.await.unwrap()["rows"][0]["customer"], "c");
}

#[tokio::test]
async fn mysql_as_it_is() {
    let Some(server) = databases::mariadb() else { return };
    let account = Account::at("mysql", server.port);
    as_a_database_should(&account, &server, "integer auto_increment", ["?", "?"]).await;

    let made = "create table kinds (i8 bigint, u8 bigint unsigned, f4 float, n decimal(30,10), t text, b blob, \
        d date, dt datetime(2), ts timestamp(6) null, tm time, j json, bits bit(8), flag boolean)";
    account.sql("execute", made, vec![]).await.unwrap();
    let time = Value::Time("2026-05-03T07:30:00.25Z".parse().unwrap());
    let values = vec![
        Value::Int(i64::MAX),
        "18446744073709551615".into(),
        Value::Number(0.1),
        "12.5".into(),
        "ü".into(),
        Value::File(Arc::new(File::new([0, 255], "a/b"))),
        "2026-05-03".into(),
        "2026-05-03 09:30:00.25".into(),
        time,
        "-26:00:01".into(),
        Value::from_json(json!({ "a": [1] })),
        Value::Int(5),
        Value::Bool(true),
    ];
    let sql = format!("insert into kinds values ({})", vec!["?"; values.len()].join(", "));
    account.sql("execute", &sql, values).await.unwrap();
    let row = account.sql("query", "select * from kinds", vec![]).await.unwrap()["rows"][0].clone();
    let wanted = json!({
        "i8": i64::MAX, "u8": "18446744073709551615", "f4": 0.1, "n": 12.5, "t": "ü", "b": row["b"],
        "d": "2026-05-03", "dt": "2026-05-03T09:30:00.25", "ts": "2026-05-03T07:30:00.25Z", "tm": "-26:00:01",
        "j": row["j"], "bits": row["bits"], "flag": 1,
    });
    assert_eq!((&row, &row["b"]["base64"]), (&wanted, &json!("AP8=")));
    // A file of this machine is not handed to a server that asks for it.
    let failure = account.failure("execute", "load data local infile '/etc/passwd' into table orders").await;
    assert!(
        matches!(failure.kind, FailureKind::Invalid | FailureKind::InDoubt | FailureKind::Network),
        "{failure:?}"
    );
    let left = account.sql("query", "select count(*) as n from orders", vec![]).await.unwrap();
    assert_eq!(left["rows"][0]["n"], 2);
}

/// A server that hangs up, or says nothing, once it was spoken to.
#[tokio::test]
async fn what_breaks_off_before_the_statement_was_surely_not_carried_out() {
    for connector in ["postgres", "mysql"] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let accepting = std::thread::spawn(move || {
            // The second connection is that of a client which connects by itself.
            for _ in 0..2 {
                if let Ok((stream, _)) = listener.accept() {
                    drop(stream);
                }
            }
        });
        let began = Instant::now();
        let account = Account::at(connector, port).with("tls", "off");
        let failure = account.failure("execute", "delete from orders").await;
        assert!(failure.answered && failure.retryable, "{connector}: {failure:?}");
        assert!(began.elapsed() < Duration::from_secs(20));
        let _ = std::net::TcpStream::connect(("127.0.0.1", port));
        accepting.join().unwrap();
    }
}
