//! Nodes that read, write, make and take apart files.

use super::params::Params;
use super::say::Say;
use super::weave::{Bin, Card, Flow, Item, List, Place, Res, Rest, Weave};
use crate::names::shown;
use crate::ours::{Bind, Ex, Sort};
use crate::report::{Kind, Why};
use crate::tree::Entry;

type Out = Res<Vec<(usize, Flow)>>;

fn at_hand(place: &Place, name: &str) -> Res<Bin> {
    place
        .files
        .get(name)
        .cloned()
        .ok_or_else(|| Why::new(Kind::File, format!("the file `{}` is not at hand", shown(name))))
}

/// The text of a file.
fn text_of(bin: &Bin) -> Ex {
    if bin.is_text {
        return bin.file.clone();
    }
    // A file that a service says is text or JSON is given as such, any other as bytes.
    let file = &bin.file.text;
    let text = format!(
        "type({file}) == 'bytes' ? unbase64(base64({file})) : type({file}) == 'string' ? {file} : json({file})"
    );
    Ex::new(text, Bind::Choice, Sort::Text)
}

/// What is in a file.
pub fn extract(weave: &mut Weave, node: usize, place: &Place, params: &Params) -> Out {
    let how = params.text("operation").unwrap_or_else(|| "csv".into());
    let bin = at_hand(place, &params.text("binaryPropertyName").unwrap_or_else(|| "data".into()))?;
    let key = params.text("destinationKey").unwrap_or_else(|| "data".into());
    params.ignore(&["options.keepSource", "options.encoding", "options.stripBOM"]);
    match how.as_str() {
        "xlsx" | "ods" => return sheet(weave, node, place, params, &bin),
        "pdf" => return pages(weave, node, place, params, &bin),
        _ => {}
    }
    let text = text_of(&bin);
    let made = match how.as_str() {
        "text" => text,
        "fromJson" => Ex::call("parse_json", &[&text], Sort::Any),
        "binaryToPropery" if bin.is_text => Ex::call("base64", &[&bin.file], Sort::Text),
        "binaryToPropery" => Ex::call("base64", &[&bin.file], Sort::Text),
        "csv" => {
            let delimiter = params.text("options.delimiter").unwrap_or_else(|| ",".into());
            params.ignore(&["options.headerRow"]);
            if params.flag("options.headerRow") == Some(false) {
                return Err(Why::new(Kind::Setting, "rows without names"));
            }
            let list = if delimiter == "," {
                Ex::call("parse_csv", &[&text], Sort::List)
            } else {
                let options = crate::ours::object(&[("delimiter".into(), Ex::literal(&delimiter))]);
                Ex::call("parse_csv", &[&text, &options], Sort::List)
            };
            let wish = weave.file.nodes[node].name.clone();
            let step = weave.add(
                node,
                place,
                &wish,
                vec![Entry::map("set", vec![Entry::text("items", list.hole())])],
            );
            let ex = Ex::new(format!("steps.{step}.items"), Bind::Path, Sort::List);
            return Ok(vec![(0, place.many(List::open(ex), &step))]);
        }
        other => {
            return Err(Why::new(
                Kind::File,
                format!("files of the kind `{}` are not read here", shown(other)),
            ));
        }
    };
    let wish = weave.file.nodes[node].name.clone();
    let step = weave.add(node, place, &wish, vec![Entry::map("set", vec![Entry::text(&*key, made.hole())])]);
    let whole = Ex::path(format!("steps.{step}"));
    let known = vec![(key.clone(), whole.sure(&key))];
    Ok(vec![(0, place.one(Item { whole, known, rest: Rest::Empty }, &step))])
}

/// The older node for PDFs.
pub fn read_pdf(weave: &mut Weave, node: usize, place: &Place, params: &Params) -> Out {
    if params.flag("encrypted") == Some(true) {
        return Err(Why::new(Kind::Setting, "a PDF with a password"));
    }
    params.ignore(&["encrypted"]);
    let bin = at_hand(place, &params.text("binaryPropertyName").unwrap_or_else(|| "data".into()))?;
    pages(weave, node, place, params, &bin)
}

