//! The actions that are written in code.

pub(crate) mod file;
mod html;
pub(crate) mod http;
mod pdf;
mod sheet;
mod sqlite;

use dsl::catalog::{Action, Failure};
use dsl::value::Value;

use crate::Settings;
use crate::params::Params;

/// An action that is written in code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Builtin {
    FileAppend,
    FileList,
    FileRead,
    FileWrite,
    HtmlExtract,
    HtmlTable,
    HtmlText,
    HttpRequest,
    PdfText,
    SheetRead,
    SheetWrite,
    SqliteExecute,
    SqliteQuery,
}

impl Builtin {
    pub(crate) const ALL: [Builtin; 13] = [
        Builtin::FileAppend,
        Builtin::FileList,
        Builtin::FileRead,
        Builtin::FileWrite,
        Builtin::HtmlExtract,
        Builtin::HtmlTable,
        Builtin::HtmlText,
        Builtin::HttpRequest,
        Builtin::PdfText,
        Builtin::SheetRead,
        Builtin::SheetWrite,
        Builtin::SqliteExecute,
        Builtin::SqliteQuery,
    ];

    /// The action with this id.
    pub(crate) fn find(id: &str) -> Option<Builtin> {
        Builtin::ALL.into_iter().find(|builtin| builtin.id() == id)
    }

    fn id(self) -> &'static str {
        match self {
            Builtin::FileAppend => "file.append",
            Builtin::FileList => "file.list",
            Builtin::FileRead => "file.read",
            Builtin::FileWrite => "file.write",
            Builtin::HtmlExtract => "html.extract",
            Builtin::HtmlTable => "html.table",
            Builtin::HtmlText => "html.text",
            Builtin::HttpRequest => "http.request",
            Builtin::PdfText => "pdf.text",
            Builtin::SheetRead => "sheet.read",
            Builtin::SheetWrite => "sheet.write",
            Builtin::SqliteExecute => "sqlite.execute",
            Builtin::SqliteQuery => "sqlite.query",
        }
    }

    /// What the catalog says of it: parameters, result, safety.
    pub(crate) fn action(self) -> Action {
        let id = self.id();
        match self {
            Builtin::FileAppend => file::append(id),
            Builtin::FileList => file::list(id),
            Builtin::FileRead => file::read(id),
            Builtin::FileWrite => file::write(id),
            Builtin::HtmlExtract => html::extract(id),
            Builtin::HtmlTable => html::table(id),
            Builtin::HtmlText => html::text(id),
            Builtin::HttpRequest => http::request(id),
            Builtin::PdfText => pdf::text(id),
            Builtin::SheetRead => sheet::read(id),
            Builtin::SheetWrite => sheet::write(id),
            Builtin::SqliteExecute => sqlite::execute(id),
            Builtin::SqliteQuery => sqlite::query(id),
        }
    }

    /// Makes a call with parameters that have been checked.
    pub(crate) async fn call(self, settings: &Settings, params: Params, key: &str) -> Result<Value, Failure> {
        match self {
            Builtin::FileAppend => file::call(settings, file::Task::Append, params).await,
            Builtin::FileList => file::call(settings, file::Task::List, params).await,
            Builtin::FileRead => file::call(settings, file::Task::Read, params).await,
            Builtin::FileWrite => file::call(settings, file::Task::Write, params).await,
            Builtin::HtmlExtract => html::call(html::Task::Extract, params).await,
            Builtin::HtmlTable => html::call(html::Task::Table, params).await,
            Builtin::HtmlText => html::call(html::Task::Text, params).await,
            Builtin::HttpRequest => http::call(settings, &params, key).await,
            Builtin::PdfText => pdf::call(settings, params).await,
            Builtin::SheetRead => sheet::call(settings, params).await,
            Builtin::SheetWrite => sheet::call_write(settings, params).await,
            Builtin::SqliteExecute => sqlite::call(settings, sqlite::Task::Execute, params).await,
            Builtin::SqliteQuery => sqlite::call(settings, sqlite::Task::Query, params).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_is_in_the_catalog_once_and_says_what_it_is_for() {
        let catalog = crate::catalog();
        assert_eq!(catalog.actions.len(), Builtin::ALL.len());
        for (id, action) in &catalog.actions {
            assert_eq!(Builtin::find(id).map(Builtin::id), Some(id.as_str()));
            assert!(
                action.about.ends_with('.') && action.input.iter().all(|field| field.about.ends_with('.'))
            );
        }
    }
}
