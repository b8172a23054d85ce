//! `sheet`: files that were made by the libraries of others are read, and hostile ones are given up. `sheets/make.py` makes them. What is
//! written is read by the reader here, and by that of others: openpyxl.

#![allow(clippy::unwrap_used)]

#[path = "support/local.rs"]
mod local;

use std::path::Path;
use std::time::{Duration, Instant};

use dsl::catalog::{Failure, FailureKind};
use dsl::value::{File, UNKNOWN, Value};
use local::call_in;
use serde_json::{Value as Json, json};

async fn read(bytes: Vec<u8>, with: Json) -> Result<Json, Failure> {
    let Value::Object(entries) = Value::from_json(with) else { panic!("an object") };
    let mut entries = (*entries).clone();
    entries.insert("file".into(), Value::File(File::new(bytes, UNKNOWN).into()));
    call_in(Path::new("/nowhere"), "sheet.read", Value::Object(entries.into())).await
}

async fn of(name: &str, with: Json) -> Result<Json, Failure> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sheets").join(name);
    read(std::fs::read(path).unwrap(), with).await
}

#[tokio::test]
async fn a_file_of_excel_is_read_with_its_types() {
    let got = of("orders.xlsx", json!({ "skip": 2 })).await.unwrap();
    let wanted = json!({
        "sheet": "Orders",
        "sheets": ["Orders", "Notes"],
        "columns": ["id", "customer", "total", "paid", "on", "at", "took", "column 8", "id 2"],
        "rows": [
            { "id": 1, "customer": "Ada", "total": 12.5, "paid": true, "on": "2026-05-03",
              "at": "2026-05-03T09:30:00", "took": "1d6h", "column 8": "x", "id 2": "A" },
            { "id": 2, "customer": "O'Hara", "total": 7, "paid": false, "on": null,
              "at": null, "took": null, "column 8": null, "id 2": "B" },
            { "id": 3, "customer": "Ünal", "total": null, "paid": null, "on": null,
              "at": null, "took": null, "column 8": null, "id 2": null },
        ],
        "more": false,
    });
    assert_eq!(got, wanted);
    let two = of("orders.xlsx", json!({ "skip": 2, "limit": 1 })).await.unwrap();
    assert_eq!((two["rows"].as_array().unwrap().len(), &two["more"]), (1, &json!(true)));
    let notes = of("orders.xlsx", json!({ "sheet": "Notes", "header": false })).await.unwrap();
    assert_eq!(
        notes["rows"],
        json!([{ "column 1": "a", "column 2": "b" }, { "column 1": "one", "column 2": "two" }])
    );
    let none = of("orders.xlsx", json!({ "sheet": "Note" })).await.unwrap_err();
    assert_eq!(none.to_string(), "there is no sheet `Note`; there are `Orders`, `Notes` (not_found)");
}

#[tokio::test]
async fn a_file_of_libreoffice_is_read_up_to_its_last_cell() {
    let got = of("orders.ods", json!({})).await.unwrap();
    assert_eq!(got["columns"], json!(["id", "customer", "total", "on"]));
    assert_eq!(got["rows"], json!([{ "id": 1, "customer": "Ada", "total": 12.5, "on": "2026-05-03" }]));
    assert_eq!((&got["sheet"], &got["more"]), (&json!("Orders"), &json!(false)));
}

#[tokio::test]
async fn a_csv_is_read_whoever_wrote_it() {
    let rows = async |bytes: &[u8]| read(bytes.to_vec(), json!({})).await.unwrap();
    let wanted = json!([{ "name": "Müller", "price": "1,5" }]);
    for bytes in [
        "name,price\nMüller,\"1,5\"\n".as_bytes(),
        "\u{feff}name;price\r\nMüller;1,5\r\n".as_bytes(),
        b"name;price\nM\xfcller;1,5\n",
        "name\tprice\nMüller\t1,5".as_bytes(),
    ] {
        let got = rows(bytes).await;
        assert_eq!(got["rows"], wanted, "{bytes:?}");
        assert_eq!((&got["sheet"], &got["sheets"]), (&json!(null), &json!([])));
    }
    assert_eq!(rows(b"").await["rows"], json!([]));
    assert_eq!(
        rows(b"a,b\n1\n\n1,2,3\n").await["rows"],
        json!([
            { "a": "1", "b": null, "column 3": null },
            { "a": "1", "b": "2", "column 3": "3" },
        ])
    );
}

