//! Where a service stands: the base of paths, the hosts that secrets may be sent to, and the fields that a person gives
//! where both are their own.

use dsl::types::{Field, Type};
use url::Url;

use super::description::{Server, Variable};
use super::names;

/// What a part of the name of a host looks like.
const LABEL: &str = "^[a-z0-9-]{1,63}$";

/// What the name of a host looks like.
const HOST: &str = "^[a-z0-9][a-z0-9.-]{0,251}[a-z0-9]$";

/// Words that stand in the address of an example for a name of one's own.
const OWN: &[&str] = &[
    "company",
    "companydomain",
    "domain",
    "example",
    "instance",
    "mycompany",
    "mydomain",
    "myshop",
    "myworkspace",
    "shop",
    "site",
    "store",
    "subdomain",
    "tenant",
    "workspace",
];

/// Where a service stands, as a manifest says it.
#[derive(Clone, Debug, Default)]
pub(super) struct Where {
    /// The base: an address over `connection`.
    pub base: String,
    /// What is allowed.
    pub hosts: Vec<String>,
    /// Fields of the connection that stand in it.
    pub fields: Vec<Field>,
    /// What a person must decide about it.
    pub notes: Vec<String>,
}

/// True for an address that begins with `https://` and has a host.
pub(super) fn is_address(text: &str) -> bool {
    let well = |text: &str| {
        text.len() < 2_000
            && !text.chars().any(|letter| letter.is_control() || letter == ' ' || letter == '{')
    };
    well(text)
        && Url::parse(text).is_ok_and(|url| {
            matches!(url.scheme(), "https" | "http") && url.host_str().is_some_and(is_public)
        })
}

/// True for a name of a host with a point in it, which is no address of a network.
fn is_public(host: &str) -> bool {
    let last = host.rsplit('.').next().unwrap_or_default();
    let label = |part: &str| {
        !part.is_empty()
            && part
                .chars()
                .all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-')
            && !part.starts_with('-')
            && !part.ends_with('-')
    };
    host.contains('.')
        && host.split('.').all(label)
        && !last.chars().all(|letter| letter.is_ascii_digit())
        && !matches!(last, "internal" | "local" | "localhost")
}

/// Where the first of several servers stands.
pub(super) fn of(servers: &[Server], id: &str, given: Option<&str>) -> Where {
    if let Some(given) = given {
        let server = Server { url: given.to_owned(), about: String::new(), variables: vec![] };
        return one(&server).unwrap_or_default();
    }
    // What is for trying is not what people mean.
    let trial = |server: &Server| {
        ["sandbox", "staging", "localhost", "127.0.0.1", "mock"].iter().any(|word| server.url.contains(word))
    };
    let mut order: Vec<&Server> = servers.iter().collect();
    order.sort_by_key(|server| trial(server));
    let Some((server, mut found)) = order.into_iter().find_map(|server| Some((server, one(server)?))) else {
        let host = format!("{}.example", id.replace('_', "-"));
        let what = "where paths begin, and `hosts`: the description does not say where the service stands";
        return Where {
            base: format!("https://{host}"),
            hosts: vec![host],
            fields: vec![],
            notes: vec![what.into()],
        };
    };
    let others: Vec<&str> =
        servers.iter().filter(|other| *other != server).map(|other| other.url.as_str()).collect();
    if !others.is_empty() {
        let shown: Vec<String> =
            others.iter().take(4).map(|url| format!("`{}`", super::text::short(url))).collect();
        found.notes.push(format!("which server is meant; there is also {}", shown.join(", ")));
    }
    found
}

/// Where a server stands; nothing where its address is none.
pub(super) fn one(server: &Server) -> Option<Where> {
    let mut found = Where::default();
    let url = server.url.trim().trim_end_matches('/');
    let (scheme, rest) = url.split_once("://")?;
    if scheme == "http" {
        found.notes.push("whether it is there by `https`, which alone is asked".into());
    }
    let (host, path) =
        rest.split_once('/').map_or((rest, String::new()), |(host, path)| (host, format!("/{path}")));
    let (host, port) = host.split_once(':').map_or((host, None), |(host, port)| (host, Some(port)));
    if port.is_some_and(|port| port != "443") {
        found.notes.push("at which port it is; none other than that of `https` is asked".into());
    }
    let host = self::host(host, server, &mut found)?;
    let mut out = String::new();
    let mut rest = path.as_str();
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}')?;
        out += before;
        let variable = variable(server, name);
        match variable.default.as_str() {
            "" => out += &field(&mut found, &variable, "^[A-Za-z0-9._~-]{1,100}$"),
            default => out += default,
        }
        rest = after;
    }
    out += rest;
    if out.contains(['?', '#', ' ', '"', '\\']) {
        return None;
    }
    found.base = format!("https://{host}{}", out.trim_end_matches('/'));
    Some(found)
}