/// The text of a PDF.
fn pages(weave: &mut Weave, node: usize, place: &Place, params: &Params, bin: &Bin) -> Out {
    if weave.catalog.get(PDF).is_none() || bin.is_text {
        return Err(Why::new(Kind::File, "the text of a PDF is not read here"));
    }
    if params.get("options.password").is_some() {
        return Err(Why::new(Kind::Setting, "a PDF with a password"));
    }
    params.ignore(&["options.joinPages", "options.maxPages"]);
    let limit = match params.get("options.maxPages").and_then(|most| most.as_u64()) {
        Some(most @ 1..=MOST_PAGES) => most,
        _ => MOST_PAGES,
    };
    let with = vec![Entry::text("file", bin.file.hole()), Entry::bare("limit", limit)];
    let wish = weave.file.nodes[node].name.clone();
    let step = weave.add(node, place, &wish, vec![Entry::text("use", PDF), Entry::map("with", with)]);
    let pages = Ex::path(format!("steps.{step}.pages"));
    let text = match params.flag("options.joinPages") {
        Some(false) => pages,
        // Between two pages stands an empty line, as there.
        _ => Ex::call("join", &[&pages, &Ex::literal("\n\n")], Sort::Text),
    };
    let known =
        vec![("text".to_owned(), text), ("numpages".to_owned(), Ex::path(format!("steps.{step}.count")))];
    let whole = Ex::path(format!("steps.{step}"));
    Ok(vec![(0, place.one(Item { whole, known, rest: Rest::Closed("the text of a PDF".into()) }, &step))])
}

/// A file of Excel, made of items.
fn made_sheet(weave: &mut Weave, node: usize, input: &Flow, params: &Params, called: String) -> Out {
    if weave.catalog.get(WRITTEN).is_none() {
        return Err(Why::new(Kind::File, "files of Excel are not made here"));
    }
    params.ignore(&["options.sheetName", "options.compression", "options.fileName", "options.headerRow"]);
    let (place, list) = weave.held(node, input);
    let mut with = vec![Entry::text("rows", list.hole())];
    if params.flag("options.headerRow") == Some(false) {
        with.push(Entry::bare("header", false));
    }
    for (theirs, ours) in [("options.sheetName", "sheet"), ("options.fileName", "name")] {
        if let Some(raw) = params.text(theirs) {
            with.push(Entry::text(ours, Say::new(weave, &place).text(&raw)?));
        }
    }
    let name = match params.text("options.fileName") {
        Some(raw) => Some(Say::new(weave, &place).ex(&raw.into())?),
        None => None,
    };
    let wish = weave.file.nodes[node].name.clone();
    let step = weave.add(node, &place, &wish, vec![Entry::text("use", WRITTEN), Entry::map("with", with)]);
    let mut flow = place.one(Item::of(vec![], Rest::Empty), &step);
    flow.files.insert(called, Bin { file: Ex::path(format!("steps.{step}")), name, is_text: false });
    Ok(vec![(0, flow)])
}

/// The action that takes the text out of a PDF, and the most pages that it gives.
const PDF: &str = "pdf.text";
const MOST_PAGES: u64 = 1_000;

/// The action that makes sheets.
const WRITTEN: &str = "sheet.write";

/// The action that reads sheets.
const SHEET: &str = "sheet.read";

