//! `pdf.text`: files that were made by the programs of others are read, and damaged and hostile ones are given up. `pdfs/make.py` makes
//! them.

#![allow(clippy::unwrap_used)]

#[path = "support/local.rs"]
mod local;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use dsl::catalog::{Failure, FailureKind};
use dsl::value::{File, Value};
use local::call_in;
use serde_json::{Value as Json, json};

/// The files that are read, each by another program.
const READ: [&str; 3] = ["invoice.pdf", "letter.pdf", "report.pdf"];

/// How long a damaged file may take; a whole one takes a hundredth of it.
const PATIENCE: Duration = Duration::from_secs(30);

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/pdfs").join(name)
}

async fn read(bytes: Vec<u8>, with: Json) -> Result<Json, Failure> {
    let Value::Object(entries) = Value::from_json(with) else { panic!("an object") };
    let mut entries = (*entries).clone();
    entries.insert("file".into(), Value::File(File::new(bytes, "application/pdf").into()));
    call_in(Path::new("/nowhere"), "pdf.text", Value::Object(entries.into())).await
}

async fn of(name: &str) -> Result<Json, Failure> {
    read(std::fs::read(path(name)).unwrap(), json!({})).await
}

#[tokio::test]
async fn a_file_of_reportlab_is_read_with_its_columns() {
    let got = of("invoice.pdf").await.unwrap();
    let first = "Invoice 2026-117\nLampen Müller & Söhne, 12 €\nArticle\tCount\tPrice\nLamp\t2\t49.90\nBulb (E27)\t10\t3.50\nTotal 134.80";
    let wanted =
        json!({ "pages": [first, "Pay within 14 days.\nTurned to the side"], "count": 2, "more": false });
    assert_eq!(got, wanted);
    let bytes = std::fs::read(path("invoice.pdf")).unwrap();
    let second = read(bytes.clone(), json!({ "skip": 1 })).await.unwrap();
    assert_eq!(
        second,
        json!({ "pages": ["Pay within 14 days.\nTurned to the side"], "count": 2, "more": false })
    );
    let one = read(bytes.clone(), json!({ "limit": 1 })).await.unwrap();
    assert_eq!((&one["pages"], &one["more"]), (&json!([first]), &json!(true)));
    let none = read(bytes, json!({ "skip": 2 })).await.unwrap();
    assert_eq!(none, json!({ "pages": [], "count": 2, "more": false }));
}

#[tokio::test]
async fn files_of_fpdf_and_of_chromium_are_read() {
    let letter = of("letter.pdf").await.unwrap();
    let lines = "Dear Ada, thank you for the order of the third\nof May. It leaves us on Monday.";
    assert_eq!(letter["pages"], json!([lines]));
    let report = of("report.pdf").await.unwrap();
    let text = report["pages"][0].as_str().unwrap();
    for wanted in [
        "Quarterly report",
        "Office of Ünal: efficient, 98 %.",
        "Αθήνα, Москва",
        // Two columns of one line each are a line of a table as well.
        "The left column ends here.\tThe right column begins.",
    ] {
        assert!(text.contains(wanted), "{wanted:?} in {text:?}");
    }
    let rows: Vec<&str> =
        text.lines().filter(|line| line.starts_with("North") || line.starts_with("South")).collect();
    let cells: Vec<Vec<&str>> = rows.iter().map(|row| row.split_whitespace().collect()).collect();
    assert_eq!(cells, [["North", "1,200"], ["South", "950"]]);
    assert_eq!((&report["pages"][1], &report["count"]), (&json!("Second page\nThe end."), &json!(2)));
}

#[tokio::test]
async fn what_cannot_be_read_is_said_with_what_to_do() {
    let told = async |bytes: Vec<u8>| read(bytes, json!({})).await.unwrap_err();
    for (name, hint) in [
        ("locked.pdf", "save a copy without protection"),
        ("owned.pdf", "save a copy without protection"),
        ("scan.pdf", "have a service recognise the text"),
    ] {
        let failure = of(name).await.unwrap_err();
        assert_eq!(failure.kind, FailureKind::Invalid, "{name}: {failure}");
        assert!(failure.message.contains(hint), "{name}: {failure}");
    }
    assert_eq!(told(b"hello".to_vec()).await.message, "the file is no PDF");
    assert_eq!(told(vec![]).await.message, "the file is no PDF");
    let long = told(vec![b' '; 20 * 1024 * 1024 + 1]).await;
    assert_eq!(long.kind, FailureKind::Limit, "{long}");
}

/// A generator of numbers that gives the same ones each time.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, most: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % most.max(1)
    }
}

/// What a mutation puts in: words that steer a reader.
const WORDS: [&[u8]; 10] = [
    b"endobj",
    b"stream\n",
    b"<<",
    b"[",
    b"99999999999",
    b"-1",
    b"/Kids",
    b"/Length 9999999",
    b"1 0 R",
    b"startxref\n0\n%%EOF",
];