fn host(text: &str, server: &Server, found: &mut Where) -> Option<String> {
    let lower = text.to_ascii_lowercase();
    let labels: Vec<&str> = text.split('.').collect();
    // All of the host is a variable: a service that people run themselves.
    if let Some(name) = text
        .strip_prefix('{')
        .and_then(|text| text.strip_suffix('}'))
        .filter(|name| !name.contains(['{', '}']))
    {
        let variable = variable(server, name);
        let hole = field(found, &variable, HOST);
        found.hosts.push(hole.clone());
        return Some(hole);
    }
    let mut written: Vec<String> = vec![];
    for (at, label) in labels.iter().enumerate() {
        match label.split_once('{') {
            None => written.push(label.to_ascii_lowercase()),
            // Only the beginning of a host may differ from account to account.
            Some(_) if at == 0 => written.push(String::new()),
            Some((before, rest)) => {
                let (name, behind) = rest.split_once('}')?;
                let default = variable(server, name).default;
                written.push(format!("{before}{default}{behind}").to_ascii_lowercase());
            }
        }
    }
    let behind = written[1..].join(".");
    let first = labels[0].to_ascii_lowercase();
    let word = first.trim_matches(|letter: char| !letter.is_ascii_alphanumeric());
    let own = OWN.contains(&word) || word.starts_with("your") || word.starts_with("{");
    if written[0].is_empty() {
        if !is_public(&behind) {
            return None;
        }
        let (before, rest) = labels[0].split_once('{')?;
        let (name, after) = rest.split_once('}')?;
        if after.contains('{') {
            return None;
        }
        let hole = field(found, &variable(server, name), LABEL);
        found.hosts.push(format!("*.{behind}"));
        return Some(format!("{before}{hole}{after}.{behind}"));
    }
    if lower == "example.com" || lower.ends_with(".example.com") || lower == "localhost" {
        let about = "The host of your server.".to_owned();
        let variable = Variable { name: "host".into(), default: String::new(), about };
        let hole = field(found, &variable, HOST);
        found.notes.push(format!("whether each has a host of their own, as `{text}` lets suppose"));
        found.hosts.push(hole.clone());
        return Some(hole);
    }
    if own && is_public(&behind) {
        let about = format!("The part of the address before `.{behind}`.");
        let hole = field(found, &Variable { name: "site".into(), default: String::new(), about }, LABEL);
        found.notes.push(format!("whether each account has a host of its own, as `{text}` lets suppose"));
        found.hosts.push(format!("*.{behind}"));
        return Some(format!("{hole}.{behind}"));
    }
    let whole = written.join(".");
    if !is_public(&whole) {
        return None;
    }
    found.hosts.push(whole.clone());
    Some(whole)
}

fn variable(server: &Server, name: &str) -> Variable {
    let known = server.variables.iter().find(|variable| variable.name == name).cloned();
    let mut variable =
        known.unwrap_or_else(|| Variable { name: name.into(), default: String::new(), about: String::new() });
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "._~-/".contains(letter);
    if !variable.default.chars().all(plain) {
        variable.default.clear();
    }
    variable
}

/// Makes a field of the connection, and gives the hole that reads it.
fn field(found: &mut Where, variable: &Variable, pattern: &str) -> String {
    let name = names::parameter(&variable.name);
    let about = match variable.about.as_str() {
        "" => format!("The part `{name}` of the service's address."),
        about => about.to_owned(),
    };
    if found.fields.iter().all(|known| known.name != name) {
        let pattern = Some(pattern.to_owned());
        found.fields.push(Field { pattern, ..Field::required(&name, Type::String, &about) });
    }
    format!("{{{{ connection.{name} }}}}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(url: &str, variables: &[(&str, &str)]) -> Option<(String, String)> {
        let variables = variables.iter().map(|(name, default)| Variable {
            name: (*name).into(),
            default: (*default).into(),
            about: String::new(),
        });
        let server = Server { url: url.into(), about: String::new(), variables: variables.collect() };
        one(&server).map(|found| (found.base, found.hosts.join(" ")))
    }

    #[test]
    fn addresses_become_bases_and_hosts() {
        let is = |url: &str, variables: &[(&str, &str)], base: &str, hosts: &str| {
            assert_eq!(at(url, variables), Some((base.to_owned(), hosts.to_owned())), "{url}");
        };
        is("https://api.parcels.test/v1/", &[], "https://api.parcels.test/v1", "api.parcels.test");
        is("http://API.parcels.test:8080", &[], "https://api.parcels.test", "api.parcels.test");
        is(
            "https://{shop}.parcels.test/{v}",
            &[("v", "v2")],
            "https://{{ connection.shop }}.parcels.test/v2",
            "*.parcels.test",
        );
        is(
            "https://{sub}.{domain}.com",
            &[("domain", "desk")],
            "https://{{ connection.sub }}.desk.com",
            "*.desk.com",
        );
        is("https://{host}/api", &[], "https://{{ connection.host }}/api", "{{ connection.host }}");
        is(
            "https://your-domain.parcels.test",
            &[],
            "https://{{ connection.site }}.parcels.test",
            "*.parcels.test",
        );
        is("https://example.com/api", &[], "https://{{ connection.host }}/api", "{{ connection.host }}");
    }

    #[test]
    fn what_is_no_public_address_is_none() {
        for url in [
            "/v1",
            "",
            "https://localhost/x/{",
            "https://10.0.0.1/",
            "https://{a}.com",
            "ftp:x",
            "https://a.internal",
            "https://a b.test",
            "https://a.test/?x",
        ] {
            assert_eq!(at(url, &[]), None, "{url}");
        }
    }
}
