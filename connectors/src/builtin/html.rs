//! `html`: what stands in a page, by CSS selectors, out of a table, or as text. Nothing is fetched and no script is run. A page is
//! by anybody: one that nests without end, or of which more comes out than goes in, is given up.

mod page;
mod text;

use dsl::catalog::{Action, Failure, FailureKind, Safety, Trust};
use dsl::types::{Field, Type};
use dsl::value::{Object, Value};
use scraper::{ElementRef, Html};
use url::Url;

use crate::params::{Params, no_secret, short, wrong_type};
use page::{Page, selector};

/// What is done with a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Task {
    Extract,
    Table,
    Text,
}

pub(crate) fn extract(id: &str) -> Action {
    let fields = "What is wanted, by names of your choice: a CSS selector for the text of the first match, or \
        `{ css, attr, html, all }`.";
    let each = "A CSS selector: one object for each match, whose fields are looked for within it.";
    Action {
        id: id.into(),
        about: "Take texts, attributes and lists out of a page of at most 5 MB by CSS selectors; what is not found is null.".into(),
        safety: Safety::Read,
        input: vec![
            page_field(),
            Field::required("fields", Type::AnyObject, fields),
            Field::optional("each", Type::String, each),
            base_field(),
        ],
        output: Type::Any,
        trust: Trust::Untrusted,
    }
}

pub(crate) fn table(id: &str) -> Action {
    let css = Field::optional("css", Type::String, "Which table: the first match of this CSS selector.");
    Action {
        id: id.into(),
        about: "Take the rows of a table in a page of at most 5 MB as objects of texts, by its head line."
            .into(),
        safety: Safety::Read,
        input: vec![page_field(), Field { default: Some(Value::text("table")), ..css }],
        output: Type::List(Box::new(Type::AnyObject)),
        trust: Trust::Untrusted,
    }
}

pub(crate) fn text(id: &str) -> Action {
    let css = "A CSS selector: only what stands in its first match, as `main` or `article`.";
    Action {
        id: id.into(),
        about: "Take what people read in a page of at most 5 MB, without scripts and styles, a paragraph at a time.".into(),
        safety: Safety::Read,
        input: vec![page_field(), Field::optional("css", Type::String, css)],
        output: Type::String,
        trust: Trust::Untrusted,
    }
}

fn page_field() -> Field {
    Field::required("html", Type::String, "The page, as the `body` of an answer or the `html` of a mail.")
}

fn base_field() -> Field {
    let about = "Where the page stands, as `https://example.com/news`: addresses in it become whole by that.";
    Field::optional("base", Type::String, about)
}

/// Does it on a thread where computing holds nobody up.
pub(crate) async fn call(task: Task, params: Params) -> Result<Value, Failure> {
    let work = tokio::task::spawn_blocking(move || {
        let page = Page::read(params.required_text("html")?)?;
        match task {
            Task::Extract => extracted(&page, &params),
            Task::Table => rows(&page, params.text("css")?.unwrap_or("table")),
            Task::Text => seen(&page, params.text("css")?),
        }
    });
    work.await.unwrap_or_else(|_| Err(Failure::new(FailureKind::Server, "the work on a page was cut off")))
}

/// One thing that is wanted of a page.
struct Wanted {
    name: String,
    /// Nothing for the element itself.
    css: Option<scraper::Selector>,
    what: What,
    all: bool,
}

/// What of an element.
enum What {
    Text,
    Html,
    Attr(String),
}

fn extracted(page: &Page, params: &Params) -> Result<Value, Failure> {
    let fields = params.object("fields").unwrap_or_default();
    let wanted = fields.entries().map(|(name, value)| wanted(name, value)).collect::<Result<Vec<_>, _>>()?;
    if wanted.is_empty() {
        return Err(invalid("`fields` names nothing that is wanted"));
    }
    let base = params
        .text("base")?
        .map(|base| Url::parse(base).map_err(|error| invalid(&format!("`base` is no address: {error}"))));
    let base = base.transpose()?;
    let object = |within: ElementRef<'_>| -> Result<Value, Failure> {
        let entries =
            wanted.iter().map(|one| Ok((one.name.as_str(), found(page, within, one, base.as_ref())?)));
        Ok(Value::object(entries.collect::<Result<Vec<_>, Failure>>()?))
    };
    match params.text("each")? {
        None => object(root(&page.html)),
        Some(css) => {
            let each = selector("each", css)?;
            let mut objects = vec![];
            for element in page.html.select(&each) {
                objects.push(object(element)?);
            }
            Ok(Value::list(objects))
        }
    }
}

fn wanted(name: &str, value: &Value) -> Result<Wanted, Failure> {
    let place = format!("fields.{name}");
    let plain = |css: Option<&str>| css.map(|css| selector(&place, css)).transpose();
    let entries = match value {
        Value::Text(css) => {
            return Ok(Wanted { name: name.into(), css: plain(Some(css))?, what: What::Text, all: false });
        }
        Value::Object(entries) => entries,
        Value::Hole(_) => return Err(no_secret(&place)),
        other => return Err(wrong_type(&format!("`{place}`"), "string | object", other)),
    };
    if let Some(other) = entries.keys().find(|key| !["all", "attr", "css", "html"].contains(&&***key)) {
        let known = "it has `css`, `attr`, `html` and `all`";
        return Err(invalid(&format!("`{place}` has a key `{}` that says nothing; {known}", short(other))));
    }
    let text = |key: &str| match entries.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Text(text)) => Ok(Some(&**text)),
        Some(Value::Hole(_)) => Err(no_secret(&format!("{place}.{key}"))),
        Some(other) => Err(wrong_type(&format!("`{place}.{key}`"), "string", other)),
    };
    let flag = |key: &str| match entries.get(key) {
        None | Some(Value::Null) => Ok(false),
        Some(Value::Bool(flag)) => Ok(*flag),
        Some(other) => Err(wrong_type(&format!("`{place}.{key}`"), "boolean", other)),
    };
    let what = match (text("attr")?, flag("html")?) {
        (Some(_), true) => return Err(invalid(&format!("`{place}`: `attr` and `html` exclude each other"))),
        (Some(attr), false) => What::Attr(attr.to_ascii_lowercase()),
        (None, true) => What::Html,
        (None, false) => What::Text,
    };
    Ok(Wanted { name: name.into(), css: plain(text("css")?)?, what, all: flag("all")? })
}