#[tokio::test]
async fn what_is_no_sheet_is_said_to_be_none() {
    let told = async |bytes: &[u8]| read(bytes.to_vec(), json!({})).await.unwrap_err().to_string();
    let old = told(&[0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1]).await;
    assert!(old.contains("save it as `.xlsx`") && old.ends_with("(invalid)"), "{old}");
    assert!(told(b"PK\x03\x04 and no archive").await.contains("a damaged archive"));
    assert!(told(b"\x00\x01\x02\x03").await.contains("neither `.xlsx` nor `.ods` nor a CSV"));
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sheets/orders.xlsx");
    let whole = std::fs::read(path).unwrap();
    for cut in [100, whole.len() / 2, whole.len() - 1] {
        let failure = read(whole[..cut].to_vec(), json!({})).await.unwrap_err();
        assert_eq!(failure.kind, FailureKind::Invalid, "{failure}");
    }
}

#[tokio::test]
async fn a_cell_far_away_and_one_that_stands_very_often_make_no_room() {
    let began = Instant::now();
    let far = of("far.xlsx", json!({ "header": false })).await.unwrap();
    assert_eq!(far["rows"].as_array().unwrap().len(), 2);
    assert_eq!(far["rows"][1]["column 16384"], "z");
    let spread = of("spread.ods", json!({})).await.unwrap_err();
    assert_eq!(spread.to_string(), "a sheet spreads over more than 2000000 cells (limit)");
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
}

#[tokio::test]
async fn an_archive_that_becomes_too_large_is_given_up() {
    let mut bytes = vec![];
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(&mut bytes));
    let options =
        zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated);
    archive.start_file("xl/workbook.xml", options).unwrap();
    let piece = vec![b' '; 1024 * 1024];
    for _ in 0..257 {
        std::io::Write::write_all(&mut archive, &piece).unwrap();
    }
    archive.finish().unwrap();
    assert!(bytes.len() < 1024 * 1024, "{}", bytes.len());
    let failure = read(bytes, json!({})).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Limit, "{failure}");
    let long = read(vec![b'a'; 20 * 1024 * 1024 + 1], json!({})).await.unwrap_err();
    assert_eq!(long.kind, FailureKind::Limit, "{long}");
}

async fn written(with: Json) -> Result<Vec<u8>, Failure> {
    let connectors = local::connectors(Path::new("/nowhere"));
    let args = Value::from_json(with);
    match connectors.call(connectors::Request::new("sheet.write", &args, "key")).await? {
        Value::File(file) => match &file.content {
            dsl::value::Content::Here(bytes) => Ok(bytes.to_vec()),
            dsl::value::Content::Kept(..) => panic!("it is short"),
        },
        other => panic!("a file, not {other:?}"),
    }
}

/// Rows of every type, with texts that would be formulas.
fn rows() -> Json {
    json!([
        { "id": 1, "name": "=1+1", "total": 12.5, "paid": true, "on": "2026-05-03", "at": "2026-05-03T09:30:00" },
        { "id": 2, "name": "@SUM(A1)", "paid": false, "note": { "a": [1] }, "total": -7 },
        { "id": 9_007_199_254_740_993_i64, "name": "+cmd|' /C calc'!A0", "on": "2026-02-30" },
    ])
}

#[tokio::test]
async fn what_is_written_for_excel_is_read_back_with_its_types() {
    let bytes = written(json!({ "rows": rows(), "sheet": "Orders" })).await.unwrap();
    let got = read(bytes.clone(), json!({})).await.unwrap();
    assert_eq!(got["columns"], json!(["id", "name", "total", "paid", "on", "at", "note"]));
    let wanted = json!([
        { "id": 1, "name": "=1+1", "total": 12.5, "paid": true, "on": "2026-05-03", "at": "2026-05-03T09:30:00", "note": null },
        { "id": 2, "name": "@SUM(A1)", "total": -7, "paid": false, "on": null, "at": null, "note": "{\"a\":[1]}" },
        { "id": "9007199254740993", "name": "+cmd|' /C calc'!A0", "total": null, "paid": null, "on": "2026-02-30",
          "at": null, "note": null },
    ]);
    assert_eq!((&got["rows"], &got["sheet"]), (&wanted, &json!("Orders")));
    // The same rows make the same bytes.
    assert_eq!(written(json!({ "rows": rows(), "sheet": "Orders" })).await.unwrap(), bytes);
}

