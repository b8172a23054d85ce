//! The private key of an account of a machine: PEM, or the JSON file that a service gives out with the key in it.

use std::path::Path;

use server::Secret;
use server::connector::manifest::auth::Auth;

use crate::error::Trouble;
use crate::hidden;

/// What a file held.
pub struct Found {
    /// The private key, in PEM.
    pub key: Secret,
    /// Fields of the connection that stood beside it.
    pub fields: Vec<(String, String)>,
}

/// Reads a private key, from a file or from standard input.
pub fn read(file: Option<&Path>, way: &Auth) -> Result<Found, Trouble> {
    let whole = hidden::all_of(file)?;
    if !whole.expose().trim_start().starts_with('{') {
        return Ok(Found { key: whole, fields: vec![] });
    }
    let json: serde_json::Value = serde_json::from_str(whole.expose())
        // What is wrong is not shown: it is a part of a secret.
        .map_err(|_| Trouble::no("this is neither a private key in PEM nor JSON that holds one"))?;
    let text = |name: &str| json.get(name).and_then(serde_json::Value::as_str);
    let key = text("private_key")
        .ok_or_else(|| Trouble::no("this JSON holds no `private_key`"))
        .map(|key| Secret::new(key.to_owned()))?;
    let known =
        way.fields.iter().filter_map(|field| Some((field.name.clone(), text(&field.name)?.to_owned())));
    Ok(Found { key, fields: known.collect() })
}
