//! A small catalog of actions.

#![allow(missing_docs)]

use dsl::catalog::{Action, Catalog, Safety, Signature, Trust};
use dsl::types::{Field, Marks, Type};

pub fn catalog() -> Catalog {
    let action = |id: &str, safety, input| Action {
        id: id.into(),
        about: String::new(),
        safety,
        input,
        output: Type::Any,
        trust: Trust::Untrusted,
    };
    // What it gives is the service's own.
    let trusted = |action| Action { trust: Trust::Trusted, ..action };
    let path = || Field::required("path", Type::String, "The file, below the folder of the workflow.");
    let mail = Type::Object(vec![
        Field::required("subject", Type::String, ""),
        Field::required("size", Type::Integer, ""),
        Field::required("sent", Type::Time, ""),
        Field::required("cc", Type::List(Box::new(Type::String)), ""),
        Field::required("reply_to", Type::Nullable(Box::new(Type::String)), ""),
        Field::optional("thread", Type::String, ""),
    ]);
    let mails = Type::Object(vec![
        Field::required("messages", Type::List(Box::new(mail)), ""),
        Field::required("next", Type::Nullable(Box::new(Type::String)), ""),
    ]);
    let list = Action { output: mails, ..action("mail.list", Safety::Read, vec![]) };
    let mut catalog = Catalog::new([
        list,
        action("file.list", Safety::Read, vec![Field::optional("path", Type::String, "The folder.")]),
        action(
            "file.read",
            Safety::Read,
            vec![
                path(),
                Field::optional("as", Type::Enum(vec!["text".into(), "json".into(), "csv".into()]), ""),
            ],
        ),
        trusted(action(
            "file.write",
            Safety::Idempotent,
            vec![
                path(),
                Field::required("text", Type::String, "What is written."),
                Field::optional("append", Type::Boolean, ""),
            ],
        )),
        trusted(action(
            "mail.send",
            Safety::Once,
            vec![
                Field::required("to", Type::List(Box::new(Type::String)), "Who gets it."),
                Field::required("subject", Type::String, ""),
                Field { min: Some(1.0), max: Some(5.0), ..Field::optional("priority", Type::Integer, "") },
                Field::optional("delay", Type::Duration, ""),
                Field::optional("password", Type::String, "Opens what is attached.").secret(),
                Field::optional(
                    "options",
                    Type::Object(vec![Field::required("html", Type::Boolean, "")]),
                    "",
                ),
            ],
        )),
    ]);
    let query = vec![
        path(),
        Field::required("sql", Type::String, "The statement.").fixed(Marks::Questions),
        Field::optional("params", Type::List(Box::new(Type::Any)), "What stands for each `?`."),
    ];
    let numbered = vec![
        Field::required("sql", Type::String, "The statement.").fixed(Marks::Numbers),
        Field::optional("params", Type::List(Box::new(Type::Any)), "What stands for `$1` and so on."),
    ];
    for action in
        [action("sqlite.query", Safety::Read, query), action("postgres.query", Safety::Read, numbered)]
    {
        catalog.actions.insert(action.id.clone(), action);
    }
    catalog.workflows = Some(workflows().into_iter().map(|(name, it)| (name.into(), it)).collect());
    catalog
}

/// Workflows that can be called; two of them call others.
fn workflows() -> [(&'static str, Signature); 4] {
    let calls = |name: &str| Signature { calls: vec![name.into()], ..Signature::default() };
    let report = Signature {
        inputs: vec![
            Field::required("week", Type::Integer, "Which week."),
            Field::optional("to", Type::String, "Who gets it."),
        ],
        output: Type::Object(vec![Field::required("url", Type::String, "Where it is.")]),
        calls: vec![],
    };
    let other = Signature { inputs: vec![Field::optional("key", Type::String, "")], ..Signature::default() };
    [
        ("weekly-report", report),
        ("other", other),
        ("first-half", calls("second-half")),
        ("second-half", calls("whole")),
    ]
}