/// The rows of a spreadsheet.
fn sheet(weave: &mut Weave, node: usize, place: &Place, params: &Params, bin: &Bin) -> Out {
    if weave.catalog.get(SHEET).is_none() || bin.is_text {
        return Err(Why::new(Kind::File, "spreadsheets as files are not read here"));
    }
    if params.get("options.range").is_some() || params.flag("options.includeEmptyCells") == Some(true) {
        return Err(Why::new(Kind::Setting, "a part of a sheet, or its empty cells"));
    }
    for path in ["options.readAsString", "options.rawData"] {
        if params.flag(path) == Some(true) {
            weave.parts[node].person(Why::new(Kind::Setting, format!("`{path}` has no equal")));
        }
    }
    params.ignore(&["fileFormat", "options.headerRow", "options.sheetName"]);
    let mut with = vec![Entry::text("file", bin.file.hole()), Entry::bare("limit", 100_000)];
    if let Some(name) = params.text("options.sheetName") {
        with.push(Entry::text("sheet", Say::new(weave, place).text(&name)?));
    }
    if params.flag("options.headerRow") == Some(false) {
        return Err(Why::new(Kind::Setting, "rows without names"));
    }
    let wish = weave.file.nodes[node].name.clone();
    let step = weave.add(node, place, &wish, vec![Entry::text("use", SHEET), Entry::map("with", with)]);
    let ex = Ex::new(format!("steps.{step}.rows"), Bind::Path, Sort::List);
    Ok(vec![(0, place.many(List::open(ex), &step))])
}

/// The older node for spreadsheets, which reads them and makes them.
pub fn spreadsheet(weave: &mut Weave, node: usize, input: &Flow, params: &Params) -> Out {
    params.ignore(&["operation"]);
    let format = params.text("fileFormat");
    if params.text("operation").as_deref() == Some("toFile") {
        if format.as_deref() == Some("xlsx") {
            let called = params.text("binaryPropertyName").unwrap_or_else(|| "data".into());
            return made_sheet(weave, node, input, params, called);
        }
        if format.as_deref() != Some("csv") {
            let format = format.unwrap_or_else(|| "xls".into());
            return Err(Why::new(
                Kind::File,
                format!("files of the kind `{}` are not made here", shown(&format)),
            ));
        }
        let own = Params::new(&csv_of(params));
        let made = convert(weave, node, input, &own);
        return told(weave, node, &own, made);
    }
    let place = weave.place(node, input);
    let bin = at_hand(&place, &params.text("binaryPropertyName").unwrap_or_else(|| "data".into()))?;
    if format.as_deref() == Some("csv") {
        let options = params.get("options").unwrap_or(serde_json::Value::Null);
        let own = serde_json::json!({ "operation": "csv", "options": options });
        let own = Params::new(&own);
        let made = extract(weave, node, &place, &own);
        return told(weave, node, &own, made);
    }
    sheet(weave, node, &place, params, &bin)
}

/// What is left of parameters that were read under other names.
fn told(weave: &mut Weave, node: usize, own: &Params, made: Out) -> Out {
    for left in own.left() {
        weave.parts[node].person(Why::new(Kind::Setting, format!("`{left}` has no equal")));
    }
    made
}

/// The parameters of the older node as those of the newer one.
fn csv_of(params: &Params) -> serde_json::Value {
    serde_json::json!({
        "operation": "csv",
        "binaryPropertyName": params.get("binaryPropertyName"),
        "options": params.get("options"),
    })
}