fn mutated(whole: &[u8], numbers: &mut Numbers) -> Vec<u8> {
    let mut bytes = whole.to_vec();
    for _ in 0..=numbers.below(8) {
        let at = numbers.below(bytes.len());
        match numbers.below(5) {
            0 => bytes[at] ^= 1 << numbers.below(8),
            1 => bytes[at] = numbers.below(256) as u8,
            2 => drop(bytes.splice(at..at, WORDS[numbers.below(WORDS.len())].iter().copied())),
            3 => drop(bytes.drain(at..(at + 1 + numbers.below(40)).min(bytes.len()))),
            _ => {
                let from = numbers.below(bytes.len());
                let piece = bytes[from..(from + 60).min(bytes.len())].to_vec();
                drop(bytes.splice(at..at, piece));
            }
        }
        if bytes.is_empty() {
            break;
        }
    }
    bytes
}

/// 300 mutations and 90 beginnings of whole files: each is read or given up as `invalid` or `limit`, in time.
#[tokio::test]
async fn damaged_files_end_their_step_and_nothing_else() {
    let mut numbers = Numbers(7);
    let (mut read_all, mut given_up, mut slowest) = (0, 0, Duration::ZERO);
    for name in READ {
        let whole = std::fs::read(path(name)).unwrap();
        let cuts = (0..30).map(|part| whole[..whole.len() * part / 30].to_vec());
        let mutations: Vec<Vec<u8>> = (0..100).map(|_| mutated(&whole, &mut numbers)).collect();
        for bytes in cuts.chain(mutations) {
            let began = Instant::now();
            match read(bytes, json!({})).await {
                Ok(_) => read_all += 1,
                Err(failure) => {
                    assert!(
                        matches!(failure.kind, FailureKind::Invalid | FailureKind::Limit),
                        "{name}: {failure}"
                    );
                    given_up += 1;
                }
            }
            slowest = slowest.max(began.elapsed());
        }
    }
    assert_eq!(read_all + given_up, 390);
    // The control: mutations that change nothing, or that nothing survives, would prove nothing.
    assert!(read_all > 50 && given_up > 50, "{read_all} were read, {given_up} given up");
    assert!(slowest < PATIENCE, "{slowest:?}");
}

/// A file of these parts, with a table of where they are.
fn built(parts: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = b"%PDF-1.7\n".to_vec();
    let mut places = vec![];
    for (at, part) in parts.iter().enumerate() {
        places.push(bytes.len());
        bytes.extend_from_slice(format!("{} 0 obj\n", at + 1).as_bytes());
        bytes.extend_from_slice(part);
        bytes.extend_from_slice(b"\nendobj\n");
    }
    let table = bytes.len();
    bytes.extend_from_slice(format!("xref\n0 {}\n0000000000 65535 f \n", parts.len() + 1).as_bytes());
    for place in places {
        bytes.extend_from_slice(format!("{place:010} 00000 n \n").as_bytes());
    }
    let end = format!("trailer\n<</Size {}/Root 1 0 R>>\nstartxref\n{table}\n%%EOF", parts.len() + 1);
    bytes.extend_from_slice(end.as_bytes());
    bytes
}

fn stream(dict: &str, content: &[u8]) -> Vec<u8> {
    [format!("<<{dict}/Length {}>>stream\n", content.len()).as_bytes(), content, b"\nendstream"].concat()
}

/// A file of one page with this content and these further parts from the sixth on.
fn page(content: Vec<u8>, more: &[Vec<u8>]) -> Vec<u8> {
    let mut parts = vec![
        b"<</Type/Catalog/Pages 2 0 R>>".to_vec(),
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>".to_vec(),
        b"<</Type/Page/Parent 2 0 R/Contents 4 0 R/Resources<</Font<</F 5 0 R>>/XObject<</X 6 0 R>>>>>>"
            .to_vec(),
        content,
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding/ToUnicode 7 0 R>>".to_vec(),
    ];
    parts.extend_from_slice(more);
    built(&parts)
}

fn squeezed(bytes: &[u8]) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(vec![]));
    let options =
        zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated);
    archive.start_file("x", options).unwrap();
    std::io::Write::write_all(&mut archive, bytes).unwrap();
    let archive = archive.finish().unwrap().into_inner();
    // The content of an archive's only part, as zlib has it; nothing looks at the sum at its end.
    let begin = 30 + 1 + usize::from(archive[28]) + usize::from(archive[29]) * 256;
    let end = archive.windows(4).rposition(|window| window == b"PK\x01\x02").unwrap();
    [&[0x78, 0x9C], &archive[begin..end]].concat()
}