/// Whether an archive of Excel has a formula in it.
fn has_formula(bytes: &[u8]) -> bool {
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(bytes)).unwrap();
    let mut sheet = String::new();
    std::io::Read::read_to_string(&mut archive.by_name("xl/worksheets/sheet1.xml").unwrap(), &mut sheet)
        .unwrap();
    sheet.contains("<f>") || sheet.contains("<f ")
}

#[tokio::test]
async fn a_text_is_never_a_formula() {
    assert!(!has_formula(&written(json!({ "rows": rows() })).await.unwrap()));
    // The control: the file of openpyxl has one, and is found.
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sheets/orders.xlsx");
    assert!(has_formula(&std::fs::read(path).unwrap()));
    let csv = String::from_utf8(written(json!({ "rows": rows(), "as": "csv" })).await.unwrap()).unwrap();
    let lines: Vec<&str> = csv.lines().collect();
    assert_eq!(lines[0], "id,name,total,paid,on,at,note");
    assert_eq!(lines[1], "1,'=1+1,12.5,true,2026-05-03,2026-05-03T09:30:00,");
    assert!(lines[2].starts_with("2,'@SUM(A1),-7,false,,,"), "{}", lines[2]);
    assert!(lines[3].contains("'+cmd"), "{}", lines[3]);
}

#[tokio::test]
async fn columns_heads_and_lists_are_as_they_are_asked_for() {
    let csv = async |with: Json| {
        let Json::Object(mut with) = with else { panic!("an object") };
        with.insert("as".into(), json!("csv"));
        written(with.into()).await.map(|bytes| String::from_utf8(bytes).unwrap())
    };
    let rows = json!([{ "a": 1, "b": "x;y" }, { "b": 2, "c": null }]);
    assert_eq!(csv(json!({ "rows": rows, "columns": ["b", "a"] })).await.unwrap(), "b,a\nx;y,1\n2,\n");
    let plain = json!({ "rows": rows, "header": false, "separator": "semicolon" });
    assert_eq!(csv(plain).await.unwrap(), "1;\"x;y\";\n;2;\n");
    assert_eq!(csv(json!({ "rows": [[1, "a"], [2]] })).await.unwrap(), "1,a\n2\n");
    assert_eq!(csv(json!({ "rows": [] })).await.unwrap(), "");
    for (with, kind) in [
        (json!({ "rows": [1] }), FailureKind::Type),
        (json!({ "rows": [[1]], "columns": ["a", "a"] }), FailureKind::Invalid),
        (json!({ "rows": [vec![0; 1001]] }), FailureKind::Limit),
        (json!({ "rows": vec![vec![0; 1]; 100_001] }), FailureKind::Limit),
        (json!({ "rows": vec![vec![0; 1000]; 1001] }), FailureKind::Limit),
    ] {
        assert_eq!(csv(with).await.unwrap_err().kind, kind);
    }
    let long = written(json!({ "rows": [["x".repeat(32_768)]] })).await.unwrap_err();
    assert_eq!(long.kind, FailureKind::Limit, "{long}");
    let name = written(json!({ "rows": [[1]], "sheet": "a/b" })).await.unwrap_err();
    assert_eq!(name.kind, FailureKind::Invalid, "{name}");
}

#[tokio::test]
async fn another_library_reads_what_is_written() {
    let doubles = std::env::var("KEYWAY_DOUBLES").unwrap_or_default();
    let python = Path::new(&doubles).join("py/bin/python");
    let has = std::process::Command::new(&python).args(["-c", "import openpyxl"]).output();
    if !has.is_ok_and(|output| output.status.success()) {
        assert!(std::env::var("CI").is_err(), "openpyxl is not there: .ci/run installs it");
        eprintln!("SKIPPED: openpyxl is not there");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sheet.xlsx");
    std::fs::write(&path, written(json!({ "rows": rows() })).await.unwrap()).unwrap();
    let script = "import sys, openpyxl\nsheet = openpyxl.load_workbook(sys.argv[1]).active\n\
        for row in sheet.iter_rows(max_row=2):\n    print([(cell.data_type, str(cell.value)) for cell in row])";
    let output = std::process::Command::new(&python).args(["-c", script]).arg(&path).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let wanted = "[('n', '1'), ('s', '=1+1'), ('n', '12.5'), ('b', 'True'), ('d', '2026-05-03 00:00:00'), \
        ('d', '2026-05-03 09:30:00'), ('n', 'None')]";
    assert_eq!(said.lines().nth(1), Some(wanted), "{said}{}", String::from_utf8_lossy(&output.stderr));
}