/// What is wanted, within an element: the first that has it, or all.
fn found(page: &Page, within: ElementRef<'_>, wanted: &Wanted, base: Option<&Url>) -> Result<Value, Failure> {
    let mut values = vec![];
    let matches: Box<dyn Iterator<Item = ElementRef<'_>>> = match &wanted.css {
        Some(css) => Box::new(within.select(css)),
        None => Box::new(std::iter::once(within)),
    };
    for element in matches {
        page.in_time()?;
        let value = match &wanted.what {
            What::Text => Some(text::line(element)),
            What::Html => Some(element.inner_html()),
            What::Attr(name) => element.attr(name).map(|value| whole(name, value, base)),
        };
        let Some(value) = value else { continue };
        page.count(value.len())?;
        if !wanted.all {
            return Ok(Value::text(value));
        }
        values.push(Value::text(value));
    }
    Ok(if wanted.all { Value::list(values) } else { Value::Null })
}

/// An attribute; an address is made whole where it is known where the page stands.
fn whole(name: &str, value: &str, base: Option<&Url>) -> String {
    let is_address = matches!(name, "action" | "cite" | "href" | "poster" | "src");
    let joined = base.filter(|_| is_address).and_then(|base| base.join(value.trim()).ok());
    joined.map_or_else(|| value.to_owned(), String::from)
}

/// The rows of a table by its head line, which is the first row.
fn rows(page: &Page, css: &str) -> Result<Value, Failure> {
    let (table, row) = (selector("css", css)?, selector("css", "tr")?);
    let Some(table) = page.html.select(&table).next() else {
        let message = format!("the page has no table that `{}` matches", short(css));
        return Err(Failure::new(FailureKind::NotFound, message));
    };
    // A row of a table within a cell belongs to that table.
    let own = |row: &ElementRef<'_>| {
        let above =
            row.ancestors().filter_map(ElementRef::wrap).find(|above| above.value().name() == "table");
        above.is_none_or(|above| above == table) || table.value().name() != "table"
    };
    let mut lines = table.select(&row).filter(own);
    let Some(head) = lines.next() else { return Ok(Value::list(vec![])) };
    let columns = columns(&cells(page, head)?);
    let mut rows = vec![];
    for line in lines {
        let cells = cells(page, line)?;
        if cells.is_empty() {
            continue;
        }
        let mut row = Object::new();
        for (at, name) in columns.iter().enumerate() {
            let cell = cells.get(at).filter(|cell| !cell.is_empty());
            row.insert(name.as_str().into(), cell.map_or(Value::Null, |cell| Value::text(cell.as_str())));
        }
        rows.push(Value::Object(row.into()));
    }
    Ok(Value::list(rows))
}

/// The texts of a row's cells, one for each column that a cell goes over.
fn cells(page: &Page, row: ElementRef<'_>) -> Result<Vec<String>, Failure> {
    /// As many columns as browsers let a cell go over.
    const WIDEST: usize = 1000;
    page.in_time()?;
    let mut cells = vec![];
    for cell in row.child_elements().filter(|cell| matches!(cell.value().name(), "td" | "th")) {
        let text = text::line(cell);
        let over = cell.attr("colspan").and_then(|over| over.parse::<usize>().ok()).unwrap_or(1);
        for _ in 0..over.clamp(1, WIDEST) {
            page.count(text.len() + 1)?;
            cells.push(text.clone());
        }
    }
    Ok(cells)
}

/// Names for columns: those of the head line, each once, and a number where there is none.
pub(crate) fn columns(head: &[String]) -> Vec<String> {
    let mut names: Vec<String> = vec![];
    for (at, name) in head.iter().enumerate() {
        let name = if name.is_empty() { format!("column {}", at + 1) } else { name.clone() };
        let mut free = name.clone();
        let mut again = 2;
        while names.contains(&free) {
            free = format!("{name} {again}");
            again += 1;
        }
        names.push(free);
    }
    names
}

fn seen(page: &Page, css: Option<&str>) -> Result<Value, Failure> {
    let within = match css {
        None => Some(root(&page.html)),
        Some(css) => page.html.select(&selector("css", css)?).next(),
    };
    let Some(within) = within else {
        let message = format!("the page has nothing that `{}` matches", short(css.unwrap_or_default()));
        return Err(Failure::new(FailureKind::NotFound, message));
    };
    Ok(Value::text(text::paragraphs(within)))
}

/// What holds the whole page: its reader makes one for whatever it is given.
fn root(html: &Html) -> ElementRef<'_> {
    html.root_element()
}

fn invalid(message: &str) -> Failure {
    Failure::new(FailureKind::Invalid, message)
}
