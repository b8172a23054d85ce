//! A strict reader of Prometheus' text format, written from its description: it knows nothing of the product.

use std::collections::{BTreeMap, BTreeSet};

/// A sample: the values of its labels by their names, and the number.
pub type Sample = (String, BTreeMap<String, String>, f64);

/// What was read.
#[derive(Debug, Default)]
pub struct Read {
    /// The type of each metric.
    pub types: BTreeMap<String, String>,
    /// All samples.
    pub samples: Vec<Sample>,
}

impl Read {
    /// The sum of all samples of a name whose labels have these values.
    pub fn sum(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        let fits = |of: &BTreeMap<String, String>| {
            labels.iter().all(|(name, value)| of.get(*name).is_some_and(|it| it == value))
        };
        self.samples.iter().filter(|(of, labels, _)| of == name && fits(labels)).map(|(_, _, it)| it).sum()
    }
}

/// Reads a text.
pub fn read(text: &str) -> Result<Read, String> {
    if !text.ends_with('\n') {
        return Err("the last line has no end".into());
    }
    let mut read = Read::default();
    let (mut helped, mut over, mut current) = (BTreeSet::new(), BTreeSet::new(), String::new());
    let mut seen = BTreeSet::new();
    for line in text.lines() {
        let wrong = |why: &str| format!("{why}: {line}");
        if let Some(rest) = line.strip_prefix("# HELP ") {
            let (name, _) = rest.split_once(' ').ok_or_else(|| wrong("no help"))?;
            if !helped.insert(name.to_owned()) {
                return Err(wrong("help a second time"));
            }
            over.insert(std::mem::replace(&mut current, name.to_owned()));
            if over.contains(name) {
                return Err(wrong("a metric comes a second time"));
            }
        } else if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').ok_or_else(|| wrong("no type"))?;
            if name != current || !["counter", "gauge", "histogram"].contains(&kind) {
                return Err(wrong("a type out of place"));
            }
            read.types.insert(name.into(), kind.into());
        } else {
            let sample = sample(line).ok_or_else(|| wrong("no sample"))?;
            let kind = read.types.get(&current).ok_or_else(|| wrong("a sample without a type"))?;
            let base = match kind.as_str() {
                "histogram" => {
                    ["_bucket", "_sum", "_count"].iter().find_map(|end| sample.0.strip_suffix(end))
                }
                _ => Some(sample.0.as_str()),
            };
            if base != Some(&current) {
                return Err(wrong("a sample of another metric"));
            }
            if !seen.insert((sample.0.clone(), sample.1.clone())) {
                return Err(wrong("a sample a second time"));
            }
            if kind == "counter" && !(sample.2 >= 0.0 && sample.2.is_finite()) {
                return Err(wrong("a counter below zero"));
            }
            read.samples.push(sample);
        }
    }
    histograms(&read)?;
    Ok(read)
}

/// Each histogram has buckets that only grow, one of which takes in all, and as many as its count says.
fn histograms(read: &Read) -> Result<(), String> {
    for (name, _) in read.types.iter().filter(|(_, kind)| *kind == "histogram") {
        let mut series: BTreeMap<BTreeMap<String, String>, Vec<(f64, f64)>> = BTreeMap::new();
        for (_, labels, number) in read.samples.iter().filter(|it| it.0 == format!("{name}_bucket")) {
            let mut labels = labels.clone();
            let le = labels.remove("le").ok_or_else(|| format!("{name}: a bucket without a bound"))?;
            let bound =
                if le == "+Inf" { f64::INFINITY } else { le.parse().map_err(|_| format!("{name}: {le}"))? };
            series.entry(labels).or_default().push((bound, *number));
        }
        for (labels, buckets) in series {
            let grows = buckets.windows(2).all(|two| two[0].0 < two[1].0 && two[0].1 <= two[1].1);
            let last = buckets.last().copied().unwrap_or_default();
            let named: Vec<(&str, &str)> =
                labels.iter().map(|(name, it)| (name.as_str(), it.as_str())).collect();
            if !grows || last.0 != f64::INFINITY || last.1 != read.sum(&format!("{name}_count"), &named) {
                return Err(format!("{name} {labels:?}: {buckets:?}"));
            }
        }
    }
    Ok(())
}

fn is_name(name: &str) -> bool {
    let first = |letter: char| letter.is_ascii_alphabetic() || letter == '_' || letter == ':';
    name.starts_with(first) && name.chars().all(|letter| first(letter) || letter.is_ascii_digit())
}

fn sample(line: &str) -> Option<Sample> {
    let (head, number) = line.rsplit_once(' ')?;
    let number = number.parse().ok()?;
    let Some((name, labels)) = head.split_once('{') else {
        return is_name(head).then(|| (head.to_owned(), BTreeMap::new(), number));
    };
    let mut rest = labels.strip_suffix('}')?;
    let mut found = BTreeMap::new();
    while !rest.is_empty() {
        let (label, quoted) = rest.split_once("=\"")?;
        if !is_name(label) || label.contains(':') {
            return None;
        }
        let (value, after) = unquoted(quoted)?;
        if found.insert(label.to_owned(), value).is_some() {
            return None;
        }
        rest = match after.strip_prefix(',') {
            Some(more) if !more.is_empty() => more,
            None if after.is_empty() => after,
            _ => return None,
        };
    }
    is_name(name).then(|| (name.to_owned(), found, number))
}

/// A text up to its closing quote, and what follows that.
fn unquoted(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut letters = text.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return Some((value, &text[at + 1..])),
            '\\' => match letters.next()?.1 {
                'n' => value.push('\n'),
                same @ ('\\' | '"') => value.push(same),
                _ => return None,
            },
            other => value.push(other),
        }
    }
    None
}

#[test]
fn what_is_wrong_is_refused() {
    let right = "# HELP a_seconds x\n# TYPE a_seconds histogram\na_seconds_bucket{le=\"1\"} 1\n\
        a_seconds_bucket{le=\"+Inf\"} 2\na_seconds_sum 3\na_seconds_count 2\n\
        # HELP b_total x\n# TYPE b_total counter\nb_total{c=\"d\\\"e\\n\"} 1\n";
    let found = read(right).unwrap();
    assert_eq!(found.samples.len(), 5);
    assert_eq!(found.sum("b_total", &[("c", "d\"e\n")]), 1.0);
    let broken = [
        ("} 2\n", "} 0\n"),
        ("_count 2", "_count 3"),
        ("{le=\"+Inf\"} 2", "{le=\"2\"} 2"),
        ("# TYPE b_total counter\n", ""),
        ("b_total{c=", "b_total{c-="),
        ("\\n\"}", "\"}\"}"),
        ("\"} 1\n", "\"} -1\n"),
        ("b_total{", "other{"),
        ("# HELP b_total", "# HELP a_seconds"),
    ];
    for (from, to) in broken {
        let at = right.rfind(from).unwrap_or_else(|| panic!("{from}"));
        let text = format!("{}{to}{}", &right[..at], &right[at + from.len()..]);
        assert!(read(&text).is_err(), "{from} => {to}");
    }
    assert!(read(right.trim_end()).is_err());
}
