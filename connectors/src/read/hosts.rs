//! Where secrets may go: the hosts of a manifest, and whether an address with holes stays within them.

use dsl::codes::Code;
use dsl::diagnostic::Diagnostic;
use dsl::expr::Expr;
use dsl::expr::ast::{Kind, Part};
use dsl::fields::Reader;
use dsl::span::{Span, Spanned};
use dsl::types::Field;
use dsl::value::Object;
use dsl::workflow::Arg;

use super::unknown_part;

/// True if a host is among those allowed: itself, or below a `*.`.
pub fn allows(hosts: &[String], host: &str) -> bool {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    hosts.iter().any(|allowed| match allowed.strip_prefix('*') {
        Some(below) => host.len() > below.len() && host.ends_with(below),
        None => host == *allowed,
    })
}

/// The host that a field of a connection holds; nothing where that is no name of a host.
pub(crate) fn entered(fields: &Object, field: &str) -> Option<String> {
    let host = fields.get(field)?.as_text()?.to_ascii_lowercase();
    is_name(&host).then_some(host)
}

/// The server that a field of a connection holds, for code that speaks to it alone: also one beside us, or by its address.
pub(crate) fn server(fields: &Object, field: &str) -> Option<String> {
    let host = fields.get(field)?.as_text()?.to_ascii_lowercase();
    host.split('.').all(is_label).then_some(host)
}

/// True for what may stand in `hosts`: a public name, or `*.` and such a name.
fn is_pattern(text: &str) -> bool {
    let name = text.strip_prefix("*.").unwrap_or(text);
    let last = name.rsplit('.').next().unwrap_or_default();
    is_name(name) && !matches!(last, "internal" | "local" | "localhost")
}

/// True for a name of at least two parts, which is no address of IPv4.
fn is_name(name: &str) -> bool {
    // The last part of an address of IPv4 is a number, and no name is.
    let last = name.rsplit('.').next().unwrap_or_default();
    name.contains('.') && name.split('.').all(is_label) && !last.chars().all(|letter| letter.is_ascii_digit())
}

fn is_label(part: &str) -> bool {
    !part.is_empty()
        && part.chars().all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-')
        && !part.starts_with('-')
        && !part.ends_with('-')
}

/// What `hosts` allows: names, and fields of the connection that hold some.
pub(super) struct Given {
    /// The names.
    pub names: Vec<String>,
    /// The fields.
    pub fields: Vec<Spanned<String>>,
}

/// The hosts that are allowed, reporting what is none.
pub(super) fn checked(reader: &mut Reader<'_>, given: Vec<Spanned<String>>) -> Given {
    let mut hosts = Given { names: vec![], fields: vec![] };
    for host in given {
        if is_pattern(&host.value) {
            hosts.names.push(host.value);
            continue;
        }
        let hole = host.value.strip_prefix("{{").and_then(|text| text.strip_suffix("}}"));
        if let Some(field) = hole.and_then(|text| text.trim().strip_prefix("connection.")) {
            hosts.fields.push(Spanned::new(field.to_owned(), host.span));
            continue;
        }
        let message = format!("`{}` is no host that secrets may be sent to", host.value);
        let wrong = Diagnostic::error(Code::OutsideHosts, host.span, message);
        let help = "write a public name in lower case, as `api.example.com`, `*.example.com` for all below it, or \
                    `{{ connection.host }}` for one that a person enters";
        reader.diagnostics.push(wrong.help(help));
    }
    hosts
}

/// The fields that hold hosts, reporting those that no person enters.
pub(super) fn known(reader: &mut Reader<'_>, given: &[Spanned<String>], fields: &[Field]) -> Vec<String> {
    let names: Vec<&str> = fields.iter().map(|field| field.name.as_str()).collect();
    for field in given.iter().filter(|field| !names.contains(&field.value.as_str())) {
        let message = format!("a connection has no field `{}` that a person enters", field.value);
        reader.diagnostics.push(unknown_part(field, message, &names));
    }
    given.iter().map(|field| field.value.clone()).collect()
}

