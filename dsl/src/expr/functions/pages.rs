//! What the page of each function says beyond its entry: details, more examples, and what is near to it. A file
//! for each, in which lines such as "- `abs(-1)` => `1`" and "- `abs('x')` fails: …" are tests.

/// The names of functions and their files, by name.
macro_rules! pages {
    ($($name:literal)*) => {
        &[$(($name, include_str!(concat!("pages/", $name, ".md"))),)*]
    };
}

static PAGES: &[(&str, &str)] = pages! {
    "abs"
    "add_months"
    "all"
    "any"
    "avg"
    "base64"
    "ceil"
    "chunk"
    "compact"
    "contains"
    "count"
    "csv"
    "default"
    "duration"
    "end_of"
    "ends_with"
    "entries"
    "extract"
    "filter"
    "find"
    "first"
    "flatten"
    "floor"
    "format_time"
    "from_entries"
    "group_by"
    "hmac_sha256"
    "html"
    "in_zone"
    "index_of"
    "int"
    "join"
    "json"
    "json_ascii"
    "keys"
    "last"
    "len"
    "lines"
    "lower"
    "map"
    "markdown_text"
    "matches"
    "max"
    "merge"
    "min"
    "now"
    "number"
    "omit"
    "pad"
    "parse_csv"
    "parse_json"
    "pick"
    "random"
    "range"
    "replace"
    "reverse"
    "round"
    "secret"
    "sha256"
    "slice"
    "slug"
    "sort"
    "sort_by"
    "split"
    "start_of"
    "starts_with"
    "sum"
    "time"
    "title"
    "today"
    "trim"
    "truncate"
    "type"
    "unbase64"
    "unique"
    "upper"
    "url_decode"
    "url_encode"
    "uuid"
    "values"
    "weekday"
    "words"
    "yaml"
    "zip"
};

/// The page of a function; empty where there is none.
pub(super) fn find(name: &str) -> &'static str {
    PAGES.binary_search_by_key(&name, |(name, _)| name).map_or("", |at| PAGES[at].1)
}

#[cfg(test)]
mod tests {
    use super::PAGES;

    #[test]
    fn pages_are_sorted_and_each_is_of_a_function() {
        assert!(PAGES.windows(2).all(|pair| pair[0].0 < pair[1].0));
        let names: Vec<&str> = PAGES.iter().map(|(name, _)| *name).collect();
        assert_eq!(names, super::super::names().collect::<Vec<_>>());
    }
}