#[tokio::test]
async fn a_page_that_is_built_by_hand_is_read() {
    let content =
        stream("", b"BT /F 12 Tf 10 700 Td (Hello) Tj 0 -20 Td [(Wor) -20 (ld) -400 (again)] TJ ET");
    let got = read(page(content, &[]), json!({})).await.unwrap();
    assert_eq!(got["pages"], json!(["Hello\nWorld again"]));
    // Squeezed: the control of the files below.
    let content = stream("/Filter/FlateDecode", &squeezed(b"BT /F 12 Tf 10 700 Td (Hello) Tj ET"));
    assert_eq!(read(page(content, &[]), json!({})).await.unwrap()["pages"], json!(["Hello"]));
}

/// As programs of today write: the parts are within a compressed part.
#[tokio::test]
async fn parts_within_a_part_are_found() {
    let parts = [
        "<</Type/Catalog/Pages 11 0 R>>",
        "<</Type/Pages/Kids[12 0 R]/Count 1>>",
        "<</Type/Page/Parent 11 0 R/Contents 3 0 R/Resources<</Font<</F 13 0 R>>>>>>",
        "<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>",
    ];
    let (mut index, mut content) = (String::new(), String::new());
    for (at, part) in parts.iter().enumerate() {
        index += &format!("{} {} ", 10 + at, content.len());
        content = content + part + " ";
    }
    let dict = format!("/Type/ObjStm/N 4/First {}/Filter/FlateDecode", index.len());
    let within = stream(&dict, &squeezed((index + &content).as_bytes()));
    let text = stream("", b"BT /F 12 Tf 10 700 Td (Within) Tj ET");
    let bytes = built(&[b"null".to_vec(), within, text]);
    let at = bytes.windows(11).rposition(|window| window == b"/Root 1 0 R").unwrap();
    let bytes = [&bytes[..at], b"/Root 10 0 R", &bytes[at + 11..]].concat();
    assert_eq!(read(bytes, json!({})).await.unwrap()["pages"], json!(["Within"]));
}

#[tokio::test]
async fn a_file_that_becomes_too_large_is_given_up() {
    let many = squeezed(&vec![b' '; 17 * 1024 * 1024]);
    let content = stream("/Filter/FlateDecode", &many);
    assert!(content.len() < 100 * 1024, "{}", content.len());
    let failure = read(page(content, &[]), json!({})).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Limit, "{failure}");
    // Parts within a part.
    let content = stream("", b"BT ET");
    let within = stream("/Type/ObjStm/N 1/First 4/Filter/FlateDecode", &many);
    let failure = read(page(content.clone(), std::slice::from_ref(&within)), json!({})).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Limit, "{failure}");
    // Numbers, each of which becomes a hundred bytes.
    let numbers = [&b"["[..], &b"1 ".repeat(4_000_000), b"]"].concat();
    let failure = read(page(content, &[numbers]), json!({})).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Limit, "{failure}");
}

#[tokio::test]
async fn a_file_that_goes_in_circles_or_very_deep_ends() {
    let began = Instant::now();
    // A drawing that draws itself.
    let content = stream("", b"BT /F 12 Tf 10 700 Td (Hello) Tj ET /X Do");
    let drawing = stream("/Type/XObject/Subtype/Form", b"/X Do /X Do BT /F 9 Tf 9 9 Td (x) Tj ET");
    let got = read(page(content.clone(), std::slice::from_ref(&drawing)), json!({})).await.unwrap();
    assert!(got["pages"][0].as_str().unwrap().starts_with("Hello\nx"), "{got}");
    // Pages within pages without end.
    let circle = built(&[
        b"<</Type/Catalog/Pages 2 0 R>>".to_vec(),
        b"<</Type/Pages/Kids[2 0 R 2 0 R]/Count 9>>".to_vec(),
    ]);
    assert_eq!(read(circle, json!({})).await.unwrap_err().kind, FailureKind::Invalid);
    // Lists within lists.
    let deep = read(page(content, &[drawing, b"[".repeat(1_000_000)]), json!({})).await;
    assert!(deep.is_ok(), "{deep:?}");
    assert!(began.elapsed() < PATIENCE, "{:?}", began.elapsed());
}

/// A table of letters whose range has four billion codes: the library's own reader of them would make an entry for each.
#[tokio::test]
async fn a_range_of_all_codes_makes_no_room() {
    let content = stream("", b"BT /F 12 Tf 10 700 Td (Hello) Tj ET");
    let table = stream(
        "",
        b"1 beginbfrange <00000000> <FFFFFFFF> <0041> endbfrange 1 beginbfchar <48> <004A> endbfchar",
    );
    let began = Instant::now();
    let got = read(page(content, &[b"null".to_vec(), table]), json!({})).await.unwrap();
    assert_eq!(got["pages"], json!(["Jello"]));
    assert!(began.elapsed() < PATIENCE, "{:?}", began.elapsed());
}