/// Looks at an address with holes: it is `https`, its host is allowed, and a field in the host can be no other host.
pub(super) fn check(reader: &mut Reader<'_>, url: &Arg, span: Span, hosts: &[String], fields: &[Field]) {
    let (outline, exprs): (String, Vec<&Expr>) = match url {
        Arg::Value(value) => (value.to_string(), vec![]),
        Arg::Expr(expr) => ("…".into(), vec![expr]),
        Arg::Text(template) => (template.outline(), template.exprs().collect()),
        Arg::List(_) | Arg::Object(_) => return,
    };
    let outside = |message: String| Diagnostic::error(Code::OutsideHosts, span, message);
    // A field that holds an address from its scheme on says by its pattern where it may lead.
    if let (true, [first, ..]) = (outline.starts_with('…'), &exprs[..]) {
        reader.diagnostics.extend(open_field(first, fields, Holds::Address));
        return;
    }
    let Some(rest) = outline.strip_prefix("https://") else {
        reader.diagnostics.push(outside(format!("`{outline}` does not begin with `https://`")));
        return;
    };
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if host.contains(['@', ':', '[', '\\']) {
        reader.diagnostics.push(outside(format!("`{host}` is more than the name of a host")));
        return;
    }
    let holes = host.matches('…').count();
    let found: Vec<Diagnostic> =
        exprs.iter().take(holes).filter_map(|expr| open_field(expr, fields, Holds::Name)).collect();
    reader.diagnostics.extend(found);
    // What stands behind the last hole is known; a letter before it stands for all that a field may hold.
    let known = match host.rsplit_once('…') {
        Some((_, behind)) => format!("x{behind}"),
        None => host.to_owned(),
    };
    if holes > 0 && known == "x" {
        return;
    }
    if !allows(hosts, &known) {
        let shown = host.replace('…', "*");
        let wrong = outside(format!("`{shown}` is not among the hosts of this manifest"));
        reader.diagnostics.push(wrong.help(format!("add `{shown}` to `hosts`")));
    }
}

/// What a field within an address holds.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Holds {
    /// A part of the name of a host.
    Name,
    /// All of an address, its scheme included.
    Address,
}

/// Reports a hole in a host that is no field with a pattern which keeps it in bounds.
fn open_field(expr: &Expr, fields: &[Field], holds: Holds) -> Option<Diagnostic> {
    let span = expr.span;
    let open = |message: String| Some(Diagnostic::error(Code::OpenHost, span, message));
    let Some(name) = field_of(expr) else {
        return open("in a host stand fields of `connection` alone".into());
    };
    let field = fields.iter().find(|field| field.name == name)?;
    let Some(pattern) = field.pattern.as_deref() else {
        let wrong = open(format!("the field `{name}` stands in a host and has no pattern"))?;
        return Some(wrong.help("say what it looks like: `pattern: \"^[a-z0-9-]{1,63}$\"`"));
    };
    if !pattern.starts_with('^')
        || !pattern.ends_with('$')
        || pattern.ends_with("\\$")
        || pattern.contains('|')
    {
        let wrong =
            open(format!("the pattern of `{name}`, `{pattern}`, does not hold from beginning to end"))?;
        return Some(wrong.help("begin it with `^`, end it with `$`, and have no `|` in it"));
    }
    let Ok(regex) = regex::Regex::new(pattern) else { return None };
    // What would lead out of the name: a path, a query, a user, a port, another host.
    let escapes: &[&str] = match holds {
        Holds::Name => {
            &["a/b", "a?b", "a#b", "a@b", "a:1", "a\\b", "a b", "a\nb", "", "a.b/", "x/.evil.example"]
        }
        Holds::Address => {
            &["https://evil.example", "http://a", "https://evil.example/", "https://a@evil.example", ""]
        }
    };
    let through = escapes.iter().find(|text| regex.is_match(text))?;
    let wrong =
        open(format!("the pattern of `{name}`, `{pattern}`, lets `{}` through", through.escape_debug()))?;
    Some(wrong.help("take letters, digits and `-` alone"))
}

/// The field of the connection that an expression is.
fn field_of(expr: &Expr) -> Option<&str> {
    let Kind::Path(base, parts) = &expr.nodes().get(usize::from(expr.root()))?.kind else { return None };
    match (&expr.nodes().get(usize::from(*base))?.kind, &parts[..]) {
        (Kind::Name(name), [Part::Field(field, _)]) if &**name == "connection" => Some(field),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_allowed_itself_or_below_a_star() {
        let hosts = ["slack.com".to_owned(), "*.zendesk.com".to_owned()];
        for good in ["slack.com", "SLACK.com.", "a.zendesk.com", "a.b.zendesk.com"] {
            assert!(allows(&hosts, good), "{good}");
        }
        for wrong in
            ["evil.example", "files.slack.com", "notslack.com", "zendesk.com", ".zendesk.com", "xzendesk.com"]
        {
            assert!(!allows(&hosts, wrong), "{wrong}");
        }
    }

    #[test]
    fn hosts_are_public_names() {
        for good in ["slack.com", "*.my.salesforce.com", "xn--a.example"] {
            assert!(is_pattern(good), "{good}");
        }
        for wrong in [
            "*",
            "*.com",
            "com",
            "localhost",
            "a.localhost",
            "127.0.0.1",
            "A.com",
            "a.com:1",
            "https://a.com",
            "a..b",
            "db.internal",
            "*.*.com",
        ] {
            assert!(!is_pattern(wrong), "{wrong}");
        }
    }
}