/// A file made of items.
pub fn convert(weave: &mut Weave, node: usize, input: &Flow, params: &Params) -> Out {
    let how = params.text("operation").unwrap_or_else(|| "csv".into());
    let called = params.text("binaryPropertyName").unwrap_or_else(|| "data".into());
    let name = params.text("options.fileName");
    params.ignore(&[
        "options.format",
        "options.mimeType",
        "options.headerRow",
        "options.encoding",
        "options.addBOM",
    ]);
    let each = params.text("mode").is_some_and(|mode| mode == "each");
    if how == "xlsx" && !each {
        return made_sheet(weave, node, input, params, called);
    }
    let (place, made) = match how.as_str() {
        "csv" | "toJson" if !each => {
            let (place, list) = weave.held(node, input);
            let text = if how == "csv" {
                Ex::call("csv", &[&list], Sort::Text)
            } else {
                Ex::call("json", &[&list], Sort::Text)
            };
            (place, text)
        }
        "toText" => {
            let place = weave.place(node, input);
            let key = params.text("sourceProperty").unwrap_or_else(|| "data".into());
            let mut path = key.split('.');
            let head = place.item.field(path.next().unwrap_or_default())?;
            (place, path.fold(head, |at, part| at.field(part)))
        }
        // The bytes stand in the item already. What would read them as a file is told that it is not at hand.
        "toBinary" => {
            params.ignore(&["options.mimeType"]);
            if params.flag("options.dataIsBase64") == Some(false) {
                return Err(Why::new(Kind::File, "a file of what is no Base64"));
            }
            let place = weave.place(node, input);
            let key = params.text("sourceProperty").unwrap_or_else(|| "data".into());
            let mut path = key.split('.');
            let head = place.item.field(path.next().unwrap_or_default())?;
            let made = path.fold(head, |at, part| at.field(part));
            let wish = weave.file.nodes[node].name.clone();
            let body = vec![Entry::map("set", vec![Entry::text("base64", made.hole())])];
            let step = weave.add(node, &place, &wish, body);
            return Ok(vec![(0, place.one(Item::of(vec![], Rest::Empty), &step))]);
        }
        other => {
            return Err(Why::new(
                Kind::File,
                format!("files of the kind `{}` are not made here", shown(other)),
            ));
        }
    };
    let name = match name {
        Some(raw) => Some(Say::new(weave, &place).ex(&raw.into())?),
        None => None,
    };
    let wish = weave.file.nodes[node].name.clone();
    let step =
        weave.add(node, &place, &wish, vec![Entry::map("set", vec![Entry::text("text", made.hole())])]);
    let mut flow = place.one(Item::of(vec![], Rest::Empty), &step);
    let file = Ex::new(format!("steps.{step}.text"), Bind::Path, Sort::Text);
    flow.files.insert(called, Bin { file, name, is_text: true });
    Ok(vec![(0, flow)])
}

fn path_of(weave: &mut Weave, place: &Place, raw: &str) -> Res<String> {
    let made = Say::new(weave, place).text(raw)?;
    let below = made.trim_start_matches("./").trim_start_matches('/').to_owned();
    if below.contains("..") || below.is_empty() {
        return Err(Why::new(Kind::File, "a path that leads out of the folder of files"));
    }
    if below != made {
        weave.settle.insert(format!("the folder of files: `{}` is read and written below it", shown(&made)));
    }
    Ok(below)
}

/// Reading from the disk and writing to it.
pub fn disk(weave: &mut Weave, node: usize, place: &Place, params: &Params) -> Out {
    let short = weave.file.nodes[node].short.clone();
    let writes = short == "writeBinaryFile" || params.text("operation").as_deref() == Some("write");
    let wish = weave.file.nodes[node].name.clone();
    if writes {
        let path = params.text("fileName").ok_or_else(|| Why::new(Kind::Setting, "it names no file"))?;
        let path = path_of(weave, place, &path)?;
        let bin = at_hand(place, &params.text("dataPropertyName").unwrap_or_else(|| "data".into()))?;
        let uses = if params.flag("options.append").unwrap_or(false) { "file.append" } else { "file.write" };
        let content = Entry::text(if bin.is_text { "text" } else { "bytes" }, bin.file.hole());
        let body =
            vec![Entry::text("use", uses), Entry::map("with", vec![Entry::text("path", path), content])];
        let step = weave.add(node, place, &wish, body);
        return Ok(vec![(0, Flow { after: [step].into(), ..place.same() })]);
    }
    let path = params.text("fileSelector").or_else(|| params.text("filePath"));
    let path = path.ok_or_else(|| Why::new(Kind::Setting, "it names no file"))?;
    if path.contains(['*', '?']) && !path.starts_with('=') {
        return Err(Why::new(Kind::File, "it reads all files of a pattern"));
    }
    let path = path_of(weave, place, &path)?;
    let called = params
        .text("options.dataPropertyName")
        .or_else(|| params.text("dataPropertyName"))
        .unwrap_or_else(|| "data".into());
    let body = vec![
        Entry::text("use", "file.read"),
        Entry::map("with", vec![Entry::text("path", path), Entry::text("as", "bytes")]),
    ];
    let step = weave.add(node, place, &wish, body);
    let mut flow = place.one(Item::of(vec![], Rest::Closed("a file".into())), &step);
    flow.files.insert(called, Bin { file: Ex::path(format!("steps.{step}")), name: None, is_text: false });
    Ok(vec![(0, flow)])
}

/// Between items and files, as older versions did it.
pub fn moved(weave: &mut Weave, node: usize, place: &Place, params: &Params) -> Out {
    let wish = weave.file.nodes[node].name.clone();
    params.ignore(&[
        "options.encoding",
        "options.mimeType",
        "options.fileName",
        "options.useRawData",
        "options.keepSource",
        "options.stripBOM",
        "options.addBOM",
    ]);
    if params.text("mode").as_deref() == Some("jsonToBinary") {
        let called = params.text("destinationKey").unwrap_or_else(|| "data".into());
        if params.flag("options.dataIsBase64").unwrap_or(false) {
            return Err(Why::new(Kind::File, "a file of base64"));
        }
        let raw = params.flag("options.useRawData").unwrap_or(false);
        let made = if params.flag("convertAllData") == Some(false) {
            let key = params.text("sourceKey").unwrap_or_else(|| "data".into());
            let value = place.item.field(&key)?;
            if raw { value } else { Ex::call("json", &[&value], Sort::Text) }
        } else {
            if let Rest::Closed(who) = &place.item.rest {
                return Err(Why::new(
                    Kind::Answer,
                    format!("it takes all that `{who}` gives, which is not all at hand"),
                ));
            }
            Ex::call("json", &[&place.item.whole], Sort::Text)
        };
        let name = params.text("options.fileName");
        let name = match name {
            Some(raw) => Some(Say::new(weave, place).ex(&raw.into())?),
            None => None,
        };
        let step =
            weave.add(node, place, &wish, vec![Entry::map("set", vec![Entry::text("text", made.hole())])]);
        let mut flow = place.one(Item::of(vec![], Rest::Empty), &step);
        let file = Ex::new(format!("steps.{step}.text"), Bind::Path, Sort::Text);
        flow.files.insert(called, Bin { file, name, is_text: true });
        return Ok(vec![(0, flow)]);
    }
    let bin = at_hand(place, &params.text("sourceKey").unwrap_or_else(|| "data".into()))?;
    let text = text_of(&bin);
    let as_json = params.flag("options.jsonParse").unwrap_or(false);
    if params.flag("setAllData") == Some(false) {
        let key = params.text("destinationKey").unwrap_or_else(|| "data".into());
        let made = if as_json { Ex::call("parse_json", &[&text], Sort::Any) } else { text };
        let step =
            weave.add(node, place, &wish, vec![Entry::map("set", vec![Entry::text(&*key, made.hole())])]);
        let whole = Ex::path(format!("steps.{step}"));
        return Ok(vec![(
            0,
            place.one(Item { known: vec![(key.clone(), whole.sure(&key))], whole, rest: Rest::Empty }, &step),
        )]);
    }
    params.ignore(&["options.jsonParse"]);
    let made = Ex::call("parse_json", &[&text], Sort::Any);
    let step = weave.add(node, place, &wish, vec![Entry::map("set", vec![Entry::text("item", made.hole())])]);
    let flow = place.one(Item::open(Ex::path(format!("steps.{step}.item"))), &step);
    Ok(vec![(0, Flow { card: Card::One(Item::open(Ex::path(format!("steps.{step}.item")))), ..flow })])
}
